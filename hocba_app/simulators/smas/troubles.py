"""Trouble in the data on demand: what happens in a school in mid-year, done to its live side. It is seen once submitted."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from hocba_app.simulators.smas.gradebook import Books
from hocba_app.simulators.smas.live import Live
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store

Trouble = Callable[[Live], list[tuple[str, str]]]


def strike(store: Store, kind: str, school: str) -> list[dict[str, str]]:
    """Make one trouble happen.

    Args:
        school: its code; "" where there is only one.

    Returns:
        What was changed: ``[{"resource", "id"}]``.

    Raises:
        Refused: no such school (404), or it has nothing left this could happen to (409).
    """
    codes = [row["code"] for row in store.all("select code from school order by code")]
    code = school or (codes[0] if len(codes) == 1 else "")
    if code not in codes:
        raise Refused.unknown("trường")
    with store.transaction():
        changed = KINDS[kind][1](Live(store, code))
    if not changed:
        raise Refused(409, {"error": "nothing_left", "message": "Không còn dữ liệu nào để thực hiện."})
    return [{"resource": resource, "id": identity} for resource, identity in changed]


def _nfd(live: Live) -> list[tuple[str, str]]:
    for key, data in live.store.records(live.code, "students").items():
        name = unicodedata.normalize("NFD", data["full_name"])
        if name != data["full_name"]:
            live.store.put(live.code, "students", key, {**data, "full_name": name})
            return [("students", key)]
    return []


def _missing_id(live: Live) -> list[tuple[str, str]]:
    for key, data in live.store.records(live.code, "students").items():
        if data["id_number"]:
            live.change("students", key, {"id_number": None})
            return [("students", key)]
    return []


def _class_renamed(live: Live) -> list[tuple[str, str]]:
    for key, data in live.store.records(live.code, "classes", live.year).items():
        live.change("classes", key, {"name": f"{data['name']} mới"[:60]})
        return [("classes", key)]
    return []


def _class_split(live: Live) -> list[tuple[str, str]]:
    sizes = [
        (-len(live.store.records(live.code, "enrolments", live.year, key)), key)
        for key in live.store.records(live.code, "classes", live.year)
    ]
    if not sizes or min(sizes)[0] > -2:
        return []
    old = min(sizes)[1]
    data = live.store.records(live.code, "classes", live.year)[old]
    name = f"{data['name'][:50]} tách"
    made = live.create("classes", {**data, "code": name, "name": name})["id"]
    changed = [("classes", made)]
    for row in live.store.records(live.code, "teaching_assignments", owner=old).values():
        changed.append(("teaching_assignments", live.create("teaching_assignments", {**row, "class_id": made})["id"]))
    enrolments = list(live.store.records(live.code, "enrolments", live.year, old))
    for key in enrolments[len(enrolments) // 2 :]:
        live.change("enrolments", key, {"class_id": made})
        changed.append(("enrolments", key))
    return changed


def _moved_in(live: Live) -> list[tuple[str, str]]:
    """A pupil in the first class, with no term I here."""
    for class_id, data in live.store.records(live.code, "classes", live.year).items():
        number = len(live.store.records(live.code, "students")) + 1
        first = int(live.year[:4])
        made = live.create("students", {
            "code": f"{live.code}CD{number:05d}", "full_name": "Thạch Thị Sa Rây", "birth_date": f"{first - data['grade'] - 5}-03-04", "sex": "Nữ",
            "ethnic_group": "Khmer", "admission_date": f"{first + 1}-01-12", "class_id": class_id,
        })["id"]  # fmt: skip
        return [("students", made), ("enrolments", f"{made}-{live.year}")]
    return []


def _moved_out(live: Live) -> list[tuple[str, str]]:
    for key, row in live.store.records(live.code, "enrolments", live.year).items():
        if row["status"] == "studying":
            day = f"{int(live.year[:4]) + 1}-03-02"
            note = f"Chuyển đi ngày {day[8:]}/{day[5:7]}/{day[:4]}"
            live.change("enrolments", key, {"status": "moved_out", "to_date": day, "note": note})
            return [("enrolments", key)]
    return []


def _missing_mark(live: Live) -> list[tuple[str, str]]:
    """Somebody's end-of-term mark of term I is gone, and with it the average."""
    books = Books(live.store, live.code)
    for key, result in live.store.records(live.code, "results", live.year).items():
        for row in result["subjects"].values():
            if row["marks"]["term1"]["final"] is not None:
                row["marks"]["term1"]["final"] = None
                books.write(key, result)
                return [("results", key)]
    return []


def _teacher_replaced(live: Live) -> list[tuple[str, str]]:
    people = {key for key, data in live.store.records(live.code, "staff").items() if data["status"] == "working"}
    taught = live.store.records(live.code, "teaching_assignments", live.year)
    for key, row in taught.items():
        here = {other["staff_id"] for other in taught.values() if other["class_id"] == row["class_id"]}
        if row["term"] == "year" and (others := sorted(people - here)):
            live.change("teaching_assignments", key, {"term": "I"})
            new = {**row, "term": "II", "staff_id": others[-1]}
            return [
                ("teaching_assignments", key),
                ("teaching_assignments", live.create("teaching_assignments", new)["id"]),
            ]
    return []


def _school_reorganised(live: Live) -> list[tuple[str, str]]:
    """A merger of communes: the code contains the commune's, the name and the tax code are other ones too."""
    ((key, data),) = live.store.records(live.code, "school").items()
    new = {
        "code": f"79{9 - int(data['code'][2])}{data['code'][3:]}",
        "name": f"{data['name']} 2",
        "tax_code": f"{data['tax_code'][:4]}{999_999 - int(data['tax_code'][4:]):06d}",
        "commune": "Xã Bình Minh",
    }
    live.store.put(live.code, "school", key, {**data, **new})
    return [("school", key)]


def _school_renamed(live: Live) -> list[tuple[str, str]]:
    ((key, data),) = live.store.records(live.code, "school").items()
    code = f"79{9 - int(data['code'][2])}{data['code'][3:]}"
    live.store.put(live.code, "school", key, {**data, "code": code, "name": f"{data['name']} mới"})
    return [("school", key)]


KINDS: dict[str, tuple[str, Trouble]] = {
    "nfd": ("a pupil's name comes decomposed (NFD)", _nfd),
    "missing_id": ("a pupil's personal id number is gone", _missing_id),
    "class_renamed": ("the first class has another name", _class_renamed),
    "class_split": ("half of the largest class moves to a new one", _class_split),
    "moved_in": ("a pupil has come in mid-year, without term I", _moved_in),
    "moved_out": ("a pupil has left in mid-year", _moved_out),
    "missing_mark": ("a mark of term I is missing", _missing_mark),
    "school_renamed": ("the school has another name and code", _school_renamed),
    "school_reorganised": ("the school has another name, code, tax code and commune", _school_reorganised),
    "teacher_replaced": ("another teacher takes a row in term II", _teacher_replaced),
}
