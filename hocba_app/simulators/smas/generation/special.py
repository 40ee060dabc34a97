"""The special cases of a year, each given to a pupil of its own, and the results that are wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hocba_app.simulators.smas.generation import exceptions
from hocba_app.simulators.smas.generation.case import Case
from hocba_app.simulators.smas.generation.marks import Pupil
from hocba_app.simulators.smas.generation.people import ClassPlan, Maker, People, Person, decomposed
from hocba_app.simulators.smas.rules import tt22

_WEAK = {
    "lower_secondary": ("TOAN", "NN1", "GDCD"),
    "upper_secondary": ("TOAN", "NN1", "LS"),
    "primary": ("TOAN", "TV", ""),
}
"""Subjects that are failed: two of a pupil to be re-assessed, and one that fails alone."""


def assign(random: Random, maker: Maker, people: People) -> dict[str, Case]:
    """Give the cases to pupils, from class to class in turn; a school with too few pupils has fewer cases.

    Returns:
        Cases by student id. Up to two pupils more than ``students`` have moved out.
    """
    primary = maker.spec.level == "primary"
    makers: list[Callable[[ClassPlan, Person], Case]] = [
        lambda plan, pupil: _moved_in(maker, plan, pupil), lambda plan, _: _moved_out(maker, people, plan),
        lambda *_: _reassessed(maker), lambda *_: _stays_down(maker), lambda *_: exceptions.less_demands(maker, _WEAK[maker.spec.level][:2]),
        lambda _, pupil: _changed(pupil, "no_id_number", {"id_number": None}), lambda _, pupil: _nfd(pupil),
        lambda plan, pupil: _repeats(maker, people, plan, pupil), lambda _,
        pupil: _changed(pupil, "no_photo", {"photo_sha256": None}),
    ]  # fmt: skip
    if not primary:
        makers += [
            lambda plan, _: _summer_training(plan),
            lambda *_: Case("absent", Pupil(6.8, absences=(20, 26), may_fail=True)),
            lambda *_: Case("one_subject", Pupil(9.0, frozenset({_WEAK[maker.spec.level][2]}), may_fail=True)),
        ]  # fmt: skip
    makers.append(lambda plan, _: _left_early(maker, people, plan))
    makers += exceptions.makers(maker, people, _WEAK[maker.spec.level][:2])
    cases: dict[str, Case] = {}
    used: set[str] = set()
    for number, make in enumerate(makers):
        plan = people.classes[number % len(people.classes)]
        free = [pupil for pupil in plan.pupils if pupil.id not in used]
        if len(free) < 3:
            continue
        pupil = random.choice(free)
        before = {other.id for other in plan.pupils}
        case = make(plan, pupil)
        pupil = next((other for other in plan.pupils if other.id not in before), pupil)
        used.add(pupil.id)
        cases[pupil.id] = case
    return cases


def _day(maker: Maker, month: int, day: int) -> str:
    return f"{maker.spec.first_year + (month < 8)}-{month:02d}-{day:02d}"


def _moved_in(maker: Maker, plan: ClassPlan, pupil: Person) -> Case:
    day = _day(maker, 1, 12)
    pupil.data["admission_date"] = day
    return Case(
        "moved_in",
        Pupil(7.2, moved_in=True),
        enrolment={"status": "moved_in", "from_date": day, "note": "Chuyển đến từ Trường khác đầu học kì II"},
    )


def _moved_out(maker: Maker, people: People, plan: ClassPlan) -> Case:
    """One more than the school has at the year's end."""
    plan.pupils.append(maker.pupil(people, plan))
    day = _day(maker, 1, 9)
    return Case(
        "moved_out",
        Pupil(7.0, moved_out=True),
        enrolment={"status": "moved_out", "to_date": day, "note": f"Chuyển đi ngày {day[8:]}/{day[5:7]}/{day[:4]}"},
    )


def _left_early(maker: Maker, people: People, plan: ClassPlan) -> Case:
    """One more again, who left before anything was entered about him."""
    case = _moved_out(maker, people, plan)
    day = _day(maker, 9, 30)
    leaving = {"status": "moved_out", "to_date": day, "note": f"Chuyển đi ngày {day[8:]}/{day[5:7]}/{day[:4]}"}
    return Case("left_early", case.pupil, enrolment=leaving)


def _after(maker: Maker, *values: str) -> dict[str, Any]:
    """New results of the two subjects he failed; in a primary school a level and the mark of the test."""
    codes = _WEAK[maker.spec.level][:2]
    if maker.spec.level == "primary":
        rows = [{"reassessed": "H" if int(value) >= 5 else "C", "reassessed_test": value} for value in values]
    else:
        rows = [{"reassessed": f"{value}.0"} for value in values]
    return {f"{maker.spec.code}-{code}": row for code, row in zip(codes, rows, strict=True)}


