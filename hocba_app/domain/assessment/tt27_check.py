"""A submitted primary year against TT27."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hocba_app.domain.assessment import tt27
from hocba_app.domain.assessment.record import Mismatch, SubjectYear, SubmittedYear
from hocba_app.domain.assessment.tt22 import PROMOTED, REASSESS, RETAINED
from hocba_app.domain.assessment.tt22_check import principal_decides

RULE_SUBJECT = "Mức đạt được của môn học là T, H hoặc C (TT27, Điều 6)"
RULE_TRAIT = "Mức đạt được của phẩm chất, năng lực là T, Đ hoặc C (TT27, Điều 8)"
RULE_SUBJECT_YEAR = "Mức cả năm của môn học là mức đánh giá cuối học kì II (TT27, Điều 6)"
RULE_REASSESSED = "Mức sau khi rèn luyện trong hè tính với kết quả mới của môn học (TT27, Điều 11)"
RULE_TEST = "Điểm bài kiểm tra định kì là số nguyên từ 0 đến 10 (TT27, Điều 7)"
RULE_YEAR = "Mức cả năm theo mức các môn, phẩm chất, năng lực và điểm kiểm tra cuối năm từ 9, 7, 5 (TT27, Điều 9)"
RULE_PROMOTION = "Lên lớp khi đạt từ mức Hoàn thành (TT27, Điều 11)"
RULE_TITLE = "Học sinh Xuất sắc: Hoàn thành xuất sắc; Tiêu biểu: Hoàn thành tốt (TT27, Điều 13)"


class TT27:
    """The regime of grades 1–5."""

    name = "TT27"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return _Check(year).run()


class _Check:
    def __init__(self, year: SubmittedYear) -> None:
        self._year = year
        self._found: list[Mismatch] = []

    def run(self) -> list[Mismatch]:
        year = self._year
        traits = [self._level(f"traits.{name}", level, tt27.TRAIT_LEVELS, RULE_TRAIT) for name, level in year.traits]
        rows = [self._subject(subject) for subject in year.subjects]
        if self._found and any(entry.computed is None for entry in self._found):
            return self._found  # a value that is none leaves the year open
        computed = _year_level(rows, traits, after_summer=False)
        anything_again = any(row.again is not None or row.again_test is not None for row in rows)
        after = _year_level(rows, traits, after_summer=True) if anything_again else None
        self._compare("learning.year", year.learning.get("year"), computed, RULE_YEAR)
        self._compare("learning.reassessed", year.learning.get("reassessed"), after, RULE_REASSESSED)
        if computed is not None and year.learning.get("year") is not None:
            self._promotion_and_title(computed, after)
        return self._found

    def _promotion_and_title(self, computed: str, after: str | None) -> None:
        year = self._year
        incomplete = (after or computed) == tt27.INCOMPLETE
        decided = PROMOTED if not incomplete else RETAINED if after is not None else REASSESS
        # Who was to be helped on in summer and did not come stays down: the school's word stands.
        did_not_come = decided == REASSESS and year.promotion == RETAINED
        if not did_not_come and not principal_decides(year):
            self._compare("promotion", year.promotion, decided, RULE_PROMOTION)
        if not tt27.may_have_title(computed, year.title):
            earned = tt27.EXCELLENT_PUPIL if computed == tt27.EXCELLENT else None
            self._found.append(Mismatch("title", year.title, earned, RULE_TITLE))

    def _subject(self, subject: SubjectYear) -> _Row:
        path = f"subjects.{subject.code}"
        levels = {
            column: self._level(f"{path}.{column}", getattr(subject, column), tt27.SUBJECT_LEVELS, RULE_SUBJECT)
            for column in ("term1", "term2", "year", "reassessed")
        }
        self._compare(f"{path}.year", levels["year"], levels["term2"], RULE_SUBJECT_YEAR)
        year = (levels["term2"] or levels["year"]) if levels["year"] is not None else None
        return _Row(
            year, levels["reassessed"], self._points(f"{path}.test", subject.test), self._points(f"{path}.reassessed_test", subject.reassessed_test),
            not subject.comment_only,
        )

    def _level(self, path: str, given: str | None, levels: Sequence[str], rule: str) -> str | None:
        if given is None or given in levels:
            return given
        self._found.append(Mismatch(path, given, None, rule))
        return None

    def _points(self, path: str, given: str | None) -> int | None:
        try:
            return tt27.points(given)
        except ValueError:
            self._found.append(Mismatch(path, given, None, RULE_TEST))
            return None

    def _compare(self, path: str, given: str | None, computed: str | None, rule: str) -> None:
        if given is not None and computed is not None and given != computed:
            self._found.append(Mismatch(path, given, computed, rule))


@dataclass(frozen=True, slots=True)
class _Row:
    """One subject's year: level and test, and both after the summer."""

    level: str | None
    again: str | None
    test: int | None
    again_test: int | None
    tested: bool
    """Subjects of kind "marked" are those with a year-end test (Art. 7)."""


def _year_level(rows: Sequence[_Row], traits: Sequence[str | None], *, after_summer: bool) -> str | None:
    """None while a subject, quality or test is not there: a gap is the check before locking's matter."""
    levels = [(row.again if after_summer else None) or row.level for row in rows]
    tests = [row.again_test if after_summer and row.again_test is not None else row.test for row in rows if row.tested]
    if None in levels or None in tests or None in traits:
        return None
    return tt27.year_level(
        [level for level in levels if level], [level for level in traits if level], [test for test in tests if test is not None]
    )
