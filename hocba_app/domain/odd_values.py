"""What a signer should look at twice in a record: not wrong by rule – the lock's check finds that –, but seldom meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hocba_app.domain.assessment.rounding import mark, round_mark
from hocba_app.domain.assessment.subject_check import is_exempt
from hocba_app.domain.comment_names import foreign_names

FAR_APART = Decimal("2.5")
"""Marks between two terms of one subject."""
LOW = Decimal("3.5")
MANY_ABSENCES = 45
"""More of them in a year keep a pupil from being promoted (TT22 Art. 12)."""
_BAD_LEVELS = ("CĐ", "Chưa đạt", "C", "Chưa hoàn thành", "Yếu", "Kém")


def odd_in_subject(row: Mapping[str, Any], regime: str, own: str, class_list: Sequence[str]) -> list[str]:
    """Sentences about one subject of one pupil; empty when nothing strikes.

    Args:
        row: as `domain.snapshot.SubjectRow`.
        own: the pupil's name.
        class_list: names of his class.
    """
    found = []
    exempt = all(is_exempt(row.get(term)) for term in ("term1", "term2"))
    if not row.get("year") and not exempt:
        found.append("Chưa có kết quả cả năm.")
    if row.get("year") in _BAD_LEVELS:
        found.append("Cả năm chưa đạt." if regime != "TT27" else "Cả năm chưa hoàn thành.")
    if regime != "TT27" and row.get("kind") == "marked":
        found += _odd_marks(*(_number(row.get(key)) for key in ("term1", "term2", "year")))
    comment = row.get("comment") or ""
    if not comment and not exempt and regime != "TT26":
        found.append("Chưa có nhận xét.")
    found += [f"Nhận xét nhắc tên «{name}»." for name in foreign_names([comment], own, class_list)]
    return found


def odd_in_results(results: Mapping[str, Any], own: str, class_list: Sequence[str]) -> list[str]:
    """Sentences about what the homeroom teacher and the principal sign for."""
    found = []
    for key, words in (("learning", "học tập"), ("training", "rèn luyện")):
        if (level := (results.get(key) or {}).get("year")) in _BAD_LEVELS:
            found.append(f"Kết quả {words}: {level}.")
    if (promotion := results.get("promotion")) == "retained":
        found.append("Ở lại lớp.")
    elif promotion == "reassess":
        found.append("Đánh giá lại trong hè.")
    absent = (results.get("absences") or {}).get("year")
    if isinstance(absent, int) and absent > MANY_ABSENCES:
        found.append(f"Nghỉ {absent} buổi.")
    comment = results.get("homeroom_comment") or ""
    if not comment:
        found.append("Chưa có nhận xét của GVCN.")
    found += [f"Nhận xét của GVCN nhắc tên «{name}»." for name in foreign_names([comment], own, class_list)]
    return found


def _odd_marks(first: Decimal | None, second: Decimal | None, year: Decimal | None) -> list[str]:
    found = []
    if first is not None and second is not None:
        if abs(first - second) >= FAR_APART:
            found.append(f"Hai học kì chênh {_text(abs(first - second))} điểm.")
        expected = round_mark((first + 2 * second) / 3)
        if year is not None and year != expected:
            found.append(f"Cả năm {_text(year)}, tính từ hai học kì là {_text(expected)}.")
    if year is not None and year < LOW:
        found.append(f"Cả năm dưới {_text(LOW)}.")
    return found


def _number(value: str | None) -> Decimal | None:
    try:
        return mark(value)
    except ValueError:
        return None


def _text(value: Decimal) -> str:
    return str(value).replace(".", ",")
