"""One primary pupil's year under TT27, in the live form of a result."""

from __future__ import annotations

from random import Random
from typing import Any

from hocba_app.simulators.smas.generation import wording
from hocba_app.simulators.smas.generation.curriculum import SubjectPlan
from hocba_app.simulators.smas.generation.marks import Pupil, not_assessed
from hocba_app.simulators.smas.rules import tt27


def whole_year(
    random: Random, result: dict[str, Any], plans: dict[str, SubjectPlan], grade: int, pupil: Pupil, *, last_grade: bool
) -> None:
    """Fill a result as it is at the end of the year, computed values included."""
    terms = [term for term, absent in (("term1", pupil.moved_in), ("term2", pupil.moved_out)) if not absent]
    ability = pupil.ability + 0.7  # primary marks run higher
    for key, row in result["subjects"].items():
        plan = plans[key]
        for term in terms:
            row["marks"][term] = _term(random, plan, grade, ability, weak=plan.code in pupil.weak)
    for term in terms:
        result["absences"][term] = max(0, int(random.gauss(1, 2)))
    result["absences"]["unexcused"] = int(random.random() < 0.1)
    result["height_cm"] = str(108 + 6 * grade + random.randrange(-8, 9))
    result["weight_kg"] = str(16 + 3 * grade + random.randrange(-4, 8))
    if pupil.moved_out:
        result["homeroom_comment"] = "Chuyển trường trong năm học; ngoan, lễ phép."
    else:
        _traits(random, result, ability)
    known = {key: {"kind": plan.kind, "code": plan.code} for key, plan in plans.items()}
    not_assessed(result, pupil, {key: plan.code for key, plan in plans.items()})
    if not pupil.assessed:
        for name in tt27.TRAITS:
            result[name] = [{**trait, "level": None} for trait in result[name]]
    result.update(pupil.extra)
    tt27.compute(result, known, last_grade=last_grade)
    if pupil.moved_out:
        return
    for row in result["subjects"].values():
        if row["year"] is not None:
            row["comment"] = wording.primary_comment(random, row["year"])
    result["homeroom_comment"] = wording.homeroom_comment(
        random, result["learning"]["year"] or wording.USUAL[result["regime"]]
    )
    result["outstanding"] = result["learning"]["year"] == tt27.GOOD and random.random() < 0.5
    if random.random() < 0.08:
        result["awards"] = [random.choice(wording.AWARDS)]
    tt27.compute(result, known, last_grade=last_grade)


def _term(random: Random, plan: SubjectPlan, grade: int, ability: float, *, weak: bool) -> dict[str, Any]:
    good = random.random() < min(0.99, max(0.2, (ability - 5.5) / 2.6))
    level = "C" if weak else "T" if good else "H"
    marks: dict[str, Any] = {
        "regular": [],
        "midterm": "H" if weak else level,
        "final": level,
        "midterm_test": None,
        "test": None,
    }
    if plan.kind == "marked":
        lowest, highest = {"C": (3, 4), "H": (5, 8), "T": (7, 10)}[level]
        marks["test"] = str(min(highest, max(lowest, round(random.gauss(ability + 0.4, 0.7)))))
        if grade >= 4 and plan.code in ("TV", "TOAN", "TOANTH"):
            marks["midterm_test"] = str(min(10, max(lowest, round(random.gauss(ability, 0.8)))))
    return marks


def _traits(random: Random, result: dict[str, Any], ability: float) -> None:
    steady = ability > 8 or random.random() < 0.5
    for key, comment in zip(tt27.TRAITS, ("qualities_comment", "general_comment", "specific_comment"), strict=True):
        for trait in result[key]:
            trait["level"] = "T" if steady or random.random() < 0.75 else "Đ"
        result[comment] = random.choice(wording.TRAIT_COMMENTS[key])
