"""The course of a generated year: reveals on the live side what the school has entered by a moment."""

from __future__ import annotations

import json
from typing import Any

from hocba_app.simulators.smas import gradebook
from hocba_app.simulators.smas.generation.year import generate
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.spec import MOMENTS, SchoolSpec
from hocba_app.simulators.smas.store import Store


def ensure_school(store: Store, spec: SchoolSpec) -> None:
    """Generate a school that is not there yet, and bring it to its first moment; one that is there stays as it is."""
    if store.school(spec.code) is None:
        store.add_school(spec, generate(spec))
        move_to(store, spec.code, spec.moment)


def move_to(store: Store, code: str, moment: str) -> str:
    """Reveal everything up to a moment.

    Returns:
        The moment it now is.

    Raises:
        Refused: no such school or moment (404, 422), or the moment is past (409).
    """
    school = store.school(code)
    if school is None:
        raise Refused.unknown("school")
    if moment not in MOMENTS:
        raise Refused.field("moment", "unknown", f"Thời điểm là một trong {', '.join(MOMENTS)}.")
    reached = MOMENTS.index(school["moment"]) if school["moment"] else -1
    if MOMENTS.index(moment) < reached:
        raise Refused(409, {"error": "past", "message": "Thời gian không quay lại.", "moment": school["moment"]})
    with store.transaction():
        for step in MOMENTS[reached + 1 : MOMENTS.index(moment) + 1]:
            _reveal(store, code, step)
        store.run("update school set moment = ? where code = ?", moment, code)
    return moment


def _reveal(store: Store, code: str, moment: str) -> None:
    books = gradebook.Books(store, code)
    rows = store.all(
        "select resource, id, data from script where school = ? and moment = ? order by place", code, moment
    )
    for row in rows:
        resource, identity, values = row["resource"], row["id"], json.loads(row["data"])
        if resource == "results":
            reveal_result(store, code, books, identity, values)
        else:
            # What somebody deleted stays deleted: a change is no reason to bring half a record back.
            current = store.record(code, resource, identity)
            if current is not None or _whole(resource, values):
                store.put(code, resource, identity, merged(current or {}, values))


def reveal_result(store: Store, code: str, books: gradebook.Books, identity: str, values: dict[str, Any]) -> None:
    """What is entered in a result; a pupil, class or subject that somebody has taken away since is left alone."""
    result = store.record(code, "results", identity)
    subjects = {
        key: row
        for key, row in values.get("subjects", {}).items()
        if key in (result["subjects"] if result else books.subjects())
    }
    if result is None:
        if "class_id" not in values or store.record(code, "classes", values["class_id"]) is None:
            return
        if store.record(code, "enrolments", identity) is None:
            return
        result = books.empty(values["student_id"], values["class_id"], values["school_year"], list(subjects))
    elif "class_id" in values and store.record(code, "classes", values["class_id"]) is None:
        values = {key: value for key, value in values.items() if key != "class_id"}
    books.write(identity, merged(result, {**values, "subjects": subjects}))


def _whole(resource: str, values: dict[str, Any]) -> bool:
    return {"enrolments": "student_id", "classes": "code"}.get(resource, next(iter(values))) in values


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """New values over old, dictionaries level by level."""
    out = dict(old)
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict) and key != "wrong":
            out[key] = merged(out[key], value)
        else:
            out[key] = value
    return out
