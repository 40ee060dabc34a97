"""One pupil's year of marks, in the live form of a result; and the parts of it that each moment reveals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hocba_app.simulators.smas.generation import wording
from hocba_app.simulators.smas.generation.curriculum import SubjectPlan
from hocba_app.simulators.smas.rules import tt22, tt27
from hocba_app.simulators.smas.rules.regimes import COMPUTE

_TRAINING = {"TT22": ("Tốt", "Khá", "Đạt"), "TT43": ("Tốt", "Khá", "Đạt"), "TT26": ("Tốt", "Khá", "Trung bình")}


@dataclass(slots=True)
class Pupil:
    """How a pupil does; the special cases set it otherwise than chance would."""

    ability: float
    weak: frozenset[str] = frozenset()
    """Subject codes he fails."""
    training: tuple[str, str] | None = None
    absences: tuple[int, int] | None = None
    moved_in: bool = False
    """No term I here."""
    moved_out: bool = False
    """No term II here."""
    may_fail: bool = False
    """Otherwise low marks are lifted until he is promoted."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Values set beside the marks at the year's end."""
    unmarked: frozenset[str] = frozenset()
    """Subject codes he has no marks in."""
    assessed: bool = True
    """Otherwise there are comments and absences only."""


def no_marks(regime: str = "TT22") -> dict[str, Any]:
    """A term nobody has marked yet."""
    marks: dict[str, Any] = {"regular": [], "midterm": None, "final": None}
    return marks if regime != "TT27" else {**marks, "midterm_test": None, "test": None}


def empty_row(regime: str = "TT22") -> dict[str, Any]:
    """One subject of a result nothing has been entered in."""
    row: dict[str, Any] = {
        "term1": None, "term2": None, "year": None, "reassessed": None, "comment": None, "note": None, "by_hand": {},
        "marks": {"term1": no_marks(regime), "term2": no_marks(regime)},
    }  # fmt: skip
    return row if regime != "TT27" else {**row, "test": None, "reassessed_test": None}


def empty_result(
    student_id: str, class_id: str, year: str, regime: str, subject_ids: list[str], grade: int = 0
) -> dict[str, Any]:
    """The live form of a result before anything is entered."""
    result: dict[str, Any] = {
        "student_id": student_id, "class_id": class_id, "school_year": year, "regime": regime,
        "subjects": {subject_id: empty_row(regime) for subject_id in subject_ids},
        "learning": {"term1": None, "term2": None, "year": None, "reassessed": None},
        "training": {"term1": None, "term2": None, "year": None, "reassessed": None},
        "absences": {"term1": None, "term2": None, "year": None}, "promotion": None, "promotion_note": None,
        "title": None, "awards": [],
        "certificates": None, "homeroom_comment": None, "homeroom_comment_after_summer": None,
        "programme_completed": None,
        "decided": None, "wrong": {},
    }  # fmt: skip
    if regime == "TT26":
        result["averages"] = {"term1": None, "term2": None, "year": None, "reassessed": None}
    if regime == "TT27":
        result["absences"] |= {"excused": None, "unexcused": None}
        traits = (tt27.QUALITIES, tt27.GENERAL, tt27.specific(grade))
        result |= {
            key: [{"name": name, "level": None} for name in names]
            for key, names in zip(tt27.TRAITS, traits, strict=True)
        }
        result |= dict.fromkeys(
            ("height_cm", "weight_kg", "qualities_comment", "general_comment", "specific_comment", "outstanding")
        )
    return result


def not_assessed(result: dict[str, Any], pupil: Pupil, codes: Mapping[str, str]) -> None:
    """Take the marks away of which the law asks none; the person who decides says what becomes of the pupil."""
    regime = result["regime"]
    for key, row in result["subjects"].items():
        if not pupil.assessed or codes[key] in pupil.unmarked:
            row["marks"] = {term: no_marks(regime) for term in ("term1", "term2")}
            row["exempt"] = True
            row["comment"] = "Tham gia cùng các bạn, có tiến bộ theo kế hoạch của riêng em."
    if not pupil.assessed:
        result["training"] = dict.fromkeys(result["training"])
        result["by_plan"] = True


