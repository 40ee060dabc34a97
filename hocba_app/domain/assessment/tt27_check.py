"""A submitted primary year against TT27."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hocba_app.domain.assessment import tt27
from hocba_app.domain.assessment.record import Gap, Judgement, Mismatch, SubjectYear, SubmittedYear, Weight
from hocba_app.domain.assessment.result_gaps import principal_decides
from hocba_app.domain.assessment.tt22 import PROMOTED, REASSESS, RETAINED

RULE_SUBJECT = "Mức đạt được của môn học là T, H hoặc C (TT27, Điều 6)"
RULE_TRAIT = "Mức đạt được của phẩm chất, năng lực là T, Đ hoặc C (TT27, Điều 8)"
RULE_SUBJECT_YEAR = "Mức cả năm của môn học là mức đánh giá cuối học kì II (TT27, Điều 6)"
RULE_REASSESSED = "Mức sau khi rèn luyện trong hè tính với kết quả mới của môn học (TT27, Điều 11)"
RULE_AGAIN = (
    "Chỉ đánh giá bổ sung môn học ở mức C hoặc có bài kiểm tra dưới 5 điểm, phẩm chất, năng lực ở mức C (TT27, Điều 11)"
)
RULE_TEST = "Điểm bài kiểm tra định kì là số nguyên từ 0 đến 10 (TT27, Điều 7)"
RULE_YEAR = "Mức cả năm theo mức các môn, phẩm chất, năng lực và điểm kiểm tra cuối năm từ 9, 7, 5 (TT27, Điều 9)"
RULE_PROMOTION = "Lên lớp khi đạt từ mức Hoàn thành (TT27, Điều 11)"
RULE_TITLE = "Học sinh Xuất sắc: Hoàn thành xuất sắc; Tiêu biểu: Hoàn thành tốt (TT27, Điều 13)"


class TT27:
    """The regime of grades 1–5."""

    name = "TT27"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return list(self.judge(year).mismatches)

    def judge(self, year: SubmittedYear) -> Judgement:
        """What the rules do not give, and what they cannot be applied to."""
        return _Check(year).run()


class _Check:
    def __init__(self, year: SubmittedYear) -> None:
        self._year = year
        self._found: list[Mismatch] = []
        self._gaps: list[Gap] = []

    def run(self) -> Judgement:
        self._levels()
        return Judgement(tuple(self._found), tuple(self._gaps))

    def _levels(self) -> None:
        year = self._year
        traits = [self._level(f"traits.{name}", level, tt27.TRAIT_LEVELS, RULE_TRAIT) for name, level in year.traits]
        again = [
            self._level(f"traits.{name}", year.traits_reassessed.get(name), tt27.TRAIT_LEVELS, RULE_TRAIT)
            for name, _ in year.traits
        ]
        rows = [self._subject(subject) for subject in year.subjects]
        self._look_for_gaps(rows)
        if self._found and any(entry.computed is None for entry in self._found):
            return  # a value that is none leaves the year open
        rows, again = [self._open_row(row) for row in rows], self._open_traits(traits, again)
        computed = _year_level(rows, traits, after_summer=False)
        anything_again = any(row.again is not None or row.again_test is not None for row in rows) or any(again)
        traits_after = [new or old for new, old in zip(again, traits, strict=True)]
        after = _year_level(rows, traits_after, after_summer=True) if anything_again else None
        if after is None and computed == tt27.INCOMPLETE and year.promotion == PROMOTED:
            after = self._traits_alone(rows)
        self._compare("learning.year", year.learning.get("year"), computed, RULE_YEAR)
        self._compare("learning.reassessed", year.learning.get("reassessed"), after, RULE_REASSESSED)
        if after is None and computed not in (None, tt27.INCOMPLETE) and year.learning.get("reassessed") is not None:
            self._found.append(Mismatch("learning.reassessed", year.learning["reassessed"], None, RULE_AGAIN))
        if computed is not None and year.learning.get("year") is not None:
            self._promotion_and_title(computed, after)

    def _open_row(self, row: _Row) -> _Row:
        """The subject without a supplementary assessment that was not open in it, which is noted."""
        if row.again is None and row.again_test is None:
            return row
        if row.level in (None, tt27.NOT_DONE) or (row.test is not None and row.test < tt27.TEST_PASSED):
            return row
        for name, value in (("reassessed", row.again), ("reassessed_test", row.again_test)):
            if value is not None:
                self._found.append(Mismatch(f"subjects.{row.code}.{name}", str(value), None, RULE_AGAIN))
        return replace(row, again=None, again_test=None)

    def _open_traits(self, traits: Sequence[str | None], again: Sequence[str | None]) -> list[str | None]:
        """The same for qualities and competencies."""
        opened: list[str | None] = []
        for (name, _), level, new in zip(self._year.traits, traits, again, strict=True):
            is_open = level in (None, tt27.NEEDS_EFFORT)
            if new is not None and not is_open:
                self._found.append(Mismatch(f"traits.{name}", new, None, RULE_AGAIN))
            opened.append(new if is_open else None)
        return opened

    def _traits_alone(self, rows: Sequence[_Row]) -> str | None:
        """The level with the supplementary assessment of qualities and competencies, which SMAS does not submit, taken as passed.

        Art. 11.1b–c opens it for them too and leaves the decision to the principal: promoted if he decides so. None where a
        subject or a test holds the pupil as well.
        """
        after = _year_level(rows, [tt27.PASS for _ in self._year.traits], after_summer=True)
        if after in (None, tt27.INCOMPLETE):
            return None
        if self._year.learning.get("reassessed") is None:
            self._gaps.append(
                Gap(
                    "promotion",
                    "lên lớp sau đánh giá bổ sung phẩm chất, năng lực nhưng không có kết quả đánh giá bổ sung (TT27, Điều 11)",
                )
            )
        return after

    def _look_for_gaps(self, rows: Sequence[_Row]) -> None:
        year = self._year
        if year.learning.get("year") is None:
            weight = Weight.NEEDS_REASON if principal_decides(year) else Weight.BLOCKS
            self._gaps.append(Gap("learning.year", "còn trống (TT27, Điều 9)", weight))
        unrated = [name for name, level in year.traits if level is None]
        if unrated or not year.traits:
            what = f"chưa có mức: {', '.join(unrated)}" if unrated else "không có phẩm chất, năng lực nào"
            self._gaps.append(Gap("traits", f"{what} (TT27, Điều 8)"))
        for subject, row in zip(year.subjects, rows, strict=True):
            if row.tested and subject.test is None:
                self._gaps.append(
                    Gap(f"subjects.{subject.code}.test", "không có điểm kiểm tra định kì cuối năm (TT27, Điều 7)")
                )
        if year.title is not None and not any(row.level for row in rows):
            self._gaps.append(Gap("title", "có danh hiệu nhưng không có mức cả năm của môn nào (TT27, Điều 13)"))

    def _promotion_and_title(self, computed: str, after: str | None) -> None:
        year = self._year
        incomplete = (after or computed) == tt27.INCOMPLETE
        decided = PROMOTED if not incomplete else RETAINED if after is not None else REASSESS
        # Who was to be helped on in summer and did not come stays down: the school decides.
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
            subject.code,
            year,
            levels["reassessed"],
            self._points(f"{path}.test", subject.test),
            self._points(f"{path}.reassessed_test", subject.reassessed_test),
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

    code: str
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
        [level for level in levels if level],
        [level for level in traits if level],
        [test for test in tests if test is not None],
    )
