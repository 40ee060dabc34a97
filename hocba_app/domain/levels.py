"""Levels of general education. A level belongs to a grade; a school teaches one level or several."""

from __future__ import annotations

LEVELS = ("primary", "lower_secondary", "upper_secondary")
SEPARATOR = "+"
"""Between the levels of one school: "primary+lower_secondary" is a TH–THCS school."""
LAST_GRADES = {"primary": 5, "lower_secondary": 9, "upper_secondary": 12}


def level_of_grade(grade: int) -> str:
    """The level a grade belongs to, whatever else its school teaches (Education Law 43/2019/QH14, Art. 28)."""
    return next(level for level in LEVELS if grade <= LAST_GRADES[level])


def levels_of(text: str) -> tuple[str, ...]:
    """The levels of a school, the first one first; of none that is known, nothing."""
    named = text.split(SEPARATOR)
    return tuple(level for level in LEVELS if level in named)


def are_levels(text: str) -> bool:
    """Whether a text names one level or several that follow one another, in order and each once."""
    found = levels_of(text)
    together = SEPARATOR.join(LEVELS)
    return bool(found) and SEPARATOR.join(found) == text and text in together


def level_of_document(kind: str, grade: int) -> str:
    """`Document.level`: each level has a record with a cover of its own; what is of a year needs none."""
    return level_of_grade(grade) if kind == "cover" else ""
