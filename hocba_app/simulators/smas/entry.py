"""What may be entered as a mark or level of a subject, by regime."""

from __future__ import annotations

from typing import Any

from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.rules import tt22, tt27


def value(given: Any, subject: dict[str, Any], regime: str, *, name: str = "value") -> str | None:
    """A mark or level of a subject, or None where one is taken away. In a primary school always the level.

    Raises:
        Refused: it is none the regime has.
    """
    if given is None:
        return None
    if regime == "TT27":
        if given not in ("T", "H", "C"):
            raise Refused.field(
                name, "unknown", "Mức đạt được là T (Hoàn thành tốt), H (Hoàn thành) hoặc C (Chưa hoàn thành)."
            )
        return str(given)
    if subject["kind"] == "comment":
        if given not in ("Đ", "CĐ"):
            raise Refused.field(name, "unknown", "Môn này đánh giá Đ (Đạt) hoặc CĐ (Chưa đạt).")
        return str(given)
    try:
        tt22.tenths(given if isinstance(given, str) else "?")
    except ValueError:
        raise Refused.field(
            name, "out_of_range", 'Điểm là số từ 0 đến 10, lẻ tối đa một chữ số, viết như "8.5".'
        ) from None
    return str(given)


def average(given: Any, subject: dict[str, Any], regime: str, name: str) -> str | None:
    """A term's average entered by hand, written with one decimal.

    Raises:
        Refused: it is none.
    """
    checked = value(given, subject, regime, name=name)
    return (
        checked
        if checked is None or regime == "TT27" or subject["kind"] == "comment"
        else tt22.shown(tt22.tenths(checked))
    )


def test_mark(given: Any, subject: dict[str, Any], *, name: str = "value") -> str | None:
    """The mark of a primary school's test.

    Raises:
        Refused: the subject has no tests, or it is no whole number from 0 to 10.
    """
    if subject["kind"] != "marked":
        raise Refused.field("kind", "unknown", "Môn này không có bài kiểm tra định kì.")
    if given is None:
        return None
    try:
        tt27.whole_mark(given if isinstance(given, str) else "?")
    except ValueError:
        raise Refused.field(name, "out_of_range", "Điểm kiểm tra là số nguyên từ 0 đến 10.") from None
    return str(given)


def set_mark(marks: dict[str, Any], values: dict[str, Any], subject: dict[str, Any], regime: str, grade: int) -> None:
    """Write ``{kind, index, value}`` into the marks of a term.

    Raises:
        Refused: a field is wrong.
    """
    kind, given = values.get("kind"), values.get("value")
    if regime == "TT27" and kind in ("midterm_test", "test"):
        marks[kind] = test_mark(given, subject)
    elif kind in ("midterm", "final"):
        marks[kind] = value(given, subject, regime)
    elif kind == "regular" and regime != "TT27":
        _regular(marks, values.get("index"), value(given, subject, regime), subject, grade)
    else:
        raise Refused.field(
            "kind",
            "unknown",
            "Loại điểm là regular, midterm hoặc final; ở tiểu học midterm, final, midterm_test hoặc test.",
        )


def most_regular(subject: dict[str, Any], grade: int) -> int:
    """Regular marks a term: by periods a year; two assessments in a comment subject."""
    periods = subject.get("periods_by_grade", {}).get(str(grade), subject["periods_per_year"])
    return 2 if subject["kind"] == "comment" else tt22.regular_count(periods)


def _regular(marks: dict[str, Any], index: Any, mark: str | None, subject: dict[str, Any], grade: int) -> None:
    most, regular = most_regular(subject, grade), list(marks["regular"])
    if type(index) is not int or not 0 <= index <= min(len(regular), most - 1):
        raise Refused.field(
            "index", "out_of_range", f"Môn này có tối đa {most} điểm thường xuyên một học kì; nhập lần lượt."
        )
    if mark is not None:
        regular[index : index + 1] = [mark]
    elif index < len(regular):
        del regular[index]
    marks["regular"] = regular
