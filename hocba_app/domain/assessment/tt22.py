"""TT22/2021: lower and upper secondary. Articles are those of the circular; "unconfirmed" names a
reading in `unconfirmed.py`.

Levels are compared by their place in :data:`LEVELS`. A function that lacks an input answers None: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from hocba_app.domain.assessment.rounding import HIGHEST, round_mark

GOOD, FAIR, PASS, FAIL = "Tốt", "Khá", "Đạt", "Chưa đạt"
LEVELS = (FAIL, PASS, FAIR, GOOD)
"""Levels of a term or year, from the lowest; learning (Art. 9.2) and training (Art. 8) use the same four."""

COMMENT_PASSED, COMMENT_FAILED = "Đ", "CĐ"
"""What a comment subject comes to: Đạt or Chưa đạt, in the letters that are submitted and printed."""
EXCELLENT_PUPIL, GOOD_PUPIL = "Học sinh Xuất sắc", "Học sinh Giỏi"
PROMOTED, RETAINED, REASSESS = "promoted", "retained", "reassess"

MAX_ABSENCES = 45
"""Half-days (buổi) in a year, one a school day (Art. 12)."""
SUBJECTS_NEEDED = 6
"""Marked subjects that must reach the higher threshold of a level or title (Art. 9.2, 15)."""


class LearningThreshold(NamedTuple):
    """What a learning level asks for (Art. 9.2)."""

    every_subject: Decimal
    """Each marked subject at least."""
    six_subjects: Decimal
    """Six of them (:data:`SUBJECTS_NEEDED`) at least."""
    failed_comments: int
    """Comment subjects that may be Chưa đạt."""


LEARNING_THRESHOLDS = {
    GOOD: LearningThreshold(Decimal("6.5"), Decimal("8.0"), 0),  # Art. 9.2a
    FAIR: LearningThreshold(Decimal("5.0"), Decimal("6.5"), 0),  # Art. 9.2b
    PASS: LearningThreshold(Decimal("3.5"), Decimal("5.0"), 1),  # Art. 9.2c
}
"""From the highest."""
_EXCELLENT_MARK = Decimal("9.0")
MAX_REGULAR_MARKS = 4
"""Regular marks a term in any subject (Art. 6.2b)."""
REASSESS_BELOW = Decimal("5.0")
"""A marked subject may be re-assessed below this ĐTBmcn (Art. 14; TT58 Art. 16 likewise)."""
COMMENT_ASSESSMENTS = 2
"""Regular assessments a term in a comment subject (Art. 6.2a)."""
_MORE_THAN_70_PERIODS = frozenset({"TOAN", "VAN", "NN1", "LSDL", "KHTN"})
"""Subjects with more than 70 periods a year in every grade that has them (programme of 2018)."""


def regular_marks_needed(periods_per_year: int) -> int:
    """Regular marks (ĐĐGtx) a term, by the subject's periods a year: to 35 two, to 70 three, above four (Art. 6)."""
    if periods_per_year <= 35:
        return 2
    return 3 if periods_per_year <= 70 else 4


def least_regular_marks(code: str) -> int:
    """Fewest regular marks a term of a marked subject, as far as its code alone tells its periods (Art. 6.2b)."""
    return regular_marks_needed(105 if code in _MORE_THAN_70_PERIODS else 35)


def term_average(regular: Sequence[Decimal], midterm: Decimal | None, final: Decimal | None) -> Decimal | None:
    """ĐTBmhk = (ΣĐĐGtx + 2·ĐĐGgk + 3·ĐĐGck) / (number of ĐĐGtx + 5) (Art. 9.1a).

    Returns:
        Rounded to 0.1; None while the mid-term or end-of-term mark or every regular mark is missing.
    """
    if not regular or midterm is None or final is None:
        return None
    return round_mark((sum(regular, Decimal(0)) + 2 * midterm + 3 * final) / (len(regular) + 5))


def year_average(term1: Decimal | None, term2: Decimal | None) -> Decimal | None:
    """ĐTBmcn = (ĐTBmhkI + 2·ĐTBmhkII) / 3, from the rounded term values (Art. 9.1b)."""
    if term2 is None:
        return None
    if term1 is None:
        return moved_in_year_average(term2)
    return round_mark((term1 + 2 * term2) / 3)


def moved_in_year_average(term2: Decimal) -> Decimal:
    """A subject not studied in term I, the pupil having moved in: the year is term II alone (unconfirmed: moved_in)."""
    return round_mark(term2)


MOVED_IN_NOTE = "Không học môn này ở học kì I (chuyển đến): kết quả cả năm lấy theo học kì II"
"""The note the record carries where :func:`moved_in_year_average` applied."""


def comment_term(
    regular: Sequence[str], midterm: str | None, final: str | None, needed: int = COMMENT_ASSESSMENTS
) -> str:
    """A comment subject's term: Đạt only if every required assessment is there ("đủ số lần") and is Đạt (Art. 9.1a).

    Args:
        needed: regular assessments the term must have (Art. 6.2a).
    """
    assessed = [*regular, midterm, final]
    return (
        COMMENT_PASSED
        if len(regular) >= needed and all(value == COMMENT_PASSED for value in assessed)
        else COMMENT_FAILED
    )


def comment_year(term2: str | None) -> str | None:
    """A comment subject's year is term II's result (Art. 9.1)."""
    return term2


