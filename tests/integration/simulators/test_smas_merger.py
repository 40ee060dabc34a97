"""Two schools of the simulator become one: pupils keep their ids, subjects of one code are one, the levels of both are taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from hocba_app.simulators.smas import intake, merger
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.school_calendar import ensure_school
from hocba_app.simulators.smas.spec import parse
from hocba_app.simulators.smas.store import Store

LOWER, UPPER = "79200001", "79300001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    for level in ("lower_secondary", "upper_secondary"):
        ensure_school(made, parse(f"{level}:students=4,special=0,classes=2,moment=year_end"))
    return made


def test_a_lower_and_an_upper_secondary_school(store: Store) -> None:
    resources = ("students", "classes", "results", "enrolments", "staff")
    before = {name: {**store.records(LOWER, name), **store.records(UPPER, name)} for name in resources}
    answer = merger.merge(store, {"from": UPPER, "into": LOWER})
    assert answer["level"] == "lower_secondary+upper_secondary" and "THCS và THPT" in answer["name"]
    assert store.records(UPPER, "students") == {}
    for name in resources:
        assert set(store.records(LOWER, name)) == set(before[name])
    codes = [row["code"] for row in store.records(LOWER, "subjects").values()]
    assert len(codes) == len(set(codes)) and {"KHTN", "VL"} <= set(codes)
    maths = next(row for row in store.records(LOWER, "subjects").values() if row["code"] == "TOAN")
    assert maths["grades"] == list(range(6, 13)) and maths["periods_by_grade"]["12"] == 105
    known = set(store.records(LOWER, "subjects"))
    assert all(set(row["subjects"]) <= known for row in store.records(LOWER, "results").values())
    people = [row["code"] for row in store.records(LOWER, "staff").values()]
    assert len(people) == len(set(people))
    assert [row["position"] for row in store.records(LOWER, "staff").values()].count("principal") == 1


def test_not_with_itself_and_not_across_a_level(tmp_path: Path, store: Store) -> None:
    ensure_school(store, parse("primary:students=2,special=0"))
    for given in (
        {"from": LOWER, "into": LOWER},
        {"from": "x", "into": LOWER},
        {"from": UPPER, "into": "79100001"},
        None,
    ):
        with pytest.raises(Refused):
            merger.merge(store, given)


def test_new_pupils_find_a_class_of_the_first_grade(store: Store) -> None:
    for key, data in store.records(LOWER, "classes").items():
        store.put(LOWER, "classes", key, {**data, "grade": 7 if data["grade"] == 6 else data["grade"]})
    assert len(intake.admit(store, LOWER, {"students": 2})["students"]) == 2
    assert sorted(row["grade"] for row in store.records(LOWER, "classes").values()) == [6, 7, 9]
    with pytest.raises(Refused):
        intake.admit(store, LOWER, {"students": -1})
