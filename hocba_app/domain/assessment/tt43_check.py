"""A submitted year of a centre of continuing education against TT43/2021.

It has the two forms of assessment, the averages and the four levels of TT22, and promotion, summer training and re-assessment of its
own Articles 11 to 13. How many subjects its levels count, of the fewer that are taught, was not found (unconfirmed: gdtx): a level or
title that some number gives is not called wrong, and the year says that it was not checked to the end.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hocba_app.domain.assessment.record import Gap, Judgement, Mismatch, SubmittedYear, Weight
from hocba_app.domain.assessment.tt22_check import RULE_PROMOTION, RULE_REASSESS, SUBJECTS, Check

_ARTICLES = {RULE_PROMOTION: "TT43/2021, Điều 11", RULE_REASSESS: "TT43/2021, Điều 13"}
_TEXT = re.compile(r"TT22, Điều [0-9]+( khoản [0-9, ]+)?")
_NOT_COUNTED = "số môn làm căn cứ xếp mức ở trung tâm giáo dục thường xuyên chưa xác nhận được (TT43/2021)"


class _Centre(Check):
    counts = (6, 5, 4, 3)


class TT43:
    """The regime of centres of continuing education."""

    name = "TT43"

    def check(self, year: SubmittedYear) -> list[Mismatch]:
        """Every submitted value the rules do not give, in the order of the form."""
        return list(self.judge(year).mismatches)

    def judge(self, year: SubmittedYear) -> Judgement:
        """What the rules do not give, and what they cannot be applied to."""
        found = _Centre(year, SUBJECTS).run()
        mismatches = tuple(replace(each, rule=_cited(each.rule)) for each in found.mismatches)
        gaps = tuple(replace(gap, reason=_cited(gap.reason)) for gap in found.gaps)
        return Judgement(mismatches, (*gaps, Gap("learning", _NOT_COUNTED, Weight.REPORTED)))


def _cited(rule: str) -> str:
    """The same rule by this circular; its articles where they are known."""
    return _TEXT.sub(_ARTICLES.get(rule, "TT43/2021"), rule)
