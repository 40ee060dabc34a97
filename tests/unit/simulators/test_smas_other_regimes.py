"""SMAS's own TT27 and TT26, and the schools that are assessed by them."""

from __future__ import annotations

from typing import Any

import pytest

from hocba_app.simulators.smas.generation.curriculum import curriculum
from hocba_app.simulators.smas.generation.marks import empty_result
from hocba_app.simulators.smas.generation.year import Script, generate
from hocba_app.simulators.smas.rules import tt26, tt27
from hocba_app.simulators.smas.rules.regimes import regime
from hocba_app.simulators.smas.spec import parse

TESTED = {f"m{number}": {"kind": "marked", "code": f"M{number}"} for number in range(3)}
PRIMARY = {**TESTED, "c0": {"kind": "comment", "code": "C0"}}


def primary(*tests: int, level: str = "T", trait: str = "T", **levels: str) -> dict[str, Any]:
    record = empty_result("p", "c", "2025-2026", "TT27", list(PRIMARY), 5)
    for key, row in record["subjects"].items():
        row["marks"]["term2"]["final"] = levels.get(key, level)
        if key in TESTED:
            row["marks"]["term2"]["test"] = str(tests[list(TESTED).index(key)])
    for name in tt27.TRAITS:
        for item in record[name]:
            item["level"] = "T"
    record["qualities"][0]["level"] = trait
    record["absences"].update(term1=2, term2=1, unexcused=1)
    tt27.compute(record, PRIMARY, last_grade=True)
    return record


@pytest.mark.parametrize(
    ("record", "level"),
    [
        (primary(9, 9, 9), "Hoàn thành xuất sắc"), (primary(9, 9, 8), "Hoàn thành tốt"), (primary(9, 9, 9, m0="H"), "Hoàn thành"),
        (primary(9, 9, 4), "Chưa hoàn thành"), (primary(7, 7, 7), "Hoàn thành tốt"), (primary(7, 7, 6), "Hoàn thành"), (primary(9, 9, 9, trait="Đ"), "Hoàn thành"),
        (primary(9, 9, 9, c0="C"), "Chưa hoàn thành"), (primary(9, 9, 9, trait="C"), "Chưa hoàn thành"), (primary(5, 5, 5, level="H"), "Hoàn thành"),
    ],
)  # fmt: skip
def test_the_primary_year(record: dict[str, Any], level: str) -> None:
    assert record["learning"]["year"] == level


def test_primary_titles_promotion_and_completion() -> None:
    best = primary(9, 9, 10)
    assert (best["title"], best["promotion"], best["programme_completed"]) == ("Học sinh Xuất sắc", "promoted", True)
    assert best["absences"] == {"term1": 2, "term2": 1, "year": 3, "excused": 2, "unexcused": 1}
    good = primary(9, 9, 8)
    assert good["title"] is None
    good["outstanding"] = True
    tt27.compute(good, PRIMARY, last_grade=False)
    assert (good["title"], good["programme_completed"]) == (
        "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện",
        None,
    )
    poor = primary(9, 9, 4, m2="C")
    assert (poor["promotion"], poor["learning"]["reassessed"]) == ("reassess", None)
    poor["subjects"]["m2"].update(reassessed="H", reassessed_test="5")
    tt27.compute(poor, PRIMARY, last_grade=False)
    assert (poor["learning"]["reassessed"], poor["promotion"], poor["learning"]["year"]) == (
        "Hoàn thành",
        "promoted",
        "Chưa hoàn thành",
    )
    poor["subjects"]["m2"]["reassessed_test"] = "4"
    tt27.compute(poor, PRIMARY, last_grade=False)
    assert poor["promotion"] == "retained"


def test_grades_one_and_two_have_five_specific_competencies() -> None:
    assert [len(tt27.specific(grade)) for grade in (1, 2, 3, 5)] == [5, 5, 7, 7]


