"""Results: writing marks, comments and decisions, and computing again whatever follows from them."""

from __future__ import annotations

from typing import Any

from hocba_app.simulators.smas import entry
from hocba_app.simulators.smas.generation.curriculum import LAST_GRADES
from hocba_app.simulators.smas.generation.marks import empty_result
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules.regimes import COMPUTE
from hocba_app.simulators.smas.store import Store

TERMS = {"I": "term1", "II": "term2"}
BY_HAND_NOTE = "Điểm trung bình học kì do nhà trường nhập từ hồ sơ chuyển đến"
_MAX_LENGTH = 1000


BY_PLAN = ("disability_not_assessed", "disability_own_plan")
"""Whose levels may be open at the year's end: somebody decides what becomes of them."""


class Books:
    """The results of one school.

    Args:
        store: where they are.
        code: of the school.
    """

    def __init__(self, store: Store, code: str) -> None:
        self._store, self._code = store, code
        self._subjects: dict[str, dict[str, Any]] = {}
        self._classes: dict[str, dict[str, Any]] = {}

    def subjects(self) -> dict[str, dict[str, Any]]:
        """Subjects by id in the order of the form."""
        if not self._subjects:
            found = self._store.records(self._code, "subjects")
            self._subjects = dict(sorted(found.items(), key=lambda item: (item[1]["order"], item[0])))
        return self._subjects

    def school_class(self, class_id: str) -> dict[str, Any]:
        """A class.

        Raises:
            Refused: there is none.
        """
        if class_id not in self._classes:
            found = self._store.record(self._code, "classes", class_id)
            if found is None:
                raise Refused.field("class_id", "unknown", "Không có lớp này.")
            self._classes[class_id] = found
        return self._classes[class_id]

    def empty(self, student_id: str, class_id: str, year: str, subject_ids: list[str] | None = None) -> dict[str, Any]:
        """A result nothing has been entered in: a row for each subject named, or taught in the class."""
        school_class = self.school_class(class_id)
        if subject_ids is None:
            taught = {
                row["subject_id"]
                for row in self._store.records(self._code, "teaching_assignments", owner=class_id).values()
            }
            grade = school_class["grade"]
            subject_ids = [
                key
                for key, subject in self.subjects().items()
                if (key in taught if taught else grade in subject["grades"])
            ]
        return empty_result(student_id, class_id, year, school_class["regime"], subject_ids, school_class["grade"])

    def write(self, identity: str, result: dict[str, Any]) -> dict[str, Any]:
        """Compute a result again and keep it."""
        last_grade = self.school_class(result["class_id"])["grade"] in LAST_GRADES
        self._excepted(identity, result)
        COMPUTE[result["regime"]](result, self.subjects(), last_grade=last_grade)
        self._store.put(self._code, "results", identity, result)
        return result

    def _excepted(self, identity: str, result: dict[str, Any]) -> None:
        """What the pupil's place in the year says of subjects he is exempt from, and of who is not assessed as the others."""
        flags = (self._store.record(self._code, "enrolments", identity) or {}).get("circumstances") or []
        exempt = {code for flag in flags for code in flag.get("subjects") or ()}
        result["by_plan"] = any(flag["kind"] in BY_PLAN for flag in flags)
        for key, row in result["subjects"].items():
            row["exempt"] = self.subjects()[key]["code"] in exempt

    def of_student(self, student_id: str, year: str) -> tuple[str, dict[str, Any]]:
        """A pupil's result of a year, made where he has none yet.

        Raises:
            Refused: no such pupil, or he is in no class that year.
        """
        if self._store.record(self._code, "students", student_id) is None:
            raise Refused.field("student_id", "unknown", "Không có học sinh này.")
        identity = f"{student_id}-{year}"
        result = self._store.record(self._code, "results", identity)
        if result is None:
            enrolment = self._store.record(self._code, "enrolments", identity)
            if enrolment is None:
                raise Refused.field("student_id", "not_enrolled", f"Học sinh không học lớp nào trong năm học {year}.")
            result = self.empty(student_id, enrolment["class_id"], year)
        return identity, result

    # --- writes ----------------------------------------------------------------------------------------------------

    def set_mark(self, values: dict[str, Any], year: str) -> tuple[str, dict[str, Any]]:
        """``{student_id, subject_id, term, kind, index, value}``; value None takes a mark away.

        Returns:
            The result's id and the result, computed again; a known error in it is mended by that.

        Raises:
            Refused: a field is wrong.
        """
        identity, result = self.of_student(_text(values, "student_id"), year)
        row, subject = self.row(result, values)
        term = TERMS.get(_text(values, "term"))
        if term is None:
            raise Refused.field("term", "unknown", "Học kì là I hoặc II.")
        grade = self.school_class(result["class_id"])["grade"]
        entry.set_mark(row["marks"][term], values, subject, result["regime"], grade)
        if row.get("by_hand"):
            row["by_hand"].pop(term, None)
        result["wrong"] = {}
        return identity, self.write(identity, result)

    def set_comment(self, values: dict[str, Any], year: str) -> tuple[str, dict[str, Any]]:
        """``{student_id, subject_id, comment}``, or without a subject the homeroom teacher's; ``after_summer`` for that one.

        Raises:
            Refused: a field is wrong.
        """
        identity, result = self.of_student(_text(values, "student_id"), year)
        comment = values.get("comment")
        if comment is not None and (not isinstance(comment, str) or len(comment) > _MAX_LENGTH):
            raise Refused.field("comment", "too_long", f"Nhận xét dài tối đa {_MAX_LENGTH} kí tự.")
        if values.get("subject_id") is not None:
            self.row(result, values)[0]["comment"] = comment
        else:
            result["homeroom_comment_after_summer" if values.get("after_summer") is True else "homeroom_comment"] = (
                comment
            )
        return identity, self.write(identity, result)

    def row(self, result: dict[str, Any], values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """A pupil's row of a subject, and the subject.

        Raises:
            Refused: he does not have it.
        """
        subject_id = _text(values, "subject_id")
        if subject_id not in result["subjects"]:
            raise Refused.field("subject_id", "unknown", "Học sinh không học môn này.")
        return result["subjects"][subject_id], self.subjects()[subject_id]


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise Refused.field(name, "required", "Thiếu mục này.")
    return value


def as_kept(result: dict[str, Any], subjects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A result with its known errors in place of what is right: what SMAS shows and submits."""
    if not result["wrong"]:
        return result
    rows = {key: dict(row) for key, row in result["subjects"].items()}
    out = {**result, "subjects": rows, "learning": dict(result["learning"]), "training": dict(result["training"])}
    by_code = {subject["code"]: key for key, subject in subjects.items()}
    for path, value in result["wrong"].items():
        first, *rest = path.split(".")
        if first == "subjects":
            rows[by_code[rest[0]]][rest[1]] = value
        elif rest:
            out[first][rest[0]] = value
        else:
            out[first] = value
    return out


def shown(result: dict[str, Any], subjects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A result as the contract has it: subjects in the order of the form."""
    kept = as_kept(result, subjects)
    out = {
        key: value
        for key, value in kept.items()
        if key not in ("subjects", "wrong", "decided", "decided_conduct", "outstanding", "by_plan")
    }
    out["subjects"] = []
    for key in subjects:
        if (row := kept["subjects"].get(key)) is not None:
            given = {
                "subject_id": key,
                **{name: value for name, value in row.items() if name not in ("by_hand", "exempt")},
            }
            if any((row.get("by_hand") or {}).values()):
                given["note"] = BY_HAND_NOTE
            out["subjects"].append(given)
    return out