def whole_year(
    random: Random, result: dict[str, Any], plans: dict[str, SubjectPlan], grade: int, pupil: Pupil, *, last_grade: bool
) -> None:
    """Fill a result as it is at the end of the year, computed values included."""
    known = {key: {"kind": plan.kind, "code": plan.code} for key, plan in plans.items()}
    compute, choices = COMPUTE[result["regime"]], _TRAINING[result["regime"]]
    terms = [term for term, absent in (("term1", pupil.moved_in), ("term2", pupil.moved_out)) if not absent]
    for key, row in result["subjects"].items():
        _mark_row(random, row, plans[key], grade, pupil, terms)
    first = random.choices(choices, (80, 17, 3))[0]
    second = first if random.random() < 0.8 else random.choice(choices[:2])
    training = pupil.training or (first, second)
    absences = pupil.absences or (max(0, int(random.gauss(1, 2))), max(0, int(random.gauss(1, 2))))
    for number, term in enumerate(("term1", "term2")):
        if term in terms:
            result["training"][term], result["absences"][term] = training[number], absences[number]
    not_assessed(result, pupil, {key: plan.code for key, plan in plans.items()})
    compute(result, known, last_grade=last_grade)
    if not pupil.may_fail and not pupil.moved_out and pupil.assessed and result["promotion"] != "promoted":
        _lift(result)
        compute(result, known, last_grade=last_grade)
    if pupil.moved_out:
        result["homeroom_comment"] = "Chuyển trường trong năm học; ngoan, chấp hành tốt nội quy."
        return
    for key, row in result["subjects"].items():
        plan = plans[key]
        if row["year"] is None:
            continue
        row["comment"] = wording.subject_comment(
            random, plan.code, row["year"], tt22.tenths(row["year"]) if plan.kind == "marked" else None
        )
    result["homeroom_comment"] = wording.homeroom_comment(
        random, result["learning"]["year"] or wording.USUAL[result["regime"]]
    )
    if random.random() < 0.08:
        result["awards"] = [random.choice(wording.AWARDS)]
    if random.random() < 0.02:
        result["certificates"] = random.choice(wording.CERTIFICATES)
    result.update(pupil.extra)
    compute(result, known, last_grade=last_grade)


def _mark_row(
    random: Random, row: dict[str, Any], plan: SubjectPlan, grade: int, pupil: Pupil, terms: list[str]
) -> None:
    if plan.kind == "comment":
        for term in terms:
            value = "CĐ" if plan.code in pupil.weak and term == "term2" else "Đ"
            row["marks"][term] = {"regular": ["Đ", "Đ"], "midterm": "Đ", "final": value}
        return
    weak = plan.code in pupil.weak
    middle = 24.0 if weak else 10 * pupil.ability + random.gauss(0, 6)
    lowest, highest = (20, 30) if weak else (50 if pupil.ability < 6.3 else 40, 100)
    count = tt22.regular_count(plan.periods_in(grade))
    for term in terms:
        drift = random.gauss(1 if term == "term2" else 0, 3)
        regular = [min(highest, max(lowest, 10 * round(random.gauss(middle + drift, 9) / 10))) for _ in range(count)]
        midterm, final = (min(highest, max(lowest, 5 * round(random.gauss(middle + drift, 8) / 5))) for _ in range(2))
        row["marks"][term] = {
            "regular": [_text(mark) for mark in regular],
            "midterm": _text(midterm),
            "final": _text(final),
        }


def _text(tenths: int) -> str:
    return tt22.shown(tenths) if tenths % 10 else str(tenths // 10)


def _lift(result: dict[str, Any]) -> None:
    """No mark below 5: with those the year is at least Đạt."""
    for row in result["subjects"].values():
        for marks in row["marks"].values():
            if marks["final"] in (None, "Đ", "CĐ"):
                continue
            marks["regular"] = [mark if tt22.tenths(mark) >= 50 else "5" for mark in marks["regular"]]
            for key in ("midterm", "final"):
                marks[key] = marks[key] if tt22.tenths(marks[key]) >= 50 else "5"


_IDENTITY = ("student_id", "class_id", "school_year", "regime")
_IN_TERM1 = ("height_cm", "weight_kg")
_AT_YEAR_END = (
    "promotion_note", "awards", "certificates", "homeroom_comment", "decided", "wrong", *tt27.TRAITS,
    "qualities_comment", "general_comment",
    "specific_comment", "outstanding",
)  # fmt: skip


def revealed_in_term1(result: dict[str, Any]) -> dict[str, Any]:
    """What the school has entered when term I ends."""
    return {
        **{key: result[key] for key in (*_IDENTITY, *_IN_TERM1) if key in result},
        "subjects": {key: {"marks": {"term1": row["marks"]["term1"]}} for key, row in result["subjects"].items()},
        "training": {"term1": result["training"]["term1"]}, "absences": {"term1": result["absences"]["term1"]},
    }  # fmt: skip


def revealed_at_year_end(result: dict[str, Any]) -> dict[str, Any]:
    """What is entered from then to the end of May."""
    absences = {key: result["absences"][key] for key in ("term2", "unexcused") if key in result["absences"]}
    return {
        **{key: result[key] for key in (*_IDENTITY, *_IN_TERM1, *_AT_YEAR_END) if key in result},
        "subjects": {
            key: {"marks": {"term2": row["marks"]["term2"]}, "comment": row["comment"]} for key, row in result["subjects"].items()
        },
        "training": {"term2": result["training"]["term2"]}, "absences": absences,
    }  # fmt: skip
