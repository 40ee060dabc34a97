"""TT58/2011 as amended by TT26/2020: years before TT22 reached their grade. Historic records only.

Averages of a subject are those of TT22 (the same formulas; with one 45-minute test a term TT58's own comes to the same).
Articles are those of TT58; "unconfirmed" names a reading in `unconfirmed.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from hocba_app.domain.assessment.rounding import HIGHEST, round_mark
from hocba_app.domain.assessment.tt22 import COMMENT_FAILED, COMMENT_PASSED, MAX_ABSENCES, PROMOTED, REASSESS, RETAINED

EXCELLENT, FAIR, AVERAGE, WEAK, POOR = "Giỏi", "Khá", "TB", "Yếu", "Kém"
LEVELS = (POOR, WEAK, AVERAGE, FAIR, EXCELLENT)
"""Học lực, from the lowest (Art. 13)."""
CONDUCT = (WEAK, AVERAGE, FAIR, "Tốt")
"""Hạnh kiểm, from the lowest (Art. 4)."""
EXCELLENT_PUPIL, ADVANCED_PUPIL = "Học sinh giỏi", "Học sinh tiên tiến"
KEY_SUBJECTS_TT58 = ("TOAN", "VAN")
"""One of the two must reach the level's key threshold (TT58 Art. 13.1a–3a as it was to the school year 2019-2020)."""
KEY_SUBJECTS = (*KEY_SUBJECTS_TT58, "NN1")
"""One of the three, Ngoại ngữ 1 among them, since TT26 of 26 August 2020 (Art. 2.6)."""


class LearningThreshold(NamedTuple):
    """What a level of học lực asks for besides Đ in every comment subject (Art. 13.1-3)."""

    mean: Decimal
    """Of all subjects, at least."""
    key_subject: Decimal
    """One key subject at least, and the môn chuyên of a specialised class."""
    every_subject: Decimal
    """Each marked subject at least."""


LEARNING_THRESHOLDS = {
    EXCELLENT: LearningThreshold(Decimal("8.0"), Decimal("8.0"), Decimal("6.5")),  # Art. 13.1
    FAIR: LearningThreshold(Decimal("6.5"), Decimal("6.5"), Decimal("5.0")),  # Art. 13.2
    AVERAGE: LearningThreshold(Decimal("5.0"), Decimal("5.0"), Decimal("3.5")),  # Art. 13.3
}
"""From the highest."""
_WEAK_MEAN, _WEAK_LOWEST = Decimal("3.5"), Decimal("2.0")
_ADJUSTED = {
    (EXCELLENT, AVERAGE): FAIR, (EXCELLENT, WEAK): AVERAGE, (FAIR, WEAK): AVERAGE, (FAIR, POOR): WEAK,
    # The mean that reaches Giỏi reaches Khá as well (unconfirmed: excellent_but_poor).
    (EXCELLENT, POOR): WEAK,
}  # fmt: skip
"""(reached but for one subject, by thresholds) → level (Art. 13.6)."""


def canonical(level: str | None) -> str | None:
    """A submitted level in the form used here: some write TB in full."""
    return AVERAGE if level == "Trung bình" else level


def mean(averages: Sequence[Decimal]) -> Decimal | None:
    """ĐTBhk or ĐTBcn: the mean of the subject averages, rounded to 0.1 (Art. 11 as amended); None without subjects."""
    return round_mark(sum(averages, Decimal(0)) / len(averages)) if averages else None


