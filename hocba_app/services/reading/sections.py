"""A frozen snapshot as people read it on a screen: the same words as the printed form, without its layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hocba_app.domain.odd_values import odd_in_results, odd_in_subject
from hocba_app.forms.wording import (
    BLANK,
    LEVEL_NAMES,
    PROMOTIONS,
    day,
    history_outcome,
    mark,
    primary_completion,
    programme_finished,
)

LEVELS = {"T": "Hoàn thành tốt", "H": "Hoàn thành", "C": "Chưa hoàn thành"}
"""Of a primary subject."""
_TRAITS = {"T": "Tốt", "Đ": "Đạt", "C": "Cần cố gắng"}
_PERSONAL = (
    ("birth_place", "Nơi sinh"),
    ("nationality", "Quốc tịch"),
    ("ethnic_group", "Dân tộc"),
    ("home_town", "Quê quán"),
    ("address", "Chỗ ở hiện tại"),
    ("priority_category", "Diện ưu tiên"),
    ("register_number", "Số đăng bộ"),
    ("father_name", "Họ tên cha"),
    ("father_job", "Nghề của cha"),
    ("mother_name", "Họ tên mẹ"),
    ("mother_job", "Nghề của mẹ"),
    ("guardian_name", "Người giám hộ"),
    ("guardian_job", "Nghề người giám hộ"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One fact."""

    label: str
    text: str
    odd: tuple[str, ...] = ()
    """Why to look at it twice, as sentences."""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts that belong together."""

    title: str
    lines: tuple[Line, ...]


def sections_of(snapshot: Mapping[str, Any], class_list: Sequence[str] = ()) -> list[Section]:
    """The record from top to bottom.

    Args:
        snapshot: as `domain.snapshot.Snapshot`, of any kind.
        class_list: names of the class, to find a comment that was pasted into the wrong row.
    """
    made = [Section("Học sinh", tuple(_pupil(snapshot)))]
    if snapshot["kind"] == "history":
        made.append(Section("Quá trình học tập", tuple(_history(snapshot))))
    if (results := snapshot.get("results")) is not None:
        own = snapshot["student"].get("full_name") or ""
        made.append(
            Section("Các môn học", tuple(subject_line(row, results, own, class_list) for row in results["subjects"]))
        )
        for title, key, comment in (
            ("Phẩm chất", "qualities", "qualities_comment"),
            ("Năng lực chung", "general_competencies", "general_comment"),
            ("Năng lực đặc thù", "specific_competencies", "specific_comment"),
        ):
            if results.get(key):
                lines = [Line(trait["name"], _TRAITS.get(trait["level"], BLANK)) for trait in results[key]]
                made.append(Section(title, (*lines, Line("Nhận xét", results.get(comment) or BLANK))))
        made.append(Section("Kết quả chung", tuple(_conclusion(snapshot, results, own, class_list))))
    return made


def subject_line(row: Mapping[str, Any], results: Mapping[str, Any], own: str, class_list: Sequence[str]) -> Line:
    """One subject: terms, year and comment in one line of text."""
    parts = [f"{label} {value}" for label, value in subject_values(row, results["regime"]) if value]
    text = " · ".join(parts) or BLANK
    if row.get("comment"):
        text += f"\n{row['comment']}"
    if row.get("note"):
        text += f"\nGhi chú: {row['note']}"
    return Line(row["name"], text, tuple(odd_in_subject(row, results["regime"], own, class_list)))


def subject_values(row: Mapping[str, Any], regime: str) -> list[tuple[str, str]]:
    """``(label, value)`` of one subject's year as it is printed: marks with a comma, levels in words."""

    def shown(value: str | None) -> str:
        if regime != "TT27":
            return mark(value)
        return LEVELS.get(value, value) if value else ""

    values = [
        ("HK I", shown(row.get("term1"))),
        ("HK II", shown(row.get("term2"))),
        ("Cả năm", shown(row.get("year"))),
    ]
    if regime == "TT27":
        values.append(("Điểm KTĐK", mark(row.get("test"))))
    if row.get("reassessed"):
        values.append(("Đánh giá lại", shown(row["reassessed"])))
    return values