def test_a_primary_test_may_have_no_points() -> None:
    assert (tt27.whole_mark("0"), tt27.whole_mark("10")) == (0, 10), "TT27 Art. 7 rules out decimals only"


def test_tt58_counts_one_of_two_subjects_before_2020() -> None:
    values = [("TOAN", 79), ("VAN", 79), ("NN1", 85), *((f"M{number}", 85) for number in range(7))]
    assert tt26.level(values, 0, tt26.leading("2018-2019")) == tt26.level(values, 0, tt26.leading("2019-2020")) == "Khá"
    assert tt26.level(values, 0, tt26.leading("2020-2021")) == "Giỏi"


def test_primary_traits_are_assessed_again_too() -> None:
    record = primary(9, 9, 9)
    record["qualities"][0]["level"] = "C"
    tt27.compute(record, PRIMARY, last_grade=False)
    assert (record["learning"]["year"], record["promotion"]) == ("Chưa hoàn thành", "reassess")
    record["traits_reassessed"] = [{"name": record["qualities"][0]["name"], "level": "Đ"}]
    tt27.compute(record, PRIMARY, last_grade=False)
    assert (record["learning"]["year"], record["learning"]["reassessed"], record["promotion"]) == (
        "Chưa hoàn thành",
        "Hoàn thành",
        "promoted",
    )


@pytest.mark.parametrize("text", ["11", "8.5", "", "08", "x"])
def test_a_primary_test_has_whole_marks(text: str) -> None:
    with pytest.raises(ValueError, match=text or "^$"):
        tt27.whole_mark(text)


