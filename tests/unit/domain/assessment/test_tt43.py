"""Centres of continuing education: averages, training and promotion as of TT43/2021; a level some count of subjects gives is not wrong."""

from __future__ import annotations

from typing import Any

import pytest

from hocba_app.domain.assessment.record import Judgement, Weight
from hocba_app.domain.assessment.regimes import kind_of, regime, regime_in_force
from hocba_app.domain.assessment.stored_result import judge
from hocba_app.simulators.smas.generation.curriculum import CENTRE_SUBJECTS, curriculum
from hocba_app.simulators.smas.generation.year import generate
from hocba_app.simulators.smas.spec import parse

CODES = ("VAN", "TOAN", "LS", "DL", "GDKTPL", "SH", "TIN")
GOOD = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}


def judged(marks: dict[str, str], level: str, **other: Any) -> Judgement:
    def row(code: str, value: str) -> dict[str, Any]:
        single = {"regular": [value] * 4, "midterm": value, "final": value}
        mean = f"{value}.0"
        return {
            "subject_code": code, "term1": mean, "term2": mean, "year": mean, "reassessed": None,
            "marks": {"term1": single, "term2": single},
        }  # fmt: skip

    payload = {
        "regime": "TT43", "subjects": [row(code, marks.get(code, "7")) for code in CODES],
        "learning": dict.fromkeys(("term1", "term2", "year"), level) | {"reassessed": None}, "training": GOOD,
        "absences": {"term1": 1, "term2": 0, "year": 1}, "promotion": "promoted", "promotion_note": None, "title": None,
    }  # fmt: skip
    return judge(payload | other, dict.fromkeys(CODES, "marked"), "2025-2026", grade=10)


def test_a_class_of_a_centre_has_a_text_of_its_own() -> None:
    assert regime_in_force(10, 2025) == "TT22" and regime_in_force(10, 2025, "continuing") == "TT43"
    assert kind_of("TT43") == "continuing" and kind_of("TT22") == "general"
    assert regime("TT43", 2025) is not None and regime_in_force(12, 2022, "continuing") is None


@pytest.mark.parametrize(("level", "wrong"), [("Khá", False), ("Tốt", False), ("Đạt", True), ("Chưa đạt", True)])
def test_a_level_some_count_gives_is_not_called_wrong(level: str, wrong: bool) -> None:
    """Four of seven subjects reach 8.0: Khá where six must, Tốt where four must."""
    found = judged(dict.fromkeys(("VAN", "TOAN", "LS", "DL"), "8"), level)
    assert bool([each for each in found.mismatches if each.field == "learning.year"]) is wrong
    assert [gap.weight for gap in found.gaps if gap.field == "learning"] == [Weight.REPORTED]


def test_rules_are_cited_by_its_own_articles() -> None:
    found = judged({}, "Khá", promotion="retained")
    assert [(each.field, "TT43/2021, Điều 11" in each.rule) for each in found.mismatches] == [("promotion", True)]
    assert not any("TT22" in each.rule for each in found.mismatches)
    absent = judged({}, "Khá", absences={"term1": 40, "term2": 6, "year": 46})
    assert [each.field for each in absent.mismatches] == ["promotion"]


def test_a_generated_centre_teaches_fewer_subjects() -> None:
    plans = curriculum("upper_secondary", 2025, centre=True)
    assert {plan.code for plan in plans} == CENTRE_SUBJECTS
    script = generate(parse("upper_secondary:students=6,centre=1,moment=september"))
    assert script.school["code"].startswith("797") and script.school["name"].startswith("Trung tâm")
    classes = [entry.values for entry in script.entries["september"] if entry.resource == "classes"]
    assert {data["regime"] for data in classes} == {"TT43"}
    for text in ("primary:centre=1", "upper_secondary:centre=2"):
        with pytest.raises(ValueError, match="centre"):
            parse(text)
