"""Recomputing each subject's values of a year from the lowest data there is: what TT22 and TT26 have in common.

Each step starts from our own values, so that one wrong figure is reported once, where it is wrong, and not again in
everything that follows from it. A value that nothing proves, or that is not there, is a gap: neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hocba_app.domain.assessment import tt22
from hocba_app.domain.assessment.record import (
    TERMS,
    Gap,
    Judgement,
    Marks,
    Mismatch,
    SubjectYear,
    SubmittedYear,
    Weight,
)
from hocba_app.domain.assessment.rounding import mark, mark_text

_COMMENT_VALUES = (tt22.COMMENT_PASSED, tt22.COMMENT_FAILED)
EXEMPT = "Miễn"
_TERM_NAMES = {"term1": "học kì I", "term2": "học kì II"}


def is_exempt(value: str | None) -> bool:
    """Whether a submitted value says that the pupil is exempt from the subject."""
    return value is not None and value.strip().casefold() == EXEMPT.casefold()


@dataclass(frozen=True, slots=True)
class SubjectRules:
    """What a regime says about single subjects, in the school's words, and how a comment subject's term is judged."""

    mark: str
    comment: str
    term: str
    year: str
    comment_term: str
    comment_year: str
    reassess: str
    complete: str
    """Which assessments a term must have, and its article."""
    judge_comment_term: Callable[[Sequence[str], str | None, str | None], str]
    regular_needed: Callable[[str], int]
    """Fewest regular marks a term by subject code, as far as the code tells."""
    no_exemption: str | None = None
    """Why "Miễn" is no value of a subject; None where a pupil may be exempt from one."""
    most_regular: int | None = None
    """Most regular marks a term in any subject; None where the text names none."""
    one_term: str | None = None
    """The article on subjects taught in one term only; None where none was found (unconfirmed: one_term_subject)."""


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


@dataclass(frozen=True, slots=True)
class _Again:
    """One subject's year and what a re-assessment gave."""

    code: str
    year: Decimal | str | None
    given: Decimal | str | None
    submitted: str | None