def secondary(average: float, leading: float, *others: float) -> list[tuple[str, int]]:
    """Marks with that mean: Toán and the others as given, the rest filled to it."""
    given = [round(value * 10) for value in (leading, *others)]
    missing = round(average * 10) * 10 - sum(given)
    rest = 10 - len(given)
    filled = [missing // rest + (place < missing % rest) for place in range(rest)]
    return [("TOAN", given[0]), *((f"X{place}", value) for place, value in enumerate([*given[1:], *filled]))]


@pytest.mark.parametrize(
    ("values", "failed", "level"),
    [
        (secondary(8.2, 8.0, 4.9), 0, "Khá"), (secondary(8.2, 8.0), 0, "Giỏi"), (secondary(8.2, 7.9), 0, "Khá"), (secondary(7.9, 8.0), 0, "Khá"),
        (secondary(8.2, 8.0, 3.4), 0, "Trung bình"), (secondary(6.5, 6.5, 3.4), 0, "Trung bình"), (secondary(6.5, 6.5, 1.9), 0, "Yếu"), (secondary(5.0, 5.0), 0, "Trung bình"),
        (secondary(4.9, 5.0), 0, "Yếu"), (secondary(3.4, 5.0), 0, "Kém"), (secondary(8.2, 8.0), 1, "Trung bình"), (secondary(8.2, 8.0), 2, "Yếu"),
    ],
)  # fmt: skip
def test_the_historic_level(values: list[tuple[str, int]], failed: int, level: str) -> None:
    assert tt26.level(values, failed) == level


@pytest.mark.parametrize(
    ("regular", "midterm", "final", "result"),
    [
        ("Đ Đ", "Đ", "Đ", "Đ"),
        ("Đ CĐ", "Đ", "Đ", "Đ"),
        ("Đ CĐ", "CĐ", "Đ", "CĐ"),
        ("Đ Đ", "Đ", "CĐ", "CĐ"),
        ("Đ Đ", "Đ", None, None),
        ("", "Đ", "Đ", None),
    ],
)
def test_a_historic_comment_subject_needs_two_thirds_and_the_last(
    regular: str, midterm: str, final: str | None, result: str | None
) -> None:
    assert tt26.comment_term({"regular": regular.split(), "midterm": midterm, "final": final}) == result


def test_regimes_came_grade_by_grade() -> None:
    assert [regime(grade, 2022) for grade in (5, 6, 7, 8, 9, 10, 11, 12)] == [
        "TT27",
        "TT22",
        "TT22",
        "TT26",
        "TT26",
        "TT22",
        "TT26",
        "TT26",
    ]
    assert {regime(grade, 2025) for grade in range(6, 13)} == {"TT22"}
    by_code = {plan.code: plan.grades for plan in curriculum("lower_secondary", 2022)}
    assert by_code["KHTN"] == (6, 7)
    assert by_code["VL"] == (8, 9)
    assert sorted(by_code["TOAN"]) == [6, 7, 8, 9]
    upper = {plan.code: sorted(plan.grades) for plan in curriculum("upper_secondary", 2022)}
    assert (upper["GDCD"], upper["GDKTPL"], upper["VL"]) == ([11, 12], [10], [10, 11, 12])


def records(script: Script, resource: str, moment: str = "september") -> dict[str, dict[str, Any]]:
    return {entry.id: entry.values for entry in script.entries[moment] if entry.resource == resource}


def test_a_primary_school() -> None:
    script = generate(parse("primary:students=135"))
    classes = records(script, "classes")
    assert {data["regime"] for data in classes.values()} == {"TT27"}
    assert [data["name"] for data in classes.values()] == ["1A1", "3A1", "5A1"]
    rows = list(records(script, "teaching_assignments").values())
    for class_id, data in classes.items():
        own = [row for row in rows if row["class_id"] == class_id and row["staff_id"] == data["homeroom_staff_id"]]
        assert len(own) >= 5, "the class's own teacher takes most rows"
    assert len({data["homeroom_staff_id"] for data in classes.values()}) == 3
    results = records(script, "results", "year_end")
    assert sum(bool(data["wrong"]) for data in results.values()) == 3
    assert len(records(script, "results", "summer")) == 2
    small = next(data for data in results.values() if classes[data["class_id"]]["grade"] == 1)
    assert len(small["specific_competencies"]) == 5
    assert len(small["subjects"]) == 8


def test_an_upper_secondary_class_with_two_sets_of_subjects() -> None:
    script = generate(parse("upper_secondary:students=135"))
    first = next(iter(records(script, "classes")))
    sets = {
        frozenset(data["subjects"])
        for data in records(script, "results", "year_end").values()
        if data["class_id"] == first
    }
    assert len(sets) == 2
    assert {len(subjects) for subjects in sets} == {12}
    plain = generate(parse("upper_secondary:students=135,special=0"))
    for class_id in records(plain, "classes"):
        assert (
            len(
                {
                    frozenset(data["subjects"])
                    for data in records(plain, "results", "year_end").values()
                    if data["class_id"] == class_id
                }
            )
            == 1
        )
        teachers = [
            row["staff_id"] for row in records(plain, "teaching_assignments").values() if row["class_id"] == class_id
        ]
        assert len(teachers) == len(set(teachers)) == 12


@pytest.mark.parametrize("year", ["2020-2021", "2022-2023"])
def test_an_upper_secondary_school_before_and_while_the_programme_changes(year: str) -> None:
    script = generate(parse(f"upper_secondary:students=135,year={year}"))
    classes = records(script, "classes")
    sizes = {data["grade"]: set[int]() for data in classes.values()}
    for data in records(script, "results", "year_end").values():
        sizes[classes[data["class_id"]]["grade"]].add(len(data["subjects"]))
    old = {12: {13}, 11: {13}, 10: {13} if year == "2020-2021" else {12}}
    assert sizes == old
    assert {data["grade"] for data in classes.values() if data["regime"] == "TT26"} == (
        {10, 11, 12} if year == "2020-2021" else {11, 12}
    )


def test_a_historic_school() -> None:
    script = generate(parse("lower_secondary:students=60,year=2019-2020"))
    assert {data["regime"] for data in records(script, "classes").values()} == {"TT26"}
    assert len(records(script, "results", "summer")) == 3
    with pytest.raises(ValueError, match="2024"):
        parse("primary:year=2019-2020")
