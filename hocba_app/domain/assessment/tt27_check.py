"""A submitted primary year against TT27."""

from __future__ import annotations

from hocba_app.domain.assessment import tt27
from hocba_app.domain.assessment.record import Mismatch, SubmittedYear
from hocba_app.domain.assessment.tt22 import PROMOTED
from hocba_app.domain.assessment.tt22_check import principal_decides

RULE_SUBJECT = "Mức đạt được của môn học là T, H hoặc C (TT27, Điều 6)"
RULE_TRAIT = "Mức đạt được của phẩm chất, năng lực là T, Đ hoặc C (TT27, Điều 8)"
RULE_TEST = "Điểm bài kiểm tra định kì là số nguyên từ 0 đến 10 (TT27, Điều 7)"
RULE_YEAR = "Mức cả năm theo mức các môn, phẩm chất, năng lực và điểm kiểm tra cuối năm từ 9, 7, 5 (TT27, Điều 9)"
RULE_PROMOTION = "Lên lớp khi đạt từ mức Hoàn thành (TT27, Điều 11)"
RULE_TITLE = "Học sinh Xuất sắc: Hoàn thành xuất sắc; Tiêu biểu: Hoàn thành tốt (TT27, Điều 13)"


class TT27:
    """The regime of grades 1–5."""

    name = "TT27"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        found: list[Mismatch] = []
        subjects, tests, traits = [], [], []
        for subject in year.subjects:
            path = f"subjects.{subject.code}"
            if subject.year in tt27.SUBJECT_LEVELS:
                subjects.append(subject.year)
            elif subject.year is not None:
                found.append(Mismatch(f"{path}.year", subject.year, None, RULE_SUBJECT))
            try:
                test = tt27.points(subject.test)
            except ValueError:
                found.append(Mismatch(f"{path}.test", subject.test, None, RULE_TEST))
            else:
                tests += [test] if test is not None else []
        for name, level in year.traits:
            if level in tt27.TRAIT_LEVELS:
                traits.append(level)
            elif level is not None:
                found.append(Mismatch(f"traits.{name}", level, None, RULE_TRAIT))
        # A gap – a subject or quality not judged yet – or a value that is none leaves the year open.
        whole = not found and len(subjects) == len(year.subjects) and len(traits) == len(year.traits)
        computed = tt27.year_level(subjects, traits, tests) if whole else None
        given = year.learning.get("year")
        if computed is None or given is None:
            return found
        if given != computed:
            found.append(Mismatch("learning.year", given, computed, RULE_YEAR))
        after = year.learning.get("reassessed") or computed
        incomplete = after == tt27.INCOMPLETE
        if year.promotion is not None and (year.promotion == PROMOTED) == incomplete and not principal_decides(year):
            found.append(Mismatch("promotion", year.promotion, "reassess" if incomplete else PROMOTED, RULE_PROMOTION))
        if not tt27.may_have_title(computed, year.title):
            earned = tt27.EXCELLENT_PUPIL if computed == tt27.EXCELLENT else None
            found.append(Mismatch("title", year.title, earned, RULE_TITLE))
        return found