def threshold_level(
    average: Decimal,
    marked: Mapping[str, Decimal],
    comments: Sequence[str],
    *,
    keys: Sequence[str] = KEY_SUBJECTS,
    specialised: str | None = None,
) -> str:
    """The level by the thresholds alone (Art. 13.1-5).

    Args:
        keys: the subjects of which one must reach the key threshold.
        specialised: code of the class's môn chuyên, which must reach it too.
    """
    lowest = min(marked.values(), default=Decimal(0))
    key = max((marked[code] for code in keys if code in marked), default=Decimal(0))
    if specialised is not None:
        key = min(key, marked.get(specialised, Decimal(0)))
    if all(value == COMMENT_PASSED for value in comments):
        for level, wanted in LEARNING_THRESHOLDS.items():
            if average >= wanted.mean and key >= wanted.key_subject and lowest >= wanted.every_subject:
                return level
    return WEAK if average >= _WEAK_MEAN and lowest >= _WEAK_LOWEST else POOR


def learning_level(
    average: Decimal,
    marked: Mapping[str, Decimal],
    comments: Sequence[str],
    *,
    keys: Sequence[str] = KEY_SUBJECTS,
    specialised: str | None = None,
) -> str:
    """Học lực of a term or year, adjusted where one subject alone holds it down (Art. 13.6; unconfirmed: one_subject).

    Args:
        average: ĐTBhk or ĐTBcn; it stays as it is in the test for one subject.
        marked: averages of the marked subjects by code.
        comments: "Đ"/"CĐ" of the comment subjects.
        keys: as for :func:`threshold_level`; ``specialised`` likewise.
    """

    def by_thresholds(values: Mapping[str, Decimal], commented: Sequence[str]) -> str:
        return threshold_level(average, values, commented, keys=keys, specialised=specialised)

    level = by_thresholds(marked, comments)
    reached = max(
        (by_thresholds(*other) for other in _with_one_lifted(marked, comments)), key=LEVELS.index, default=level
    )
    return _ADJUSTED.get((reached, level), level)


def _with_one_lifted(
    marked: Mapping[str, Decimal], comments: Sequence[str]
) -> Iterator[tuple[Mapping[str, Decimal], Sequence[str]]]:
    for code in marked:
        yield {**marked, code: HIGHEST}, comments
    if COMMENT_FAILED in comments:
        others = list(comments)
        others.remove(COMMENT_FAILED)
        yield marked, [*others, COMMENT_PASSED]


def at_least(value: str | None, lowest: str, order: Sequence[str]) -> bool:
    """Whether a level is known and not below another."""
    return value in order and order.index(value) >= order.index(lowest)


def promotion(
    learning: str | None,
    conduct: str | None,
    absences: int | None,
    *,
    learning_reassessed: str | None = None,
    conduct_after_summer: str | None = None,
) -> str | None:
    """Whether the pupil moves up (Art. 15, 16; unconfirmed: tt58_promotion): both from Trung bình, at most 45 half-days of absence.

    Returns:
        "promoted", "retained", "reassess", or None while a result of the year is missing.
    """
    if learning is None or conduct is None:
        return None
    if absences is not None and absences > MAX_ABSENCES:
        return RETAINED
    if learning == POOR or (learning == WEAK and conduct == WEAK):
        return RETAINED
    learning_fails = not at_least(learning_reassessed or learning, AVERAGE, LEVELS)
    conduct_fails = not at_least(conduct_after_summer or conduct, AVERAGE, CONDUCT)
    if not learning_fails and not conduct_fails:
        return PROMOTED
    tried = (learning_fails and learning_reassessed is not None) or (conduct_fails and conduct_after_summer is not None)
    return RETAINED if tried else REASSESS


def may_be_reassessed(learning: str | None, conduct: str | None) -> bool | None:
    """Whether re-assessment is open to a pupil (Art. 16): conduct at least Trung bình, học lực Yếu; None while a result is missing."""
    if learning is None or conduct is None:
        return None
    return learning == WEAK and at_least(conduct, AVERAGE, CONDUCT)


def title(learning: str | None, conduct: str | None) -> str | None:
    """The year's title (Art. 18)."""
    if learning == EXCELLENT and conduct == CONDUCT[-1]:
        return EXCELLENT_PUPIL
    return ADVANCED_PUPIL if at_least(learning, FAIR, LEVELS) and at_least(conduct, FAIR, CONDUCT) else None
