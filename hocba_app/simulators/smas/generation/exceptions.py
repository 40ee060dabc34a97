"""Pupils by the law's exceptions: each kind once, flagged with its days and decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocba_app.simulators.smas.generation.case import Case
from hocba_app.simulators.smas.generation.marks import Pupil
from hocba_app.simulators.smas.generation.people import ClassPlan, Maker, People, Person

_EXEMPT = "GDTC"
_DECISIONS = (
    "disability_less_demands",
    "disability_not_assessed",
    "disability_own_plan",
    "exempt_subjects",
    "skips_grade",
)


def makers(maker: Maker, people: People, weak: tuple[str, ...]) -> list[Callable[[ClassPlan, Person], Case]]:
    """One for each kind that is made of nothing else."""
    return [
        lambda *_: _not_assessed(maker),
        lambda *_: _own_plan(maker, weak),
        lambda plan, _: _exempt(maker, plan),
        lambda _, pupil: _from_abroad(maker, people, pupil),
        lambda plan, pupil: _skips(maker, people, plan, pupil),
        lambda _, pupil: _guardian(maker, pupil),
        lambda _, pupil: _changed(maker, pupil, "one_word_name", {"full_name": "Póh"}),
        lambda _, pupil: _changed(maker, pupil, "birth_place_unknown", {"birth_place": None}),
    ]


def flags(maker: Maker, *kinds: str, subjects: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Flags that hold from the first day of the school year on."""
    year = maker.spec.first_year
    return [
        {
            "kind": kind,
            "from_date": f"{year}-09-05",
            "to_date": None,
            "decision": f"{number + 11}/QĐ-{year}" if kind in _DECISIONS else None,
            "subjects": list(subjects) if kind == "exempt_subjects" else [],
        }
        for number, kind in enumerate(kinds)
    ]


def less_demands(maker: Maker, weak: tuple[str, ...]) -> Case:
    """Marked as the others on lesser demands; the principal decides."""
    pupil = Pupil(5.7, frozenset(weak), may_fail=True, extra={"decided": "promoted"})
    return Case("disability", pupil, circumstances=flags(maker, "disability_less_demands"))


def _not_assessed(maker: Maker) -> Case:
    pupil = Pupil(6.0, may_fail=True, assessed=False, extra={"decided": "promoted"})
    return Case("not_assessed", pupil, circumstances=flags(maker, "disability_not_assessed"))


def _own_plan(maker: Maker, weak: tuple[str, ...]) -> Case:
    """Two subjects by his own plan, without marks; the others as everybody."""
    pupil = Pupil(6.4, may_fail=True, unmarked=frozenset(weak), extra={"decided": "promoted", "by_plan": True})
    return Case("own_plan", pupil, circumstances=flags(maker, "disability_own_plan"))


def _exempt(maker: Maker, plan: ClassPlan) -> Case:
    """Under TT58 anybody may be exempt from physical education; today only who is disabled."""
    kinds = ("exempt_subjects",) if plan.data["regime"] == "TT26" else ("disability_less_demands", "exempt_subjects")
    pupil = Pupil(7.4, unmarked=frozenset({_EXEMPT}))
    return Case("exempt", pupil, circumstances=flags(maker, *kinds, subjects=(_EXEMPT,)))


def _from_abroad(maker: Maker, people: People, pupil: Person) -> Case:
    people.history[:] = [row for row in people.history if row.data["student_id"] != pupil.id]
    pupil.data |= {"birth_place": "Praha, Cộng hòa Séc", "admission_date": f"{maker.spec.first_year}-09-05"}
    return Case("from_abroad", Pupil(7.6), circumstances=flags(maker, "from_abroad"))


def _skips(maker: Maker, people: People, plan: ClassPlan, pupil: Person) -> Case:
    """He has never been in the grade below: the rows before it are a year later than his class's."""
    rows = [row for row in people.history if row.data["student_id"] == pupil.id]
    below = [row for row in rows if row.data["grade"] == plan.grade - 1]
    people.history[:] = [row for row in people.history if row not in below]
    for row in rows:
        first = int(row.data["school_year"][:4]) + 1
        row.data["school_year"], row.id = f"{first}-{first + 1}", f"{pupil.id}-{first}"
    for key in ("birth_date", "admission_date"):
        pupil.data[key] = f"{int(pupil.data[key][:4]) + 1}{pupil.data[key][4:]}"
    return Case("skips", Pupil(9.1), circumstances=flags(maker, "skips_grade"))


def _guardian(maker: Maker, pupil: Person) -> Case:
    pupil.data |= dict.fromkeys(("father_name", "father_job", "mother_name", "mother_job"))
    pupil.data |= {"guardian_name": maker.names.kinh("Nữ"), "guardian_job": "Làm ruộng"}
    return Case("guardian_only", Pupil(7.5), circumstances=flags(maker, "guardian_only"))


def _changed(maker: Maker, pupil: Person, kind: str, values: dict[str, Any]) -> Case:
    pupil.data |= values
    return Case(kind, Pupil(7.3), circumstances=flags(maker, kind))