def threshold_level(marked: Sequence[Decimal], comments: Sequence[str], needed: int = SUBJECTS_NEEDED) -> str:
    """The learning level by the thresholds alone (Art. 9.2); ``needed``: marked subjects that must reach the higher one."""
    failed = sum(value != COMMENT_PASSED for value in comments)
    for level, wanted in LEARNING_THRESHOLDS.items():
        if (
            failed <= wanted.failed_comments
            and all(value >= wanted.every_subject for value in marked)
            and sum(value >= wanted.six_subjects for value in marked) >= needed
        ):
            return level
    return FAIL


def learning_level(marked: Sequence[Decimal], comments: Sequence[str], needed: int = SUBJECTS_NEEDED) -> str:
    """The learning level of a term (from ĐTBmhk) or year (from ĐTBmcn), adjusted by Art. 9.3.

    Where one subject alone holds the level two or more below Tốt or Khá, it is raised to the next level up. The test:
    that subject at 10 (or Đạt) would reach Tốt or Khá (unconfirmed: one_subject).

    Args:
        marked: averages of the marked subjects the pupil has.
        comments: "Đ"/"CĐ" of his comment subjects.
        needed: as for :func:`threshold_level`.
    """
    level = threshold_level(marked, comments, needed)
    place = LEVELS.index(level)
    if place + 2 >= len(LEVELS):
        return level
    without_one = _best_with_one_subject_lifted(marked, comments, needed)
    return LEVELS[place + 1] if without_one >= place + 2 else level


def _best_with_one_subject_lifted(marked: Sequence[Decimal], comments: Sequence[str], needed: int) -> int:
    """The highest place in LEVELS that changing exactly one subject could reach; only the lowest can matter."""
    places = [0]
    if marked:
        lifted = sorted(marked)
        places.append(LEVELS.index(threshold_level([HIGHEST, *lifted[1:]], comments, needed)))
    if COMMENT_FAILED in comments:
        others = list(comments)
        others.remove(COMMENT_FAILED)
        places.append(LEVELS.index(threshold_level(marked, [*others, COMMENT_PASSED], needed)))
    return max(places)


_TRAINING_YEAR: dict[tuple[str, str], str] = {
    # (term I, term II) → year, Art. 8.2; every pair that is not here is Chưa đạt
    (GOOD, GOOD): GOOD, (FAIR, GOOD): GOOD,
    (GOOD, FAIR): FAIR, (FAIR, FAIR): FAIR, (PASS, FAIR): FAIR, (GOOD, PASS): FAIR, (PASS, GOOD): FAIR, (FAIL, GOOD): FAIR,
    (FAIR, PASS): PASS, (PASS, PASS): PASS, (FAIL, PASS): PASS, (FAIL, FAIR): PASS,
}  # fmt: skip


def training_year(term1: str | None, term2: str | None) -> str | None:
    """The year's training result from the two terms' (Art. 8.2); term II alone for who moved in (unconfirmed: moved_in)."""
    if term2 is None:
        return None
    if term1 is None:
        return term2
    return _TRAINING_YEAR.get((term1, term2), FAIL)


def at_least(level: str | None, lowest: str) -> bool:
    """Whether a level is known and not below another."""
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(lowest)


def promotion(
    learning: str | None,
    training: str | None,
    absences: int | None,
    *,
    learning_reassessed: str | None = None,
    training_after_summer: str | None = None,
) -> str | None:
    """Whether the pupil moves up (Art. 12): learning and training at least Đạt, at most 45 half-days of absence.

    What was reached after the summer (Art. 13, 14) counts in place of the year's. Before the summer, who fails learning
    or training is due for re-assessment; no summer mends absences, and who fails both stays down: Art. 14 opens
    re-assessment only to a pupil whose training is at least Đạt (unconfirmed: both_failed).

    Returns:
        "promoted", "retained", "reassess", or None while a result of the year is missing.
    """
    if learning is None or training is None:
        return None
    if absences is not None and absences > MAX_ABSENCES:
        return RETAINED
    if not at_least(learning, PASS) and not at_least(training, PASS):
        return RETAINED
    learnt, trained = learning_reassessed or learning, training_after_summer or training
    if at_least(learnt, PASS) and at_least(trained, PASS):
        return PROMOTED
    learning_open = not at_least(learning, PASS) and learning_reassessed is None
    training_open = not at_least(training, PASS) and training_after_summer is None
    tried_and_failed = (learning_reassessed is not None and not at_least(learnt, PASS)) or (
        training_after_summer is not None and not at_least(trained, PASS)
    )
    return RETAINED if tried_and_failed or not (learning_open or training_open) else REASSESS


def may_be_reassessed(learning: str | None, training: str | None) -> bool | None:
    """Whether re-assessment is open to a pupil (Art. 14): training at least Đạt, learning Chưa đạt; None while a result is missing."""
    if learning is None or training is None:
        return None
    return learning == FAIL and at_least(training, PASS)


def title(
    learning: str | None, training: str | None, marked: Sequence[Decimal], needed: int = SUBJECTS_NEEDED
) -> str | None:
    """The year's title (Art. 15): Xuất sắc needs at least six marked subjects with ĐTBmcn of 9.0 or more."""
    if learning != GOOD or training != GOOD:
        return None
    excellent = sum(value >= _EXCELLENT_MARK for value in marked) >= needed
    return EXCELLENT_PUPIL if excellent else GOOD_PUPIL