class SubjectCheck:
    """The subjects of one year; a regime's check goes on from :attr:`columns`."""

    def __init__(self, year: SubmittedYear, rules: SubjectRules) -> None:
        self.year = year
        self.found: list[Mismatch] = []
        self.gaps: list[Gap] = []
        self.columns = {column: Column() for column in (*TERMS, "year", "reassessed")}
        self.anything_reassessed = False
        """Whether a re-assessment counts; :meth:`reassessments` decides."""
        self._rules = rules
        self._again: list[_Again] = []
        self._single_marks = any(marks.any for subject in year.subjects for marks in subject.marks.values())

    def judgement(self) -> Judgement:
        """What was found so far."""
        return Judgement(tuple(self.found), tuple(self.gaps))

    def subjects(self) -> None:
        """Check every subject, in the order of the form, and fill the columns of the terms and the year."""
        for submitted in self.year.subjects:
            subject = self._without_exemption(submitted)
            if subject is None:
                continue
            self._comment_subject(subject) if subject.comment_only else self._marked_subject(subject)
            for term in TERMS:
                self._look_for_gaps(subject, term)
        if not self._single_marks and any(subject.term1 or subject.term2 for subject in self.year.subjects):
            self.gap(
                "subjects",
                "nguồn dữ liệu không nộp điểm thành phần nên kết quả học kì của các môn không tính lại được",
                Weight.REPORTED,
            )

    def reassessments(self, is_open: bool | None) -> None:
        """Fill the column after re-assessment; one that was not open to the pupil or in the subject is noted and not counted.

        Args:
            is_open: whether the pupil may be re-assessed; None where that is not known.
        """
        for row in self._again:
            counts = row.given is not None and self._open_subject(row.year) and is_open is not False
            if row.given is not None and not counts:
                self.found.append(
                    Mismatch(f"subjects.{row.code}.reassessed", row.submitted, None, self._rules.reassess)
                )
            self.anything_reassessed = self.anything_reassessed or counts
            self.columns["reassessed"].add(row.code, row.given if counts else row.year)

    def summer(self, year: str | None, given: str | None, failed: str, rule: str) -> str | None:
        """Training (conduct) after the summer, which is open to who failed it; one that was not open is noted and not counted.

        Args:
            year: of the year; None where it is not known.
            failed: the level that opens it.
            rule: its article.
        """
        if given is None or year in (None, failed):
            return given
        self.found.append(Mismatch("training.reassessed", given, None, rule))
        return None

    def level_without_reassessment(self, is_open: bool | None, rule: str) -> None:
        """A level after re-assessment that no re-assessed subject gives: wrong where none was open, else not to be checked."""
        given = self.year.learning.get("reassessed")
        if given is None or self.anything_reassessed:
            return
        if is_open is False:
            self.found.append(Mismatch("learning.reassessed", given, None, rule))
        else:
            self.gap("learning.reassessed", "có mức sau đánh giá lại nhưng không có kết quả đánh giá lại của môn nào")

    @staticmethod
    def _open_subject(year: Decimal | str | None) -> bool:
        return year == tt22.COMMENT_FAILED if isinstance(year, str) else year is None or year < tt22.REASSESS_BELOW

    def compare(self, path: str, given: str | None, computed: str | None, rule: str) -> None:
        """Note a submitted value that is not ours; where either is missing there is nothing to compare."""
        if given is not None and computed is not None and given != computed:
            self.found.append(Mismatch(path, given, computed, rule))

    def compare_marks(self, path: str, given: Decimal | None, computed: Decimal | None, rule: str) -> None:
        """As :meth:`compare`, by value."""
        if given is not None and computed is not None and given != computed:
            self.found.append(Mismatch(path, mark_text(given), mark_text(computed), rule))

    def gap(self, path: str, reason: str, weight: Weight = Weight.NEEDS_REASON) -> None:
        """Note what cannot be checked."""
        self.gaps.append(Gap(path, reason, weight))

    def mark(self, path: str, text: str | None) -> Decimal | None:
        """A submitted mark; one that is none is noted."""
        try:
            return mark(text)
        except ValueError:
            self.found.append(Mismatch(path, text, None, self._rules.mark))
            return None

    def _without_exemption(self, subject: SubjectYear) -> SubjectYear | None:
        """The subject without the terms the pupil was exempt from; None where he was all year."""
        values = [value for value in (subject.term1, subject.term2, subject.year) if value is not None]
        if not any(is_exempt(value) for value in values):
            return subject
        if self._rules.no_exemption is not None:
            self.found.append(Mismatch(f"subjects.{subject.code}", EXEMPT, None, self._rules.no_exemption))
            return None
        if all(is_exempt(value) for value in values):
            return None
        term1, term2 = (None if is_exempt(value) else value for value in (subject.term1, subject.term2))
        return replace(subject, term1=term1, term2=term2)

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
        computed_year, rule = tt22.year_average(ours["term1"], ours["term2"]), self._rules.year
        if self._one_term(subject):
            computed_year, rule = ours["term1"], self._rules.one_term or rule
        self.compare_marks(f"{path}.year", given_year, computed_year, rule)
        year = (computed_year if computed_year is not None else given_year) if subject.year is not None else None
        self.columns["year"].add(subject.code, year)
        self._again.append(
            _Again(subject.code, year, self.mark(f"{path}.reassessed", subject.reassessed), subject.reassessed)
        )

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
        computed_year, rule = tt22.comment_year(ours["term2"]), self._rules.comment_year
        if self._one_term(subject):
            computed_year, rule = ours["term1"], self._rules.one_term or rule
        self.compare(f"{path}.year", year, computed_year, rule)
        if year is not None:
            year = computed_year or year
        self.columns["year"].add(subject.code, year)
        self._again.append(
            _Again(subject.code, year, self._comment(f"{path}.reassessed", subject.reassessed), subject.reassessed)
        )

    def _one_term(self, subject: SubjectYear) -> bool:
        """Taught in term I only: its year is there, and nothing of term II."""
        return (
            self._rules.one_term is not None
            and subject.term2 is None
            and subject.term1 is not None
            and subject.year is not None
        )

    def _look_for_gaps(self, subject: SubjectYear, term: str) -> None:
        """A value of a term that is missing, or that its single assessments do not give."""
        path, value = f"subjects.{subject.code}.{term}", getattr(subject, term)
        marks = subject.marks.get(term, Marks())
        if value is None:
            if subject.year is not None and not self._may_lack(subject, term):
                self.gap(path, f"không có kết quả {_TERM_NAMES[term]} mà có kết quả cả năm ({self._rules.year})")
        elif not marks.any:
            # Without any single marks in the whole record the source does not submit them: reported once.
            if self._single_marks and not (term == "term1" and self.year.moved_in):
                self.gap(path, f"có kết quả nhưng không có lần kiểm tra, đánh giá nào ({self._rules.complete})")
        elif not subject.comment_only and (missing := self._missing(subject.code, marks)):
            self.gap(path, f"thiếu {', '.join(missing)} ({self._rules.complete})")
        elif not subject.comment_only and (most := self._rules.most_regular) and len(marks.regular) > most:
            self.gap(path, f"có {len(marks.regular)} điểm thường xuyên, nhiều nhất {most} ({self._rules.complete})")

    def _may_lack(self, subject: SubjectYear, term: str) -> bool:
        if term == "term1":
            return subject.term2 is not None and (self._rules.one_term is not None or self.year.absent_pupil_of_term1)
        return self._one_term(subject)

    def _missing(self, code: str, marks: Marks) -> list[str]:
        needed, there = self._rules.regular_needed(code), len(marks.regular)
        return [
            *([f"điểm thường xuyên (có {there}, cần ít nhất {needed})"] if there < needed else []),
            *(["điểm giữa kì"] if marks.midterm is None else []),
            *(["điểm cuối kì"] if marks.final is None else []),
        ]

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
