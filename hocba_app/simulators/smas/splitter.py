"""A school of SMAS becomes two: one of its levels goes to a new school under the ids its records have (simulator only)."""

from __future__ import annotations

import secrets
from typing import Any

from hocba_app.simulators.smas.generation.curriculum import GRADES
from hocba_app.simulators.smas.generation.people import SCHOOL_NAMES
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.spec import LEVELS
from hocba_app.simulators.smas.store import Store


def split(store: Store, values: Any) -> dict[str, Any]:
    """``{"from": code, "into": a new code, "level": one of several it teaches}``: the classes of that level of the year at hand go with
    their pupils, and with whoever teaches there and nowhere else; a vice-principal leads the new school.

    Returns:
        ``left`` (what the school still teaches), ``classes`` (names of those that go), ``staff`` and ``stay`` (codes of who goes, and of
        who teaches on both sides and stays).

    Raises:
        Refused: no such school, the code is taken, or the school does not teach that level among others.
    """
    values = values if isinstance(values, dict) else {}
    old, new, level = (str(values.get(key) or "") for key in ("from", "into", "level"))
    source = store.school(old)
    if source is None:
        raise Refused.unknown("trường")
    left = "+".join(each for each in source["level"].split("+") if each != level)
    if level not in source["level"].split("+") or left not in LEVELS:
        raise Refused.field("level", "unknown", "Trường không dạy cấp này, hoặc không còn cấp nào liền nhau.")
    if not new.isdigit() or store.school(new) is not None:
        raise Refused.field("into", "duplicate", "Mã trường mới không phải số, hoặc đã có.")
    with store.transaction():
        return _Split(store, source, new, level, left).done()


class _Split:
    def __init__(self, store: Store, source: dict[str, Any], new: str, level: str, left: str) -> None:
        self._store, self._source, self._new, self._level, self._left = store, source, new, level, left
        self._old, year = source["code"], source["school_year"]
        self._classes = store.records(self._old, "classes")
        self._going = {
            key for key, row in self._classes.items() if row["grade"] in GRADES[level] and row["school_year"] == year
        }
        lists = store.records(self._old, "enrolments", year).values()
        self._pupils = {row["student_id"] for row in lists if row["class_id"] in self._going}
        self._staff = store.records(self._old, "staff")
        at: dict[str, set[str]] = {}
        for key, row in self._classes.items():
            if row["school_year"] == year and row["homeroom_staff_id"]:
                at.setdefault(row["homeroom_staff_id"], set()).add(key)
        for row in store.records(self._old, "teaching_assignments", year).values():
            at.setdefault(row["staff_id"], set()).add(row["class_id"])
        self._both = sorted(key for key, where in at.items() if where & self._going and where - self._going)
        self._head = next(key for key, row in self._staff.items() if row["position"] == "vice_principal")
        self._goes = [self._head, *sorted(key for key, where in at.items() if where <= self._going)]

    def done(self) -> dict[str, Any]:
        self._found()
        for key, row in self._store.records(self._old, "subjects").items():
            self._store.put(self._new, "subjects", key, row)
        for key in self._goes:
            post = {"position": "principal"} if key == self._head else {}
            self._move("staff", key, self._staff[key] | post)
        self._classes_and_pupils()
        self._store.run("update school set level = ? where code = ?", self._left, self._old)
        ((key, school),) = self._store.records(self._old, "school").items()
        self._store.put(self._old, "school", key, {**school, "level": self._left})
        return {
            "left": self._left,
            "classes": [self._classes[key]["name"] for key in sorted(self._going)],
            "staff": [self._staff[key]["code"] for key in self._goes],
            "stay": [self._staff[key]["code"] for key in self._both],
        }

    def _found(self) -> None:
        """The new school, with a name, a tax code and credentials of its own."""
        name, tax_code = SCHOOL_NAMES[self._level].format("Tân Lập"), f"04{int(self._new[-8:]):08d}"
        self._store.run(
            "insert into school values (?,?,?,?,?,?,?,?,?)", self._new, name, self._level, tax_code,
            self._source["school_year"], self._source["moment"],
            f"school-{self._new}", secrets.token_urlsafe(24), secrets.token_urlsafe(9),
        )  # fmt: skip
        ((_, school),) = self._store.records(self._old, "school").items()
        own = {"code": self._new, "name": name, "level": self._level, "tax_code": tax_code}
        self._store.put(self._new, "school", self._new, {**school, **own, "principal_staff_id": self._head})

    def _classes_and_pupils(self) -> None:
        """Classes with a homeroom teacher who stays get the new head: he is who is there."""
        for key in sorted(self._going):
            row = self._classes[key]
            there = row["homeroom_staff_id"] in self._goes
            self._move("classes", key, row if there else {**row, "homeroom_staff_id": self._head})
        for key, row in self._store.records(self._old, "students").items():
            if key in self._pupils:
                self._move("students", key, row)
                if digest := row.get("photo_sha256"):
                    query = "update photo set school = ? where school = ? and sha256 = ?"
                    self._store.run(query, self._new, self._old, digest)
        for resource in ("enrolments", "results", "history"):
            for key, row in self._store.records(self._old, resource).items():
                if row["student_id"] in self._pupils:
                    self._move(resource, key, row)
        for key, row in self._store.records(self._old, "teaching_assignments").items():
            if row["class_id"] in self._going:
                self._store.remove(self._old, "teaching_assignments", key)
                if row["staff_id"] in self._goes:
                    self._store.put(self._new, "teaching_assignments", key, row)

    def _move(self, resource: str, identity: str, data: dict[str, Any]) -> None:
        self._store.remove(self._old, resource, identity)
        self._store.put(self._new, resource, identity, data)
