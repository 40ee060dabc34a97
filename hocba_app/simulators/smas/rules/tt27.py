"""Primary results under TT27/2020: levels T, H, C of subjects, year-end tests, qualities and competencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXCELLENT, GOOD, COMPLETED, NOT_COMPLETED = "Hoàn thành xuất sắc", "Hoàn thành tốt", "Hoàn thành", "Chưa hoàn thành"
QUALITIES = ("Yêu nước", "Nhân ái", "Chăm chỉ", "Trung thực", "Trách nhiệm")
GENERAL = ("Tự chủ và tự học", "Giao tiếp và hợp tác", "Giải quyết vấn đề và sáng tạo")
_SPECIFIC = ("Ngôn ngữ", "Tính toán", "Khoa học", "Công nghệ", "Tin học", "Thẩm mĩ", "Thể chất")
TITLES = {EXCELLENT: "Học sinh Xuất sắc", GOOD: "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"}
TRAITS = ("qualities", "general_competencies", "specific_competencies")


def specific(grade: int) -> tuple[str, ...]:
    """The specific competencies of a grade: grades 1 and 2 have no technology and no informatics."""
    return tuple(name for name in _SPECIFIC if grade > 2 or name not in ("Công nghệ", "Tin học"))


def whole_mark(text: str) -> int:
    """A test's mark on the scale of 10: a whole number, 0 too (Art. 7 rules out decimals only).

    Raises:
        ValueError: it is none.
    """
    if text not in {str(number) for number in range(11)}:
        raise ValueError(text)
    return int(text)


def year_level(levels: list[str], traits: list[str], tests: list[int]) -> str:
    """Art. 9.1: the year's result from subjects, qualities and competencies, and year-end tests."""
    lowest = min(tests, default=10)
    if set(levels) == {"T"} and set(traits) == {"T"} and lowest >= 7:
        return EXCELLENT if lowest >= 9 else GOOD
    if "C" not in levels and "C" not in traits and lowest >= 5:
        return COMPLETED
    return NOT_COMPLETED


def compute(record: dict[str, Any], known: Mapping[str, Mapping[str, Any]], *, last_grade: bool) -> None:
    """Fill levels of terms and year, the year's result, promotion, title and completion, in place.

    Args:
        record: the live form of a result; ``outstanding``: the class has put the pupil forward for a title.
        known: ``kind`` by subject id; "marked" are the subjects with tests.
    """
    rows = record["subjects"]
    for row in rows.values():
        row["term1"], row["term2"] = row["marks"]["term1"]["final"], row["marks"]["term2"]["final"]
        row["year"], row["test"] = row["term2"], row["marks"]["term2"].get("test")
    learning, absences = record["learning"], record["absences"]
    learning["year"] = _year(record, known, again=False)
    again = any(row["reassessed"] is not None or row.get("reassessed_test") is not None for row in rows.values())
    again = again or bool(record.get("traits_reassessed"))  # Art. 11.1: qualities and competencies too
    learning["reassessed"] = _year(record, known, again=True) if again else None
    absences["year"] = absences["term2"] + (absences["term1"] or 0) if absences["term2"] is not None else None
    if absences["year"] is not None:
        absences["unexcused"] = min(absences.get("unexcused") or 0, absences["year"])
        absences["excused"] = absences["year"] - absences["unexcused"]
    reached = learning["reassessed"] or learning["year"]
    record["promotion"] = None
    if reached is not None:
        failed = "retained" if learning["reassessed"] else "reassess"
        record["promotion"] = record.get("decided") or ("promoted" if reached != NOT_COMPLETED else failed)
    elif record.get("by_plan"):
        record["promotion"] = record.get("decided")
    title = TITLES.get(learning["year"] or "")
    record["title"] = title if learning["year"] == EXCELLENT or record.get("outstanding") else None
    record["programme_completed"] = True if last_grade and record["promotion"] == "promoted" else None


def _year(record: dict[str, Any], known: Mapping[str, Mapping[str, Any]], *, again: bool) -> str | None:
    levels, tests = [], []
    for key, row in record["subjects"].items():
        if row.get("exempt"):
            continue
        levels.append((row["reassessed"] if again else None) or row["year"])
        if known[key]["kind"] == "marked":
            tests.append((row.get("reassessed_test") if again else None) or row["test"])
    better = {trait["name"]: trait["level"] for trait in record.get("traits_reassessed") or () if again}
    traits = [better.get(trait["name"]) or trait["level"] for name in TRAITS for trait in record[name]]
    if None in levels or None in tests or None in traits or not levels:
        return None
    return year_level(levels, traits, [whole_mark(test) for test in tests])
