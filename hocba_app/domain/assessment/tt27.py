"""TT27/2020: primary. Subjects are judged by level, with a year-end test of 10 points in some; articles are the circular's."""

from __future__ import annotations

from collections.abc import Sequence

WELL, DONE, NOT_DONE = "T", "H", "C"
SUBJECT_LEVELS = (NOT_DONE, DONE, WELL)
"""Hoàn thành tốt, Hoàn thành, Chưa hoàn thành, from the lowest (Art. 6)."""
GOOD, PASS, NEEDS_EFFORT = "T", "Đ", "C"
TRAIT_LEVELS = (NEEDS_EFFORT, PASS, GOOD)
"""Tốt, Đạt, Cần cố gắng, from the lowest (Art. 8)."""
EXCELLENT, COMPLETED_WELL, COMPLETED, INCOMPLETE = (
    "Hoàn thành xuất sắc",
    "Hoàn thành tốt",
    "Hoàn thành",
    "Chưa hoàn thành",
)
LEVELS = (INCOMPLETE, COMPLETED, COMPLETED_WELL, EXCELLENT)
"""The year, from the lowest (Art. 9)."""
EXCELLENT_PUPIL = "Học sinh Xuất sắc"
OUTSTANDING_PUPIL = "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"
TEST_PASSED = 5
_TESTS = {EXCELLENT: 9, COMPLETED_WELL: 7, COMPLETED: TEST_PASSED}
"""Level → every year-end test at least (Art. 9)."""


def year_level(subjects: Sequence[str], traits: Sequence[str], tests: Sequence[int]) -> str | None:
    """The year's level (Art. 9): one "H" rules out the first two.

    Args:
        subjects: level of each subject, T, H or C.
        traits: level of each quality and competency, T, Đ or C.
        tests: marks of the year-end tests there were.

    Returns:
        None while nothing is assessed.
    """
    if not subjects or not traits:
        return None
    lowest = min(tests, default=10)
    if all(level == WELL for level in subjects) and all(level == GOOD for level in traits):
        for level in (EXCELLENT, COMPLETED_WELL):
            if lowest >= _TESTS[level]:
                return level
    complete = NOT_DONE not in subjects and NEEDS_EFFORT not in traits and lowest >= _TESTS[COMPLETED]
    return COMPLETED if complete else INCOMPLETE


def may_have_title(level: str | None, title: str | None) -> bool:
    """Whether a year's level carries a title (Art. 13). Tiêu biểu also needs an outstanding subject, which the school judges."""
    if level == EXCELLENT:
        return title == EXCELLENT_PUPIL
    return title is None or (title == OUTSTANDING_PUPIL and level == COMPLETED_WELL)


def points(text: str | None) -> int | None:
    """A year-end test: whole points from 0 to 10 (Art. 7.2).

    Raises:
        ValueError: anything else.
    """
    if text is None or not text.strip():
        return None
    plain = text.strip().removesuffix(".0").removesuffix(",0")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 2 and int(plain) <= 10):
        raise ValueError(f"no points: {text!r}")
    return int(plain)