def _reassessed(maker: Maker) -> Case:
    comment = "Đã chăm chỉ ôn tập trong hè, đạt yêu cầu đánh giá lại."
    pupil = Pupil(5.8, frozenset(_WEAK[maker.spec.level][:2]), may_fail=True)
    return Case("reassessed", pupil, {"subjects": _after(maker, "6", "5"), "homeroom_comment_after_summer": comment})


def _stays_down(maker: Maker) -> Case:
    comment = "Chưa đạt yêu cầu đánh giá lại, cần học lại chương trình lớp này."
    pupil = Pupil(5.6, frozenset(_WEAK[maker.spec.level][:2]), may_fail=True)
    return Case("stays_down", pupil, {"subjects": _after(maker, "3", "4"), "homeroom_comment_after_summer": comment})


def _summer_training(plan: ClassPlan) -> Case:
    lowest, passed = ("Yếu", "Trung bình") if plan.data["regime"] == "TT26" else ("Chưa đạt", "Đạt")
    comment = "Hoàn thành rèn luyện trong hè, có tiến bộ."
    pupil = Pupil(7.2, training=(passed, lowest), may_fail=True)
    return Case(
        "summer_training", pupil, {"training": {"reassessed": passed}, "homeroom_comment_after_summer": comment}
    )


def _changed(pupil: Person, name: str, values: dict[str, Any]) -> Case:
    pupil.data.update(values)
    return Case(name, Pupil(7.5))


def _nfd(pupil: Person) -> Case:
    decomposed(pupil)
    return Case("nfd", Pupil(7.8))


def _repeats(maker: Maker, people: People, plan: ClassPlan, pupil: Person) -> Case:
    year = maker.spec.first_year - 1
    earlier = [row for row in people.history if row.data["student_id"] == pupil.id]
    for row in earlier:  # everything before is a year earlier than for his class
        first = int(row.data["school_year"][:4]) - 1
        row.data["school_year"], row.id = f"{first}-{first + 1}", f"{pupil.id}-{first}"
    pupil.data["birth_date"] = f"{int(pupil.data['birth_date'][:4]) - 1}{pupil.data['birth_date'][4:]}"
    pupil.data["admission_date"] = f"{int(pupil.data['admission_date'][:4]) - 1}-09-05"
    maker.earlier_year(people, pupil, year, plan.grade, plan.data["name"], "retained", "Ở lại lớp")
    return Case("repeats", Pupil(6.2), circumstances=exceptions.flags(maker, "repeats_grade"))


def wrong_results(random: Random, results: list[dict[str, Any]], code: str) -> None:
    """Make a handful of results wrong, one value each: what the check before locking must find, no more and no fewer.

    Args:
        results: of pupils without a case, all promoted.
        code: of the school; subject ids begin with it.
    """

    def level(result: dict[str, Any]) -> dict[str, str | None]:
        good, less = {"TT22": ("Tốt", "Khá"), "TT26": ("Giỏi", "Khá"), "TT27": ("Hoàn thành tốt", "Hoàn thành")}[
            result["regime"]
        ]
        return {"learning.year": less if result["learning"]["year"] != less else good}

    def title(result: dict[str, Any]) -> dict[str, str | None]:
        highest = {"TT22": "Học sinh Giỏi", "TT26": "Học sinh giỏi", "TT27": "Học sinh Xuất sắc"}[result["regime"]]
        return {"title": None if result["title"] == highest else highest}

    everywhere, secondary = ("TT22", "TT26", "TT27"), ("TT22", "TT26")
    makers: list[tuple[tuple[str, ...], Callable[[dict[str, Any]], dict[str, str | None]]]] = [
        (everywhere, level),
        (everywhere, title),
        (everywhere, lambda _: {"promotion": "retained"}),
        (secondary, lambda result: {"subjects.TOAN.year": _other(result["subjects"][f"{code}-TOAN"]["year"], 3)}),
        (secondary, lambda result: {"subjects.VAN.term2": _other(result["subjects"][f"{code}-VAN"]["term2"], 2)}),
        # Conduct under TT26 is the school's judgement: nothing says that it is wrong.
        (("TT22",), lambda result: {"training.year": "Khá" if result["training"]["year"] != "Khá" else "Tốt"}),
    ]
    chosen = random.sample(results, len(results) // 4)
    for regimes, make in makers:
        result = next((result for result in chosen if result["regime"] in regimes and not result["wrong"]), None)
        if result is not None:
            result["wrong"] = make(result)


def _other(value: str, by: int) -> str:
    tenths = tt22.tenths(value)
    return tt22.shown(tenths + by if tenths + by <= 100 else tenths - by)
