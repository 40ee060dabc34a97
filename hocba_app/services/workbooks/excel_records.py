"""A workbook's rows as records of the contract, laid over what is here already, so that they go the way synced data go.

People, classes and subjects are matched by code. A column the workbook lacks leaves its value as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from hocba_app.domain.identifiers import identifier_key, near_key
from hocba_app.domain.snapshot import PUPIL_DETAILS
from hocba_app.models import Enrolment, SchoolClass, Staff, Student, StudentResult, Subject, TeachingAssignment
from hocba_app.models.repositories import find
from hocba_app.models.repositories.membership import memberships_of_year
from hocba_app.services.sync.mapping import WORKBOOK_ID
from hocba_app.services.workbooks.near_matches import OTHER, SAME, WHAT, Asking, People, shown, somebody_else
from hocba_app.services.workbooks.pupil_matches import PupilFinder, name_rows
from hocba_app.services.workbooks.result_rows import lay_over, settle_completion, subject_row
from hocba_app.services.workbooks.sheet_rows import Entry, Rows
from hocba_app.services.workbooks.wide_columns import head_key
from hocba_app.services.workbooks.workbook_records import Records


def own_id(*parts: object) -> str:
    """The id of a record that only a workbook knows; the same for the same thing."""
    return WORKBOOK_ID + hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:40]


class RecordMaker:
    """Makes records of a workbook's rows.

    Args:
        session: of the school; only read.
        school_year: that classes, assignments and results belong to.
        answers: to questions asked before (:class:`near_matches.Question`).
    """

    def __init__(
        self, session: Session, rows: Rows, school_year: str, answers: Mapping[str, str] | None = None
    ) -> None:
        self._session, self._rows, self._year = session, rows, school_year
        self._asking = Asking(answers or {})
        self._left_out: set[tuple[str, int]] = set()
        self._made = Records()
        self._here: dict[str, dict[str, Any]] = {
            "staff": self._by_code(Staff),
            "subjects": self._by_code(Subject),
            "students": self._by_code(Student),
            "classes": {row.code: row for row in find.all_of(session, SchoolClass, school_year=school_year)},
        }
        self._source = {kind: {row.id: row.source_id for row in rows.values()} for kind, rows in self._here.items()}
        self._ids = {kind: {code: row.source_id for code, row in rows.items()} for kind, rows in self._here.items()}
        self._codes = {kind: {identifier_key(code): code for code in rows} for kind, rows in self._here.items()}
        self._near = {kind: {near_key(code): code for code in rows} for kind, rows in self._here.items()}
        self._named = {kind: _by_name(self._here[kind]) for kind in ("classes", "subjects")}
        self._people = {"staff": People(), "students": People()}
        for kind, people in self._people.items():
            for row in self._here[kind].values():
                people.add(row)
        self._regimes = {row.source_id: row.regime for row in self._here["classes"].values()}
        self._grades = {row.source_id: row.grade for row in self._here["classes"].values()}
        self._class_of: dict[str, str] = {}  # pupil's source id → class's, of this year

    def _by_code(self, model: Any) -> dict[str, Any]:
        # Of two with one code the active one counts.
        return {row.code: row for row in find.all_of(self._session, model, model.active, model.id)}

    def make(self) -> Records:
        """Everything, in the order of the sheets; what cannot be made is a problem of its cell."""
        self._compare_pupils()
        for key in ("staff", "classes", "subjects"):
            self._each(key, {"staff": self._staff, "classes": self._class, "subjects": self._subject}[key])
        self._enrolled = self._enrolments()
        self._name_pupils()
        self._each("students", self._student)
        self._circumstances()
        self._assignments()
        self._results()
        self._made.questions = list(self._asking.questions.values())
        self._made.apart = frozenset(self._asking.apart)
        return self._made

    def _compare_pupils(self) -> None:
        """Rows that only carry results: is the pupil of this code the one the row names?"""
        for entry in self._rows.pupils:
            if entry.values["student_code"] is None:
                continue
            row = self._here["students"].get(self._known_spelling("students", entry.values["student_code"]))
            if row is not None and somebody_else(row, entry.values):
                answer = self._owner("students", entry, row, "full_name")
                if answer != SAME:
                    self._left_out.add((entry.place.sheet, entry.place.row))

    def _name_pupils(self) -> None:
        """Rows without a code: whose they are, by name and date of birth; nobody is made of them."""
        here = self._here["students"]
        classes = {code: self._class_of.get(row.source_id, "") for code, row in here.items()}
        unnamed = name_rows(self._rows, PupilFinder(self._asking, classes, here.values()), self._class_called)
        self._left_out |= unnamed.left_out
        self._made.problems += unnamed.problems
        self._made.matched = unnamed.matched

    def _class_called(self, name: str) -> str | None:
        """The id of the class that is called so, by code or name, with or without the word "Lớp"."""
        for each in (name, name[4:] if name.casefold().startswith("lớp ") else ""):
            spelled = self._known_spelling("classes", each)
            found = self._ids["classes"].get(spelled) or self._ids["classes"].get(
                self._named["classes"].get(head_key(each), "")
            )
            if each and found:
                return found
        return None

    def _owner(self, kind: str, entry: Entry, row: Any, column: str) -> str:
        name = str(entry.values["full_name"])
        return self._asking.answer("owner", kind, entry, column, f"{row.code} {name}", shown(row), said=name)

    def _each(self, key: str, build: Any) -> None:
        """Rows with a code of their own; a code may come once."""
        first: dict[str, int] = {}
        for entry in self._rows.of.get(key, []):
            if not entry.values.get("code"):
                continue
            if (code := self._whose(key, entry)) is None:
                continue
            entry.values["code"] = code
            self._codes[key].setdefault(identifier_key(code), code)
            if code in first:
                self._made.problems.append(entry.place.problem("code", f"mã này đã có ở dòng {first[code]}"))
                continue
            first[code] = entry.place.row
            row = self._here[key].get(code)
            identity = row.source_id if row is not None else own_id(key, code, self._year if key == "classes" else "")
            self._ids[key][code] = identity
            data = build(entry, row, identity)
            self._made.add(key, identity, _next(row), data, entry.place)

    def _whose(self, key: str, entry: Entry) -> str | None:
        """The code of whom a row is about; None when somebody has to say it first, or said that the row does not count."""
        code = self._known_spelling(key, entry.values["code"])
        row = self._here[key].get(code)
        people = self._people.get(key)
        if row is not None:
            if people is None or not somebody_else(row, entry.values):
                return code
            return code if self._owner(key, entry, row, "full_name") == SAME else None
        if (other := self._near[key].setdefault(near_key(code), code)) != code:
            answer = self._asking.answer("code", key, entry, "code", code, other)
            return {SAME: other, OTHER: code}.get(answer)
        twin = people.twin(entry.values) if people is not None else None
        if twin is None:
            return code
        answer = self._asking.answer("person", key, entry, "code", code, shown(twin[0]), shared=twin[1])
        return {SAME: twin[0].code, OTHER: code}.get(answer)

    def _known_spelling(self, kind: str, code: str) -> str:
        """The code as it is known here: one that differs by case or by what nobody sees is not another."""
        return code if code in self._here[kind] else self._codes[kind].get(identifier_key(code), code)

    def _reference(self, kind: str, entry: Entry, key: str) -> str | None:
        code = entry.values.get(key)
        if code is None:
            return None
        spelled = self._known_spelling(kind, code)
        if spelled not in self._ids[kind]:
            spelled = self._named.get(kind, {}).get(_name_key(code), spelled)
        if (found := self._ids[kind].get(spelled)) is not None:
            return found
        if other := self._near[kind].get(near_key(code)):
            answer = self._asking.answer("code", kind, entry, key, code, other)
            if answer != OTHER:
                return self._ids[kind].get(other) if answer == SAME else None
        self._made.problems.append(
            entry.place.problem(key, f"không có {WHAT[kind]} nào có mã hoặc tên này", "unknown_code")
        )
        return None

    def _staff(self, entry: Entry, row: Staff | None, _identity: str) -> dict[str, Any]:
        kept = ("code", "full_name", "id_number", "old_id_number", "position", "email", "phone")
        base = {key: getattr(row, key) for key in kept} if row is not None else {}
        base["status"] = "working" if row is None or row.active else "left"
        return base | {key: value for key, value in entry.values.items() if not (key == "status" and value is None)}

    def _class(self, entry: Entry, row: SchoolClass | None, identity: str) -> dict[str, Any]:
        data = {key: value for key, value in entry.values.items() if key != "homeroom_code"} | {
            "school_year": self._year
        }
        if "homeroom_code" in entry.values:
            data["homeroom_staff_id"] = self._reference("staff", entry, "homeroom_code")
        elif row is not None and row.homeroom_staff_id:
            data["homeroom_staff_id"] = self._source["staff"].get(row.homeroom_staff_id)
        self._regimes[identity] = str(data.get("regime"))
        self._grades[identity] = data.get("grade")
        return data

    def _subject(self, entry: Entry, row: Subject | None, _identity: str) -> dict[str, Any]:
        given = {key: value for key, value in entry.values.items() if value is not None}
        return {"order": row.position if row is not None else 0} | given

    def _enrolments(self) -> dict[str, list[Enrolment]]:
        found: dict[str, list[Enrolment]] = {}
        classes = self._source["classes"]
        for row in find.all_of(self._session, Enrolment, school_year=self._year, active=True):
            found.setdefault(row.student_id, []).append(row)
        for student_id, place in memberships_of_year(self._session, self._year).items():
            if place.class_id in classes and (student := self._source["students"].get(student_id)):
                self._class_of[student] = classes[place.class_id]
        return found

    def _student(self, entry: Entry, row: Student | None, identity: str) -> dict[str, Any]:
        kept = ("code", "full_name", "birth_date", "sex", "id_number", "photo_sha256")
        base = (
            {key: getattr(row, key) for key in kept} | {key: row.details.get(key) for key in PUPIL_DETAILS}
            if row is not None
            else {}
        )
        if (class_id := self._reference("classes", entry, "class_code")) is not None:
            self._enrol(entry, row, identity, class_id)
        return base | {key: value for key, value in entry.values.items() if key not in ("class_code", "status")}

    def _enrol(self, entry: Entry, student: Student | None, identity: str, class_id: str) -> None:
        """One place in one class: who is in another class of the year is moved, his record of it stays one."""
        rows = self._enrolled.get(student.id, []) if student is not None else []
        classes = self._source["classes"]
        row = next((row for row in rows if classes.get(row.class_id) == class_id), None)
        row = row or next((row for row in rows if row.status in ("studying", "moved_in")), None)
        status = entry.values.get("status") or (row.status if row is not None else "studying")
        data = {
            "student_id": identity,
            "class_id": class_id,
            "school_year": self._year,
            "status": status,
            "from_date": row.from_date if row else None,
            "to_date": row.to_date if row else None,
            "note": row.note if row else None,
            "circumstances": row.circumstances if row else None,
        }
        self._class_of[identity] = class_id
        own = row.source_id if row is not None else own_id("enrolment", identity, self._year)
        self._made.add("enrolments", own, _next(row), data, entry.place)

    def _circumstances(self) -> None:
        """The sheet says all exceptions of each pupil it names; of pupils it does not name nothing changes."""
        listed: dict[str, list[dict[str, Any]]] = {}
        first: dict[str, Entry] = {}
        for entry in self._rows.of.get("circumstances", []):
            if (student := self._reference("students", entry, "student_code")) is not None:
                first.setdefault(student, entry)
                given = {key: value for key, value in entry.values.items() if key != "student_code" and value}
                listed.setdefault(student, []).append(given)
        made = {record["data"]["student_id"]: record["data"] for record in self._made.of.get("enrolments", [])}
        students = self._source["students"]
        here = {students.get(id): rows for id, rows in self._enrolled.items()}
        for student, found in listed.items():
            if student in made:
                made[student]["circumstances"] = found
            elif rows := here.get(student):
                row = max(rows, key=lambda row: (row.status in ("studying", "moved_in"), row.from_date or ""))
                kept = {key: getattr(row, key) for key in ("school_year", "status", "from_date", "to_date", "note")}
                class_id = self._source["classes"].get(row.class_id)
                data = {"student_id": student, "class_id": class_id, **kept, "circumstances": found}
                self._made.add("enrolments", row.source_id, _next(row), data, first[student].place)
            else:
                text = "học sinh chưa được xếp lớp trong năm học này"
                self._made.problems.append(first[student].place.problem("student_code", text))

    def _assignments(self) -> None:
        """One teacher per class, subject, term and place: another teacher there replaces the one before."""
        here: dict[tuple[str | None, ...], TeachingAssignment] = {}
        for row in find.all_of(self._session, TeachingAssignment, active=True):
            where = self._source["classes"].get(row.class_id), self._source["subjects"].get(row.subject_id)
            here[(*where, row.term, str(row.position))] = row
        seen: dict[tuple[str | None, ...], int] = {}
        for entry in self._rows.of.get("teaching_assignments", []):
            class_id, subject_id = (
                self._reference("classes", entry, "class_code"),
                self._reference("subjects", entry, "subject_code"),
            )
            staff_id = self._reference("staff", entry, "staff_code")
            if not (class_id and subject_id and staff_id):
                continue
            term, position = entry.values.get("term") or "year", entry.values.get("position") or 1
            key = (class_id, subject_id, term, str(position))
            if key in seen:
                self._made.problems.append(
                    entry.place.problem(
                        "staff_code", f"trùng với dòng {seen[key]}; nếu nhiều giáo viên dạy chung, hãy ghi Thứ tự"
                    )
                )
                continue
            seen[key] = entry.place.row
            known = here.get(key)
            data = {
                "class_id": class_id,
                "subject_id": subject_id,
                "staff_id": staff_id,
                "term": term,
                "position": position,
            }
            self._made.add(
                "teaching_assignments",
                known.source_id if known is not None else own_id("assignment", *key),
                _next(known),
                data,
                entry.place,
            )

    def _results(self) -> None:
        """One record a pupil, from his rows in both sheets."""
        of_pupil: dict[str, list[tuple[str, Entry]]] = {}
        for key in ("results", "subject_results"):
            for entry in self._rows.of.get(key, []):
                if (entry.place.sheet, entry.place.row) in self._left_out:
                    continue
                if (student := self._reference("students", entry, "student_code")) is not None:
                    of_pupil.setdefault(student, []).append((key, entry))
        if not of_pupil:
            return
        students = self._source["students"]
        here = {
            students.get(row.student_id): row
            for row in find.all_of(self._session, StudentResult, school_year=self._year)
        }
        for student, entries in of_pupil.items():
            self._result(student, entries, here.get(student))

    def _result(self, student: str, entries: list[tuple[str, Entry]], row: StudentResult | None) -> None:
        place = entries[0][1].place
        class_id = self._source["classes"].get(row.class_id) if row is not None else self._class_of.get(student)
        if class_id is None:
            self._made.problems.append(place.problem("student_code", "học sinh chưa được xếp lớp trong năm học này"))
            return
        identity = row.source_id if row is not None else own_id("result", student, self._year)
        data: dict[str, Any] = {"regime": self._regimes.get(class_id), "subjects": []}
        if row is not None:
            # A copy as deep as what is laid over: the row itself must not change before it is written.
            codes = self._ids["subjects"]
            data = row.payload | {
                "subjects": [
                    entry | {"subject_id": codes.get(entry["subject_code"], entry["subject_code"])}
                    for entry in row.payload["subjects"]
                ]
            }
        data |= {"student_id": student, "class_id": class_id, "school_year": self._year}
        seen: dict[str, int] = {}
        for key, entry in entries:
            if key == "results":
                if "summary" in seen:
                    self._made.problems.append(
                        entry.place.problem("student_code", f"học sinh này đã có ở dòng {seen['summary']}")
                    )
                seen["summary"] = entry.place.row
                self._made.problems += settle_completion(entry, self._grades.get(class_id))
                lay_over(data, entry.values)
            elif (subject := self._reference("subjects", entry, "subject_code")) is not None:
                if subject in seen:
                    self._made.problems.append(
                        entry.place.problem("subject_code", f"môn này của học sinh đã có ở dòng {seen[subject]}")
                    )
                seen[subject] = entry.place.row
                self._made.subject_at(identity, subject_row(data["subjects"], subject, entry.values), entry.place)
        self._made.add("results", identity, _next(row), data, place)


def _by_name(rows: Mapping[str, Any]) -> dict[str, str]:
    """Names that one row alone has → its code: forms name subjects and classes as people do."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for code, row in rows.items():
        name = _name_key(row.name)
        (twice.add if name in found and found[name] != code else lambda _: None)(name)
        found[name] = code
    return {name: code for name, code in found.items() if name not in twice}


def _name_key(name: str) -> str:
    """ "Lớp 6A1" is called 6A1."""
    return head_key(name).removeprefix("lop ")


def _next(row: Any) -> int:
    return row.source_version + 1 if row is not None else 1
