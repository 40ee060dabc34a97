"""Around the turn of a year: declare and roll over (kết chuyển), register numbers, comment templates, staff passwords."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from hocba_app.simulators.smas.generation.curriculum import GRADES
from hocba_app.simulators.smas.gradebook import Books, as_kept
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules.regimes import regime
from hocba_app.simulators.smas.store import Store


def _text(values: Any, name: str) -> str:
    value = values.get(name) if isinstance(values, dict) else None
    if not isinstance(value, str) or not value:
        raise Refused.field(name, "required", "Thiếu mục này.")
    return value


def next_year(year: str) -> str:
    """The school year after one."""
    first = int(year[:4]) + 1
    return f"{first}-{first + 1}"


def known(store: Store, code: str) -> dict[str, Any]:
    """The school years there are classes of, and the one that is worked on."""
    current = (store.school(code) or {})["school_year"]
    found = {data["school_year"] for data in store.records(code, "classes").values()} | {current}
    return {"items": sorted(found), "current": current}


def declare(store: Store, code: str, values: Any) -> dict[str, Any]:
    """Declare the next school year; with ``roll_over`` classes and pupils are carried on from the one that ends.

    Promoted pupils go up with their class, those who stay down join a class of their grade, the last grade leaves. The
    year that ends becomes a row of each pupil's history. Teaching is assigned anew.

    Returns:
        ``school_year``, counts of ``classes`` and ``students`` carried on, ``graduated``, and ``undecided``: pupils whose
        promotion is not known yet, who are not carried on.

    Raises:
        Refused: it is not the year that follows (422).
    """
    year, school = _text(values, "school_year"), store.school(code) or {}
    old = school["school_year"]
    if year != next_year(old):
        raise Refused.field("school_year", "unknown", f"Năm học kế tiếp là {next_year(old)}.")
    with store.transaction():
        answer: dict[str, Any] = {"school_year": year, "classes": 0, "students": 0, "graduated": 0, "undecided": []}
        if values.get("roll_over") is True:
            _roll_over(store, code, school["level"], old, year, answer)
        store.run("update school set school_year = ? where code = ?", year, code)
    return answer


def _roll_over(store: Store, code: str, level: str, old: str, year: str, answer: dict[str, Any]) -> None:
    grades = GRADES[level]
    before = store.records(code, "classes", old)
    goes_to: dict[str, str] = {}
    by_grade: dict[int, str] = {}
    for key, data in before.items():
        grade = data["grade"] + 1 if data["grade"] < grades[-1] else grades[0]
        letter = data["name"].removeprefix(str(data["grade"]))
        identity = f"{code}-{year[:4]}-{grade}{letter}".replace(" ", "-")
        store.put(code, "classes", identity, {
            "code": f"{grade}{letter}", "name": f"{grade}{letter}", "grade": grade,
            "regime": regime(grade, int(year[:4]), centre=data["regime"] == "TT43"), "school_year": year,
            "homeroom_staff_id": data["homeroom_staff_id"],
        })  # fmt: skip
        goes_to[key] = identity
        by_grade.setdefault(grade, identity)
        answer["classes"] += 1
    school = next(iter(store.records(code, "school").values()))
    subjects = Books(store, code).subjects()
    results = {data["student_id"]: as_kept(data, subjects) for data in store.records(code, "results", old).values()}
    for enrolment in store.records(code, "enrolments", old).values():
        student, old_class = enrolment["student_id"], before[enrolment["class_id"]]
        left = enrolment["status"] in ("moved_out", "left")
        outcome = "moved" if left else (results.get(student) or {}).get("promotion")
        if outcome not in ("promoted", "retained", "moved"):
            answer["undecided"].append(student)
            continue
        store.put(code, "history", f"{student}-{old[:4]}", {
            "student_id": student, "school_year": old, "class_name": old_class["name"], "grade": old_class["grade"],
            "school_name": school["name"],
            "commune": school["commune"], "province": school["province"], "outcome": outcome, "note": enrolment["note"],
        })  # fmt: skip
        if left:
            continue
        if outcome == "promoted" and old_class["grade"] == grades[-1]:
            answer["graduated"] += 1
            continue
        class_id = goes_to[enrolment["class_id"]] if outcome == "promoted" else by_grade.get(old_class["grade"])
        if class_id is None:
            answer["undecided"].append(student)
            continue
        store.put(code, "enrolments", f"{student}-{year}", {
            "student_id": student, "class_id": class_id, "school_year": year, "status": "studying",
            "from_date": f"{year[:4]}-09-05", "to_date": None,
            "note": "Học lại" if outcome == "retained" else None,
        })  # fmt: skip
        answer["students"] += 1


def number_register(store: Store, code: str, values: Any) -> dict[str, Any]:
    """Give register numbers (số đăng bộ) "0123/2025" to the pupils who have none, on from ``start``.

    Args:
        values: ``start``, ``class_id`` (optional).

    Raises:
        Refused: start is no number.
    """
    values = values if isinstance(values, dict) else {}
    start, class_id = values.get("start", 1), values.get("class_id")
    if type(start) is not int or not 1 <= start <= 99_999:
        raise Refused.field("start", "out_of_range", "Số bắt đầu từ 1 đến 99999.")
    year = (store.school(code) or {})["school_year"]
    with store.transaction():
        students = store.records(code, "students")
        taken = {data.get("register_number") for data in students.values()}
        given: dict[str, str] = {}
        for enrolment in store.records(
            code, "enrolments", year, class_id if isinstance(class_id, str) else ""
        ).values():
            key = enrolment["student_id"]
            if students[key].get("register_number") or key in given:
                continue
            while (number := f"{start:04d}/{year[:4]}") in taken:
                start += 1
            taken.add(number)
            given[key] = number
            store.put(code, "students", key, {**students[key], "register_number": number})
    return {"given": given}


def apply_templates(store: Store, code: str, values: Any) -> dict[str, Any]:
    """Write the homeroom comments a class lacks, from the templates for each pupil's learning result of the year.

    Args:
        values: ``class_id``, ``overwrite``.

    Raises:
        Refused: no such class, or no templates yet.
    """
    class_id = _text(values, "class_id")
    if store.record(code, "classes", class_id) is None:
        raise Refused.field("class_id", "unknown", "Không có lớp này.")
    templates: dict[str, list[str]] = {}
    for data in store.records(code, "comment_templates").values():
        templates.setdefault(data["learning"] or "", []).append(data["text"])
    if not templates:
        raise Refused.field("class_id", "no_templates", "Chưa có mẫu nhận xét nào.")
    written = 0
    with store.transaction():
        books = Books(store, code)
        for place, (key, result) in enumerate(store.records(code, "results", owner=class_id).items()):
            choices = templates.get(result["learning"]["year"] or "-") or templates.get("")
            if choices and (values.get("overwrite") is True or not result["homeroom_comment"]):
                result["homeroom_comment"] = choices[place % len(choices)]
                books.write(key, result)
                written += 1
    return {"written": written}


def reset_password(store: Store, code: str, staff_id: str) -> dict[str, str]:
    """A new password for a staff member's SMAS account; the old one ends.

    Raises:
        Refused: no such person, or he has left.
    """
    person = store.record(code, "staff", staff_id)
    if person is None:
        raise Refused.unknown("cán bộ")
    if person["status"] == "left":
        raise Refused(409, {"error": "left", "message": "Người này đã thôi làm việc."})
    password, salt = secrets.token_urlsafe(9), secrets.token_bytes(16)
    store.run("insert or replace into account values (?,?,?,?)", code, staff_id, salt, _hash(password, salt))
    return {"username": person["code"], "password": password}


def log_in(store: Store, code: str, username: str, password: str) -> str | None:
    """Who logs in to the console: "" the school's administrator, a staff id, or None where it is nobody."""
    school = store.school(code)
    if school is None:
        return None
    if username == "admin":
        return "" if hmac.compare_digest(school["password"].encode(), password.encode()) else None
    for key, person in store.records(code, "staff").items():
        if person["code"] == username and person["status"] == "working":
            account = store.one("select salt, hash from account where school = ? and staff_id = ?", code, key)
            if account and hmac.compare_digest(account["hash"], _hash(password, account["salt"])):
                return key
    return None


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
