"""One pupil's year as submitted, and where the rules disagree with it. What every regime reads and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hocba_app.domain.circumstances import Relief

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
    traits_reassessed: Mapping[str, str | None] = field(default_factory=dict)
    """TT27: the level after supplementary assessment, by name, where there was one."""
    moved_in: bool = False
    """The pupil came in the course of the year: values of term I are those of his former school, or there are none."""
    specialised_subject: str | None = None
    """Code of the class's môn chuyên. No source submits it yet; the rules are ready for it (docs/unconfirmed-rules.md)."""

    relief: Relief = field(default_factory=Relief)
    """What the pupil's circumstances relax, by which article."""

    @property
    def absent_pupil_of_term1(self) -> bool:
        """Whether nothing says that the pupil was here in term I."""
        return self.moved_in or (self.learning.get("term1") is None and self.training.get("term1") is None)


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


class Weight(StrEnum):
    """What a gap asks of the office before it locks."""

    BLOCKS = "blocks"
    """The result itself is missing: no reason makes up for it."""
    NEEDS_REASON = "needs_reason"
    """There is a value that nothing proves: locked only with a reason, as a mismatch is."""
    REPORTED = "reported"
    """The source never submits what a check would need: reported, and nothing else."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that cannot be checked. ``field`` as in :class:`Mismatch`; ``reason``: what is missing, by which article."""

    field: str
    reason: str
    weight: Weight = Weight.NEEDS_REASON


class Answer(StrEnum):
    """What a check can answer: what could not be checked is neither right nor wrong."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A check the law does not ask for this pupil. ``field`` as in :class:`Mismatch`."""

    field: str
    article: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A year as judged by one regime."""

    mismatches: tuple[Mismatch, ...] = ()
    gaps: tuple[Gap, ...] = ()
    relaxed: tuple[Relaxed, ...] = ()
    """What would have been found wrong or missing, and is not asked of this pupil."""

    @property
    def answer(self) -> Answer:
        """The year as a whole: one wrong value makes it wrong, one gap keeps it from being right."""
        if self.mismatches:
            return Answer.WRONG
        return Answer.NOT_CHECKABLE if self.gaps else Answer.RIGHT
