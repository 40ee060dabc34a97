"""Results: writing marks, comments and decisions, and computing again whatever follows from them."""

from __future__ import annotations

from typing import Any

from hocba_app.simulators.smas.generation.curriculum import GRADES
from hocba_app.simulators.smas.generation.marks import empty_result, empty_row
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules import tt22
from hocba_app.simulators.smas.store import Store

TERMS = {"I": "term1", "II": "term2"}
_LONGEST = 1000
_TRAINING = ("Tốt", "Khá", "Đạt", "Chưa đạt")


class Books:
    """The results of one school.

    Args:
        store: where they are.
        code: of the school.
    """

    def __init__(self, store: Store, code: str) -> None:
        self._store, self._code = store, code
        self._last_grade = GRADES[(store.school(code) or {})["level"]][-1]
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

    def empty(self, student_id: str, class_id: str, year: str) -> dict[str, Any]:
        """A result nothing has been entered in: a row for each subject of the grade."""
        school_class = self.school_class(class_id)
        subject_ids = [key for key, subject in self.subjects().items() if school_class["grade"] in subject["grades"]]
        return empty_result(student_id, class_id, year, school_class["regime"], subject_ids)

    def write(self, identity: str, result: dict[str, Any]) -> dict[str, Any]:
        """Compute a result again and keep it."""
        for key in result["subjects"]:
            result["subjects"][key] = {**empty_row(), **result["subjects"][key]}
        kinds = {key: subject["kind"] for key, subject in self.subjects().items()}
        tt22.compute(result, kinds, last_grade=self.school_class(result["class_id"])["grade"] == self._last_grade)
        self._store.put(self._code, "results", identity, result)
        return result

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
        row, subject = self._row(result, values)
        term = TERMS.get(_text(values, "term"))
        if term is None:
            raise Refused.field("term", "unknown", "Học kì là I hoặc II.")
        marks, kind = row["marks"][term], values.get("kind")
        value = self._value(values, subject)
        if kind in ("midterm", "final"):
            marks[kind] = value
        elif kind == "regular":
            self._regular(marks, values.get("index"), value, subject, self.school_class(result["class_id"])["grade"])
        else:
            raise Refused.field("kind", "unknown", "Loại điểm là regular, midterm hoặc final.")
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
        if comment is not None and (not isinstance(comment, str) or len(comment) > _LONGEST):
            raise Refused.field("comment", "too_long", f"Nhận xét dài tối đa {_LONGEST} kí tự.")
        if values.get("subject_id") is not None:
            self._row(result, values)[0]["comment"] = comment
        else:
            result["homeroom_comment_after_summer" if values.get("after_summer") is True else "homeroom_comment"] = comment
        return identity, self.write(identity, result)

    def change(self, identity: str, values: dict[str, Any]) -> dict[str, Any]:
        """What is not a mark: training, absences, awards, decisions, re-assessment, averages entered by hand.

        Args:
            values: ``training`` {term1, term2, reassessed}, ``absences`` {term1, term2}, ``awards``, ``certificates``,
                ``promotion_note``, ``promotion`` (the principal's decision, null: by the rule), ``subjects``: by subject id
                {reassessed, by_hand: {term1, term2}}.

        Raises:
            Refused: a field is wrong, or there is no such result.
        """
        result = self._store.record(self._code, "results", identity)
        if result is None:
            raise Refused.unknown("kết quả")
        checks = {
            "training": self._change_training, "absences": self._change_absences, "awards": self._change_awards,
            "subjects": self._change_subjects, "promotion": self._change_promotion, "certificates": self._change_text,
            "promotion_note": self._change_text,
        }  # fmt: skip
        for name, value in values.items():
            if name not in checks:
                raise Refused.field(name, "unknown", "Không có mục này.")
            checks[name](result, name, value)
        result["wrong"] = {}
        return self.write(identity, result)

    def _change_training(self, result: dict[str, Any], name: str, value: Any) -> None:
        for key, level in _object(name, value).items():
            if key not in ("term1", "term2", "reassessed") or level not in (*_TRAINING, None):
                raise Refused.field(f"training.{key}", "unknown", f"Mức rèn luyện là {', '.join(_TRAINING)}.")
            result["training"][key] = level

    def _change_absences(self, result: dict[str, Any], name: str, value: Any) -> None:
        for key, count in _object(name, value).items():
            right = count is None or (isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= 200)
            if key not in ("term1", "term2") or not right:
                raise Refused.field(f"absences.{key}", "out_of_range", "Số buổi nghỉ của một học kì từ 0 đến 200.")
            result["absences"][key] = count

    def _change_awards(self, result: dict[str, Any], name: str, value: Any) -> None:
        if not isinstance(value, list) or len(value) > 10 or not all(isinstance(item, str) and 0 < len(item) <= 200 for item in value):
            raise Refused.field(name, "wrong_type", "Khen thưởng là danh sách tối đa 10 dòng, mỗi dòng tối đa 200 kí tự.")
        result["awards"] = value

    def _change_text(self, result: dict[str, Any], name: str, value: Any) -> None:
        if value is not None and (not isinstance(value, str) or len(value) > 300):
            raise Refused.field(name, "too_long", "Tối đa 300 kí tự.")
        result[name] = value

    def _change_promotion(self, result: dict[str, Any], name: str, value: Any) -> None:
        if value not in ("promoted", "retained", None):
            raise Refused.field(name, "unknown", "Quyết định là promoted, retained, hoặc để trống để tính theo quy định.")
        result["decided"] = value

    def _change_subjects(self, result: dict[str, Any], name: str, value: Any) -> None:
        for subject_id, changes in _object(name, value).items():
            row, subject = self._row(result, {"subject_id": subject_id})
            for key, given in _object(f"subjects.{subject_id}", changes).items():
                if key == "reassessed":
                    row["reassessed"] = self._value({"value": given}, subject)
                elif key == "by_hand":
                    for term, mark in _object(key, given).items():
                        if term not in TERMS.values():
                            raise Refused.field(f"by_hand.{term}", "unknown", "Học kì là term1 hoặc term2.")
                        row["by_hand"][term] = self._average(mark, subject)
                else:
                    raise Refused.field(f"subjects.{subject_id}.{key}", "unknown", "Không có mục này.")

    def _row(self, result: dict[str, Any], values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        subject_id = _text(values, "subject_id")
        if subject_id not in result["subjects"]:
            raise Refused.field("subject_id", "unknown", "Học sinh không học môn này.")
        return result["subjects"][subject_id], self.subjects()[subject_id]

    def _value(self, values: dict[str, Any], subject: dict[str, Any]) -> str | None:
        value = values.get("value")
        if value is None:
            return None
        if subject["kind"] == "comment":
            if value not in ("Đ", "CĐ"):
                raise Refused.field("value", "unknown", "Môn này đánh giá Đ (Đạt) hoặc CĐ (Chưa đạt).")
            return str(value)
        try:
            tt22.tenths(value if isinstance(value, str) else "?")
        except ValueError:
            raise Refused.field("value", "out_of_range", "Điểm là số từ 0 đến 10, lẻ tối đa một chữ số, viết như \"8.5\".") from None
        return str(value)

    def _average(self, value: Any, subject: dict[str, Any]) -> str | None:
        checked = self._value({"value": value}, subject)
        return checked if checked is None or subject["kind"] == "comment" else tt22.shown(tt22.tenths(checked))

    def _regular(self, marks: dict[str, Any], index: Any, value: str | None, subject: dict[str, Any], grade: int) -> None:
        periods = subject.get("periods_by_grade", {}).get(str(grade), subject["periods_per_year"])
        most = 2 if subject["kind"] == "comment" else tt22.regular_count(periods)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= min(len(marks["regular"]), most - 1):
            raise Refused.field("index", "out_of_range", f"Môn này có tối đa {most} điểm thường xuyên một học kì; nhập lần lượt.")
        regular = list(marks["regular"])
        if value is None:
            if index < len(regular):
                del regular[index]
        else:
            regular[index : index + 1] = [value]
        marks["regular"] = regular


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise Refused.field(name, "required", "Thiếu mục này.")
    return value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused.field(name, "wrong_type", "Mục này là một đối tượng JSON.")
    return value


def shown(result: dict[str, Any], subjects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A result as the contract has it: subjects in the order of the form, known errors in place of what is right."""
    out = {key: value for key, value in result.items() if key not in ("subjects", "wrong", "decided")}
    rows = {key: {"subject_id": key, **{name: value for name, value in result["subjects"][key].items() if name != "by_hand"}} for key in subjects if key in result["subjects"]}
    for key, row in rows.items():
        hand = result["subjects"][key].get("by_hand")
        if hand and any(hand.values()):
            row["note"] = "Điểm trung bình học kì do nhà trường nhập từ hồ sơ chuyển đến"
    by_code = {subject["code"]: key for key, subject in subjects.items()}
    out = {**out, "learning": dict(out["learning"]), "training": dict(out["training"])}
    for path, value in result["wrong"].items():
        first, *rest = path.split(".")
        if first == "subjects":
            rows[by_code[rest[0]]][rest[1]] = value
        elif rest:
            out[first][rest[0]] = value
        else:
            out[first] = value
    out["subjects"] = list(rows.values())
    return out
