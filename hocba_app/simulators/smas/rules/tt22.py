"""Results under TT22/2021, in whole tenths of a mark: 8.1 is 81. Integers round exactly, half up.

:func:`compute` fills every value that follows from others in a pupil's record, and is run after each write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

LEVELS = ("Chưa đạt", "Đạt", "Khá", "Tốt")
_FAIL, _PASS, _FAIR, _GOOD = range(4)
MAX_ABSENCES = 45
MOVED_IN_NOTE = "Không học môn này ở học kì I (chuyển đến): kết quả cả năm lấy theo học kì II"


@lru_cache(maxsize=512)  # a school has some hundred thousand marks, of about a hundred values
def tenths(text: str) -> int:
    """ "8.1" → 81, "8" → 80.

    Raises:
        ValueError: no mark from 0 to 10 with one decimal at most.
    """
    whole, point, part = text.partition(".")
    if not (
        whole.isascii()
        and whole.isdigit()
        and len(whole) <= 2
        and (not point or (part.isascii() and part.isdigit() and len(part) == 1))
    ):
        raise ValueError(text)
    value = int(whole) * 10 + int(part or 0)
    if value > 100:
        raise ValueError(text)
    return value


def shown(value: int) -> str:
    """81 → "8.1"."""
    return f"{value // 10}.{value % 10}"


def regular_count(periods_per_year: int) -> int:
    """Regular marks a term (Art. 6)."""
    return 2 + (periods_per_year > 35) + (periods_per_year > 70)


def term_average(regular: list[int], midterm: int, final: int) -> int:
    """ĐTBmhk (Art. 9.1)."""
    parts = len(regular) + 5
    return (2 * (sum(regular) + 2 * midterm + 3 * final) + parts) // (2 * parts)


def year_average(term1: int | None, term2: int) -> int:
    """ĐTBmcn (Art. 9.1); term II alone where there is no term I."""
    return term2 if term1 is None else (2 * (term1 + 2 * term2) + 3) // 6


def base_level(marked: list[int], failed_comments: int) -> int:
    """The level by the thresholds of Art. 9.2, as a place in LEVELS."""
    lowest = min(marked, default=0)
    if failed_comments == 0 and lowest >= 65 and sum(mark >= 80 for mark in marked) >= 6:
        return _GOOD
    if failed_comments == 0 and lowest >= 50 and sum(mark >= 65 for mark in marked) >= 6:
        return _FAIR
    if failed_comments <= 1 and lowest >= 35 and sum(mark >= 50 for mark in marked) >= 6:
        return _PASS
    return _FAIL


def level(marked: list[int], failed_comments: int) -> int:
    """The learning level with Art. 9.3: one subject alone may not pull it down by two."""
    place = base_level(marked, failed_comments)
    if place >= _FAIR:
        return place
    others = [base_level([*marked[:index], 100, *marked[index + 1 :]], failed_comments) for index in range(len(marked))]
    if failed_comments:
        others.append(base_level(marked, failed_comments - 1))
    return place + 1 if max(others, default=0) >= place + 2 else place


def training_of_year(term1: str | None, term2: str) -> str:
    """Art. 8.2."""
    if term1 is None:
        return term2
    first, second = LEVELS.index(term1), LEVELS.index(term2)
    if second == _GOOD:
        place = _GOOD if first >= _FAIR else _FAIR
    elif second == _FAIR:
        place = _FAIR if first >= _PASS else _PASS
    elif second == _PASS:
        place = _FAIR if first == _GOOD else _PASS
    else:
        place = _FAIL
    return LEVELS[place]


def promotion(learning: Mapping[str, Any], training: Mapping[str, Any], absences: int | None) -> str | None:
    """Art. 12–14: promoted, retained, reassess, or None while the year is open."""
    if learning["year"] is None or training["year"] is None:
        return None
    if absences is not None and absences > MAX_ABSENCES:
        return "retained"
    if learning["year"] == training["year"] == LEVELS[_FAIL]:
        return "retained"  # Art. 14: re-assessment is for pupils whose training is Đạt at least
    for results in (learning, training):
        if results["year"] == LEVELS[_FAIL] and results["reassessed"] == LEVELS[_FAIL]:
            return "retained"
    fails = [results for results in (learning, training) if (results["reassessed"] or results["year"]) == LEVELS[_FAIL]]
    return "reassess" if fails else "promoted"


def compute(record: dict[str, Any], known: Mapping[str, Mapping[str, Any]], *, last_grade: bool) -> None:
    """Fill averages, levels, training of the year, absences of the year, promotion, title and completion, in place.

    Args:
        record: the live form of a result: subjects by id, ``decided`` where a person decides on promotion.
        known: ``kind`` ("marked" or "comment") and ``code`` by subject id.
    """
    subjects: dict[str, dict[str, Any]] = record["subjects"]
    kinds = {key: known[key]["kind"] for key in subjects}
    for subject_id, row in subjects.items():
        compute_subject(row, kinds[subject_id] == "comment")
    learning, training = record["learning"], record["training"]
    for column in ("term1", "term2", "year"):
        learning[column] = _level_of(
            (row[column], kinds[key]) for key, row in subjects.items() if not row.get("exempt")
        )
    again = any(row["reassessed"] is not None for row in subjects.values())
    learning["reassessed"] = (
        _level_of((row["reassessed"] or row["year"], kinds[key]) for key, row in subjects.items()) if again else None
    )
    training["year"] = None if training["term2"] is None else training_of_year(training["term1"], training["term2"])
    count_absences(record["absences"])
    record["promotion"] = promotion(learning, training, record["absences"]["year"])
    if record.get("decided") and (record["promotion"] is not None or record.get("by_plan")):
        record["promotion"] = record["decided"]
    record["title"] = _title(
        learning["year"], training["year"], [row["year"] for key, row in subjects.items() if kinds[key] == "marked"]
    )
    record["programme_completed"] = True if last_grade and record["promotion"] == "promoted" else None


def count_absences(absences: dict[str, Any]) -> None:
    """Those of the year, once term II is counted."""
    absences["year"] = absences["term2"] + (absences["term1"] or 0) if absences["term2"] is not None else None


def compute_subject(row: dict[str, Any], comment_only: bool) -> None:
    """Term results and year of one subject."""
    by_hand = row.get("by_hand") or {}
    for term in ("term1", "term2"):
        row[term] = by_hand.get(term) or _term(row["marks"][term], comment_only)
    if row["term2"] is None:
        row["year"] = None
    elif comment_only:
        row["year"] = row["term2"]
    else:
        row["year"] = shown(year_average(None if row["term1"] is None else tenths(row["term1"]), tenths(row["term2"])))
    moved_in = row["term1"] is None and row["term2"] is not None
    row["note"] = MOVED_IN_NOTE if moved_in else None


def _term(marks: dict[str, Any], comment_only: bool) -> str | None:
    regular = [mark for mark in marks["regular"] if mark is not None]
    if not regular or marks["midterm"] is None or marks["final"] is None:
        return None
    if comment_only:
        return "Đ" if {*regular, marks["midterm"], marks["final"]} == {"Đ"} else "CĐ"
    return shown(term_average([tenths(mark) for mark in regular], tenths(marks["midterm"]), tenths(marks["final"])))


def _level_of(values: Iterable[tuple[str | None, str]]) -> str | None:
    """The level of one column; None while a subject has no result in it."""
    marked, failed = [], 0
    for value, kind in values:
        if value is None:
            return None
        if kind == "comment":
            failed += value != "Đ"
        else:
            marked.append(tenths(value))
    return LEVELS[level(marked, failed)] if marked else None


def _title(learning: str | None, training: str | None, averages: list[str | None]) -> str | None:
    if learning != LEVELS[_GOOD] or training != LEVELS[_GOOD]:
        return None
    excellent = sum(average is not None and tenths(average) >= 90 for average in averages) >= 6
    return "Học sinh Xuất sắc" if excellent else "Học sinh Giỏi"
