"""Recomputing each subject's values of a year from the lowest data there is: what TT22 and TT26 have in common.

Each step starts from our own values, so that one wrong figure is reported once, where it is wrong, and not again in
everything that follows from it. A value not submitted is a gap, which the check before locking reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hocba_app.domain.assessment import tt22
from hocba_app.domain.assessment.record import TERMS, Marks, Mismatch, SubjectYear, SubmittedYear
from hocba_app.domain.assessment.rounding import mark, mark_text

_COMMENT_VALUES = (tt22.PASSED, tt22.NOT_PASSED)


@dataclass(frozen=True, slots=True)
class SubjectRules:
    """What a regime says about single subjects, in the school's words, and how a comment subject's term is judged."""

    mark: str
    comment: str
    term: str
    year: str
    comment_term: str
    comment_year: str
    judge_comment_term: Callable[[Sequence[str], str | None, str | None], str]


@dataclass(slots=True)
class Column:
    """Our values of one column (a term, the year, after re-assessment) for all subjects that have one."""

    marked: dict[str, Decimal] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    def add(self, code: str, value: Decimal | str | None) -> None:
        if isinstance(value, Decimal):
            self.marked[code] = value
        elif value is not None:
            self.comments.append(value)


class SubjectCheck:
    """The subjects of one year; a regime's check goes on from :attr:`columns`."""

    def __init__(self, year: SubmittedYear, rules: SubjectRules) -> None:
        self.year = year
        self.found: list[Mismatch] = []
        self.columns = {column: Column() for column in (*TERMS, "year", "reassessed")}
        self.anything_reassessed = any(subject.reassessed is not None for subject in year.subjects)
        self._rules = rules

    def subjects(self) -> None:
        """Check every subject, in the order of the form, and fill the columns."""
        for subject in self.year.subjects:
            self._comment_subject(subject) if subject.comment_only else self._marked_subject(subject)

    def compare(self, path: str, given: str | None, computed: str | None, rule: str) -> None:
        """Note a submitted value that is not ours; where either is missing there is nothing to compare."""
        if given is not None and computed is not None and given != computed:
            self.found.append(Mismatch(path, given, computed, rule))

    def compare_marks(self, path: str, given: Decimal | None, computed: Decimal | None, rule: str) -> None:
        """As :meth:`compare`, by value."""
        if given is not None and computed is not None and given != computed:
            self.found.append(Mismatch(path, mark_text(given), mark_text(computed), rule))

    def mark(self, path: str, text: str | None) -> Decimal | None:
        """A submitted mark; one that is none is noted."""
        try:
            return mark(text)
        except ValueError:
            self.found.append(Mismatch(path, text, None, self._rules.mark))
            return None

    def _marked_subject(self, subject: SubjectYear) -> None:
        path = f"subjects.{subject.code}"
        ours: dict[str, Decimal | None] = {}
        for term in TERMS:
            given = self.mark(f"{path}.{term}", getattr(subject, term))
            computed = self._term_average(f"{path}.{term}", subject.marks.get(term))
            self.compare_marks(f"{path}.{term}", given, computed, self._rules.term)
            # What was not submitted does not exist yet: a term II being marked must not give a level of the year.
            ours[term] = (computed if computed is not None else given) if getattr(subject, term) is not None else None
            self.columns[term].add(subject.code, ours[term])
        given_year = self.mark(f"{path}.year", subject.year)
        computed_year = tt22.year_average(ours["term1"], ours["term2"])
        self.compare_marks(f"{path}.year", given_year, computed_year, self._rules.year)
        year = (computed_year if computed_year is not None else given_year) if subject.year is not None else None
        self.columns["year"].add(subject.code, year)
        reassessed = self.mark(f"{path}.reassessed", subject.reassessed)
        self.columns["reassessed"].add(subject.code, reassessed if reassessed is not None else year)

    def _comment_subject(self, subject: SubjectYear) -> None:
        path = f"subjects.{subject.code}"
        ours: dict[str, str | None] = {}
        for term in TERMS:
            given = self._comment(f"{path}.{term}", getattr(subject, term))
            marks = subject.marks.get(term)
            if given is not None and marks is not None and marks.any:
                computed = self._rules.judge_comment_term(marks.regular, marks.midterm, marks.final)
                self.compare(f"{path}.{term}", given, computed, self._rules.comment_term)
                given = computed
            ours[term] = given
            self.columns[term].add(subject.code, given)
        year = self._comment(f"{path}.year", subject.year)
        computed_year = tt22.comment_year(ours["term2"])
        self.compare(f"{path}.year", year, computed_year, self._rules.comment_year)
        if year is not None:
            year = computed_year or year
        self.columns["year"].add(subject.code, year)
        self.columns["reassessed"].add(subject.code, self._comment(f"{path}.reassessed", subject.reassessed) or year)

    def _comment(self, path: str, text: str | None) -> str | None:
        if text is None or text in _COMMENT_VALUES:
            return text
        self.found.append(Mismatch(path, text, None, self._rules.comment))
        return None

    def _term_average(self, path: str, marks: Marks | None) -> Decimal | None:
        if marks is None or not marks.any:
            return None
        regular = [self.mark(f"{path}.regular", text) for text in marks.regular]
        midterm, final = self.mark(f"{path}.midterm", marks.midterm), self.mark(f"{path}.final", marks.final)
        return tt22.term_average([value for value in regular if value is not None], midterm, final)
