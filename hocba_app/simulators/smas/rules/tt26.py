"""Historic secondary results: TT58/2011 as amended by TT26/2020, in whole tenths of a mark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocba_app.simulators.smas.rules.tt22 import MAX_ABSENCES, compute_subject, count_absences, shown, tenths

LEVELS = ("Kém", "Yếu", "Trung bình", "Khá", "Giỏi")
CONDUCT = ("Yếu", "Trung bình", "Khá", "Tốt")
_LEADING = ("TOAN", "VAN", "NN1")
"""One of these must reach the level's threshold (Art. 13)."""
_FOREIGN_LANGUAGE_SINCE = 2020
"""TT26 of 26 August 2020 put the foreign language beside mathematics and literature: from the school year 2020-2021."""


def leading(school_year: str) -> tuple[str, ...]:
    """The subjects of which one must be good enough, in a school year."""
    return _LEADING if int(school_year[:4]) >= _FOREIGN_LANGUAGE_SINCE else _LEADING[:2]


def mean(values: list[int]) -> int:
    """ĐTB các môn, half up."""
    return (2 * sum(values) + len(values)) // (2 * len(values))


def _threshold(average: int, values: list[tuple[str, int]], failed: int, leaders: tuple[str, ...]) -> int:
    lowest, best = (
        min(value for _, value in values),
        max((value for code, value in values if code in leaders), default=0),
    )
    for place, needed, least in ((4, 80, 65), (3, 65, 50), (2, 50, 35)):
        if average >= needed and best >= needed and lowest >= least and not failed:
            return place
    return 1 if average >= 35 and lowest >= 20 else 0


def level(values: list[tuple[str, int]], failed: int, leaders: tuple[str, ...] = _LEADING) -> str:
    """Học lực of a term or year (Art. 13), raised where one subject alone pulls it down (Art. 13.6).

    Args:
        values: subject code and average of the marked subjects; their mean is not touched by the test for one subject.
        failed: comment subjects that are Chưa đạt.
        leaders: as :func:`leading` gives them.
    """
    average = mean([value for _, value in values])
    place = _threshold(average, values, failed, leaders)
    lifted = [[*values[:index], (code, 100), *values[index + 1 :]] for index, (code, _) in enumerate(values)]
    reached = max(_threshold(average, others, failed, leaders) for others in lifted)
    if failed:
        reached = max(reached, _threshold(average, values, failed - 1, leaders))
    if reached == 4 and place in (1, 2):
        place += 1  # Giỏi → Trung bình: Khá; Giỏi → Yếu: Trung bình
    elif reached >= 3 and place in (0, 1):
        place += 1  # Khá → Yếu: Trung bình; Khá → Kém: Yếu. A mean that reaches Giỏi reaches Khá
    return LEVELS[place]


def comment_term(marks: Mapping[str, Any]) -> str | None:
    """A comment subject's term (Art. 10.1b): two thirds of the assessments Đ, the last among them; None while one is missing."""
    given = [*marks["regular"], marks["midterm"], marks["final"]]
    if not marks["regular"] or None in given:
        return None
    return "Đ" if marks["final"] == "Đ" and 3 * given.count("Đ") >= 2 * len(given) else "CĐ"


def compute(record: dict[str, Any], known: Mapping[str, Mapping[str, Any]], *, last_grade: bool) -> None:
    """Fill averages, học lực, conduct of the year, promotion, title and completion, in place."""
    rows = record["subjects"]
    for key, row in rows.items():
        comment_only = known[key]["kind"] == "comment"
        compute_subject(row, comment_only)
        if comment_only:
            hand = row.get("by_hand") or {}
            row |= {term: hand.get(term) or comment_term(row["marks"][term]) for term in ("term1", "term2")}
            row["year"] = row["term2"]
    learning, training, averages = record["learning"], record["training"], record["averages"]
    again = any(row["reassessed"] is not None for row in rows.values())
    for column in ("term1", "term2", "year", "reassessed"):
        cells = [
            (known[key], row["reassessed"] or row["year"] if column == "reassessed" else row[column])
            for key, row in rows.items()
            if not row.get("exempt")
        ]
        open_ = any(value is None for _, value in cells) or (column == "reassessed" and not again)
        marked = (
            []
            if open_
            else [(str(subject["code"]), tenths(value)) for subject, value in cells if subject["kind"] == "marked"]
        )
        averages[column] = shown(mean([value for _, value in marked])) if marked else None
        learning[column] = (
            level(
                marked,
                sum(subject["kind"] == "comment" and value != "Đ" for subject, value in cells),
                leading(record["school_year"]),
            )
            if marked
            else None
        )
    # The school weighs the year (Art. 3.2); where it has not said otherwise, it is term II's.
    training["year"] = None if training["term2"] is None else record.get("decided_conduct") or training["term2"]
    count_absences(record["absences"])
    record["promotion"] = _promotion(learning, training, record["absences"]["year"])
    if record.get("decided") and (record["promotion"] is not None or record.get("by_plan")):
        record["promotion"] = record["decided"]
    pair = (learning["year"], training["year"])
    record["title"] = "Học sinh giỏi" if pair == ("Giỏi", "Tốt") else None
    if record["title"] is None and pair[0] in ("Khá", "Giỏi") and pair[1] in ("Khá", "Tốt"):
        record["title"] = "Học sinh tiên tiến"
    record["programme_completed"] = True if last_grade and record["promotion"] == "promoted" else None


def _promotion(learning: Mapping[str, Any], training: Mapping[str, Any], absences: int | None) -> str | None:
    """Art. 15, 16: Kém stays down at once; Yếu may be re-assessed, in conduct too, though not in both."""
    if learning["year"] is None or training["year"] is None:
        return None
    if (
        (absences or 0) > MAX_ABSENCES
        or learning["year"] == "Kém"
        or (learning["year"], training["year"]) == ("Yếu", "Yếu")
    ):
        return "retained"
    weak_learning = (learning["reassessed"] or learning["year"]) in ("Kém", "Yếu")
    weak_conduct = (training["reassessed"] or training["year"]) == "Yếu"
    if not weak_learning and not weak_conduct:
        return "promoted"
    return (
        "retained"
        if (weak_learning and learning["reassessed"]) or (weak_conduct and training["reassessed"])
        else "reassess"
    )
