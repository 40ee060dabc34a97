"""One pupil's year as submitted, and where the rules disagree with it. What every regime reads and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TERMS = ("term1", "term2")


@dataclass(frozen=True, slots=True)
class Marks:
    """The single assessments of one subject in one term, as submitted: numbers as text, or "Đ"/"CĐ"."""

    regular: tuple[str, ...] = ()
    midterm: str | None = None
    final: str | None = None

    @property
    def any(self) -> bool:
        """Whether anything was assessed at all."""
        return bool(self.regular or self.midterm or self.final)


@dataclass(frozen=True, slots=True)
class SubjectYear:
    """One subject's row. ``marks``: by term, absent where SMAS holds a value entered by hand; ``test``: year-end test (TT27)."""

    code: str
    comment_only: bool
    term1: str | None = None
    term2: str | None = None
    year: str | None = None
    reassessed: str | None = None
    marks: Mapping[str, Marks] = field(default_factory=dict)
    test: str | None = None
    reassessed_test: str | None = None


@dataclass(frozen=True, slots=True)
class SubmittedYear:
    """A pupil's year. ``learning`` and ``training`` have the keys term1, term2, year, reassessed."""

    subjects: tuple[SubjectYear, ...]
    learning: Mapping[str, str | None]
    training: Mapping[str, str | None]
    absences: int | None = None
    promotion: str | None = None
    promotion_note: str | None = None
    title: str | None = None
    averages: Mapping[str, str | None] = field(default_factory=dict)
    """TT26: ĐTB các môn, keys term1, term2, year, reassessed."""
    traits: tuple[tuple[str, str | None], ...] = ()
    """TT27: every quality and competency with its level of the year, T, Đ or C."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A submitted value that the rules do not give.

    ``field`` is a path: "subjects.TOAN.year", "learning.term1", "training.year", "promotion", "title".
    """

    field: str
    submitted: str | None
    computed: str | None
    rule: str
    """The rule with its article, as the school reads it."""

    def as_json(self) -> dict[str, Any]:
        """The shape stored with the result."""
        return {"field": self.field, "submitted": self.submitted, "computed": self.computed, "rule": self.rule}