def promotion_text(results: Mapping[str, Any], *, level: str, grade: int | None) -> str:
    """Whether the pupil goes up, in the words of his form."""
    promotion = results.get("promotion")
    if promotion == "promoted" and level == "primary":
        words = primary_completion(grade, finished=bool(results.get("programme_completed")))
    elif promotion == "promoted" and results.get("programme_completed"):
        words = programme_finished(level)
    else:
        words = PROMOTIONS.get(promotion or "", BLANK)
    return f"{words} ({results['promotion_note']})" if results.get("promotion_note") else words


def _pupil(snapshot: Mapping[str, Any]) -> list[Line]:
    student, whole = snapshot["student"], snapshot["kind"] == "cover"
    lines = [
        Line("Họ và tên", student.get("full_name") or BLANK),
        Line("Ngày sinh", day(student.get("birth_date")) or BLANK),
        Line("Giới tính", student.get("sex") or BLANK),
        Line("Mã học sinh", student.get("code") or BLANK),
        Line("Số định danh", student.get("id_number") or BLANK),
    ]
    if whole:
        lines.append(Line("Ảnh", "Có" if student.get("photo_sha256") else BLANK))
        lines += [Line(label, student.get(key) or BLANK) for key, label in _PERSONAL if key in student]
        if "admission_date" in student:
            lines.append(Line("Ngày vào trường", day(student["admission_date"]) or BLANK))
        lines.append(Line("Cấp học", LEVEL_NAMES.get(snapshot["school"]["level"], BLANK)))
    return lines


def _history(snapshot: Mapping[str, Any]) -> list[Line]:
    level = snapshot["school"]["level"]
    lines = []
    for row in snapshot.get("history") or ():
        grade = snapshot.get("grade") if row["school_year"] == snapshot.get("school_year") else None
        outcome = history_outcome(row.get("outcome"), level, grade)
        where = ", ".join(part for part in (row.get("school_name"), row.get("commune"), row.get("province")) if part)
        text = " · ".join(part for part in (f"Lớp {row['class_name']}", where, outcome or BLANK) if part)
        lines.append(Line(row["school_year"], text + (f"\n{row['note']}" if row.get("note") else "")))
    return lines


def _conclusion(
    snapshot: Mapping[str, Any], results: Mapping[str, Any], own: str, class_list: Sequence[str]
) -> list[Line]:
    lines = []
    for key, label in (("averages", "ĐTB các môn"), ("learning", "Kết quả học tập"), ("training", "Kết quả rèn luyện")):
        if any((terms := results.get(key) or {}).values()):
            lines.append(Line(label, terms_text(terms)))
    absences = results.get("absences") or {}
    lines.append(Line("Số buổi nghỉ", _absences(absences)))
    for key, label, unit in (("height_cm", "Chiều cao", "cm"), ("weight_kg", "Cân nặng", "kg")):
        if results.get(key):
            lines.append(Line(label, f"{mark(results[key])} {unit}"))
    lines.append(
        Line(
            "Đánh giá cuối năm", promotion_text(results, level=snapshot["school"]["level"], grade=snapshot.get("grade"))
        )
    )
    awards = "; ".join(filter(None, [results.get("title"), *(results.get("awards") or ())]))
    lines.append(Line("Danh hiệu, khen thưởng", awards or BLANK))
    if results.get("certificates"):
        lines.append(Line("Chứng chỉ", results["certificates"]))
    if results.get("departure"):
        lines.append(Line("Rời trường", results["departure"]))
    comment = results.get("homeroom_comment") or BLANK
    lines.append(Line("Nhận xét của GVCN", comment, tuple(odd_in_results(results, own, class_list))))
    if results.get("homeroom_comment_after_summer"):
        lines.append(Line("Nhận xét sau hè", results["homeroom_comment_after_summer"]))
    return lines


def terms_text(terms: Mapping[str, Any]) -> str:
    """Term I, term II, year, and what was assessed again; what is empty is left out."""
    labels = (("term1", "HK I"), ("term2", "HK II"), ("year", "Cả năm"), ("reassessed", "Sau đánh giá lại"))
    return " · ".join(f"{label} {mark(terms[key])}" for key, label in labels if terms.get(key)) or BLANK


def _absences(absences: Mapping[str, Any]) -> str:
    pairs: Sequence[tuple[str, Any]]
    if "excused" in absences:
        pairs = (("có phép", absences.get("excused")), ("không phép", absences.get("unexcused")))
    else:
        pairs = (("HK I", absences.get("term1")), ("HK II", absences.get("term2")), ("cả năm", absences.get("year")))
    return ", ".join(f"{label} {value}" for label, value in pairs if value is not None) or BLANK
