"""Pupils by the law's exceptions: a flag relaxes what its article takes from the checks, while it holds, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from hocba_app.domain.assessment.record import Judgement
from hocba_app.domain.assessment.stored_result import judge
from hocba_app.domain.circumstances import KINDS, WORDS, Circumstance, Kind, circumstances, of_year, relief, sentence

YEAR = "2025-2026"
NONE = {"term1": None, "term2": None, "year": None, "reassessed": None}
SINGLE = {"regular": ["7", "7", "7", "7"], "midterm": "7", "final": "7"}
COMMENTED = {"regular": ["Đ", "Đ"], "midterm": "Đ", "final": "Đ"}
CODES = ("TOAN", "VAN", "NN1", "LSDL", "KHTN", "CN", "TIN", "GDCD")
KINDS_OF = dict.fromkeys(CODES, "marked") | {"GDTC": "comment"}


def row(code: str, value: str | None) -> dict[str, Any]:
    marks = None if value is None else COMMENTED if value == "Đ" else SINGLE
    return {
        "subject_code": code, "term1": value, "term2": value, "year": value, "reassessed": None,
        "marks": marks and {"term1": marks, "term2": marks},
    }  # fmt: skip


def year(**other: Any) -> dict[str, Any]:
    """7.0 in every subject: Khá."""
    good = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}
    level = dict.fromkeys(("term1", "term2", "year"), "Khá") | {"reassessed": None}
    given = {
        "regime": "TT22", "subjects": [*(row(code, "7.0") for code in CODES), row("GDTC", "Đ")], "learning": level,
        "training": good, "absences": {"term1": 1, "term2": 0, "year": 1}, "promotion": "promoted",
        "promotion_note": None, "title": None,
    }  # fmt: skip
    return given | other


def judged(payload: dict[str, Any], *flags: Circumstance) -> Judgement:
    return judge(payload, KINDS_OF, YEAR, grade=6, flags=flags)


def blank() -> dict[str, Any]:
    return year(subjects=[row(code, None) for code in (*CODES, "GDTC")], learning=NONE, training=NONE)


def test_who_is_not_assessed_owes_no_result_by_article_11() -> None:
    assert judged(blank()).gaps, "without the flag everything is missing"
    found = judged(blank(), Circumstance(Kind.NOT_ASSESSED))
    assert (found.mismatches, found.gaps) == ((), ())
    assert {each.article for each in found.relaxed} == {"TT22, Điều 11"}
    assert "learning.year" in {each.field for each in found.relaxed}


@pytest.mark.parametrize(
    ("regime", "article"), [("TT22", "TT22, Điều 11"), ("TT26", "TT58, Điều 14"), ("TT27", "TT27, Điều 8")]
)
def test_each_regime_names_its_own_article(regime: str, article: str) -> None:
    for kind in (Kind.NOT_ASSESSED, Kind.OWN_PLAN, Kind.LESS_DEMANDS):
        assert relief([Circumstance(kind)], regime, YEAR).head_decides == article


def test_a_title_and_a_mark_that_is_none_are_found_all_the_same() -> None:
    payload = blank() | {"title": "Học sinh Giỏi"}
    payload["subjects"][0] |= {"year": "11"}
    found = judged(payload, Circumstance(Kind.NOT_ASSESSED))
    assert [entry.field for entry in found.mismatches] == ["subjects.TOAN.year"]
    assert [gap.field for gap in found.gaps] == ["title"]


def test_lesser_demands_leave_the_marks_to_the_rules_and_promotion_to_the_head() -> None:
    weak = [row(code, "3.0") if code in ("TOAN", "NN1") else row(code, "7.0") for code in CODES]
    for entry in weak[0], weak[2]:
        entry["marks"] = {term: {"regular": ["3"] * 4, "midterm": "3", "final": "3"} for term in ("term1", "term2")}
    failed = dict.fromkeys(("term1", "term2", "year"), "Chưa đạt") | {"reassessed": None}
    payload = year(subjects=[*weak, row("GDTC", "Đ")], learning=failed)
    assert [entry.field for entry in judged(payload).mismatches] == ["promotion"]
    assert judged(payload, Circumstance(Kind.LESS_DEMANDS)).mismatches == ()
    wrong = payload | {"learning": failed | {"year": "Đạt"}}
    found = judged(wrong, Circumstance(Kind.LESS_DEMANDS))
    assert [entry.field for entry in found.mismatches] == ["learning.year"], "the level is still that of the marks"


def test_by_his_own_plan_levels_are_the_plans() -> None:
    payload = year(
        subjects=[row(code, None if code == "TOAN" else "7.0") for code in CODES] + [row("GDTC", "Đ")],
        learning=dict.fromkeys(("term1", "term2", "year"), "Đạt") | {"reassessed": None},
    )
    found = judged(payload, Circumstance(Kind.OWN_PLAN))
    assert (found.mismatches, found.gaps) == ((), ())
    assert {each.field for each in found.relaxed} == {"learning.term1", "learning.term2", "learning.year"}


def test_an_exemption_needs_a_disability_under_tt22_and_none_under_tt58() -> None:
    exempt = Circumstance(Kind.EXEMPT, subjects=("GDTC",))
    assert relief([exempt], "TT22", YEAR).exempt == {}
    assert relief([exempt, Circumstance(Kind.LESS_DEMANDS)], "TT22", YEAR).exempt == {"GDTC": "TT22, Điều 11"}
    assert relief([exempt], "TT26", "2019-2020").exempt == {"GDTC": "TT58, Điều 12"}


def test_miễn_stands_with_the_flag_and_a_mark_counts_whatever_the_flag_says() -> None:
    flags = (Circumstance(Kind.EXEMPT, subjects=("GDTC",)), Circumstance(Kind.LESS_DEMANDS))
    others = [row(code, "7.0") for code in CODES]
    for value in ("Miễn", None):
        payload = year(subjects=[*others, row("GDTC", None) | dict.fromkeys(("term1", "term2", "year"), value)])
        assert judged(payload, *flags).mismatches == () and judged(payload, *flags).gaps == ()
    failed = year(subjects=[*others, row("GDTC", None) | dict.fromkeys(("term1", "term2", "year"), "CĐ")])
    assert "learning.year" in [entry.field for entry in judged(failed, *flags).mismatches]


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [("", "", True), ("2025-09-05", "", True), ("", "2026-01-10", False), ("2026-06-01", "", False)],
)
def test_a_flag_holds_between_its_days(first: str, last: str, holds: bool) -> None:
    flag = Circumstance(Kind.NOT_ASSESSED, first, last)
    assert bool(of_year([flag], YEAR)) is holds
    assert bool(judged(blank(), flag).gaps) is not holds


def test_the_forms_words() -> None:
    assert set(WORDS) == set(KINDS)
    stored = [{"kind": "exempt_subjects", "from_date": "2025-09-05", "decision": "12/QĐ-THCS", "subjects": ["GDTC"]}]
    (flag,) = circumstances(stored)
    assert sentence(flag, {"GDTC": "Giáo dục thể chất"}.__getitem__) == (
        "Miễn học: Giáo dục thể chất (12/QĐ-THCS; từ ngày 05/09/2025)"
    )
    assert circumstances(None) == ()
