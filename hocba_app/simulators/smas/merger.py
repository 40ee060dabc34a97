"""Two schools of SMAS become one: what the one that ends has goes to the other, under the ids it has (simulator only)."""

from __future__ import annotations

from typing import Any

from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.spec import LEVELS
from hocba_app.simulators.smas.store import Store

_NAMES = {
    "primary+lower_secondary": "Trường Tiểu học và THCS {}",
    "lower_secondary+upper_secondary": "Trường THCS và THPT {}",
    "primary+lower_secondary+upper_secondary": "Trường Tiểu học, THCS và THPT {}",
}


def merge(store: Store, values: Any) -> dict[str, str]:
    """``{"from": code, "into": code}``: staff, classes, pupils, results, history; subjects of one code become one.

    Returns:
        ``code``, ``name`` and ``level`` of the school that stays.

    Raises:
        Refused: no such schools, or levels that do not go together.
    """
    values = values if isinstance(values, dict) else {}
    old, new = str(values.get("from") or ""), str(values.get("into") or "")
    source, target = store.school(old), store.school(new)
    if source is None or target is None or old == new:
        raise Refused.unknown("trường")
    taught = {*source["level"].split("+"), *target["level"].split("+")}
    level = "+".join(each for each in ("primary", "lower_secondary", "upper_secondary") if each in taught)
    if level not in LEVELS:
        raise Refused.field("into", "unknown", "Hai trường không cùng cấp hoặc liền cấp.")
    with store.transaction():
        same = _subjects(store, old, new)
        codes = {row["code"] for row in store.records(new, "staff").values()}
        for key, data in store.records(old, "staff").items():
            code = f"{old}-{data['code']}" if data["code"] in codes else data["code"]
            left = {"principal": "vice_principal"}.get(data["position"], data["position"])
            store.put(new, "staff", key, {**data, "code": code, "position": left})
        for resource in ("classes", "students", "enrolments", "history"):
            for key, data in store.records(old, resource).items():
                store.put(new, resource, key, data)
        for key, data in store.records(old, "teaching_assignments").items():
            store.put(
                new,
                "teaching_assignments",
                key,
                {**data, "subject_id": same.get(data["subject_id"], data["subject_id"])},
            )
        for key, data in store.records(old, "results").items():
            subjects = {same.get(subject, subject): row for subject, row in data["subjects"].items()}
            store.put(new, "results", key, {**data, "subjects": subjects})
        store.run(
            "update photo set school = ? where school = ? and sha256 not in (select sha256 from photo where school = ?)",
            new,
            old,
            new,
        )
        store.run("delete from live where school = ? and resource <> 'school'", old)
        ((key, school),) = store.records(new, "school").items()
        name = _NAMES.get(level, "{}").format(
            school["name"].rpartition("THCS ")[2].rpartition("THPT ")[2].rpartition("Tiểu học ")[2]
        )
        name = name if "+" in level else school["name"]
        store.put(new, "school", key, {**school, "level": level, "name": name})
        store.run("update school set level = ?, name = ? where code = ?", level, name, new)
    return {"code": new, "name": name, "level": level}


def _subjects(store: Store, old: str, new: str) -> dict[str, str]:
    """Ids of the subjects both schools have: those of the one that ends, to those of the one that stays."""
    ours = {data["code"]: (key, data) for key, data in store.records(new, "subjects").items()}
    same: dict[str, str] = {}
    for key, data in store.records(old, "subjects").items():
        if data["code"] not in ours:
            store.put(new, "subjects", key, data)
            continue
        own_key, own = ours[data["code"]]
        periods = {str(grade): own["periods_per_year"] for grade in own["grades"]} | own["periods_by_grade"]
        periods |= {str(grade): data["periods_per_year"] for grade in data["grades"]} | data["periods_by_grade"]
        grades = sorted({*own["grades"], *data["grades"]})
        store.put(new, "subjects", own_key, {**own, "grades": grades, "periods_by_grade": periods})
        same[key] = own_key
    return same
