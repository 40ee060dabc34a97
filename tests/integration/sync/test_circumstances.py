"""Flags of the law's exceptions come with the class list, by sync and by workbook, and are judged by as soon as they are here."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from hocba_app.models import Enrolment, Student, StudentResult
from tests.integration.sync.conftest import YEAR, Here, Sector


def _flags(here: Here) -> dict[str, list[dict[str, Any]]]:
    with here.db.read(here.school_id) as session:
        rows = session.exec(select(Enrolment).where(Enrolment.school_year == YEAR)).all()
        return {row.source_id: row.circumstances for row in rows if row.circumstances}


@pytest.mark.parametrize("spec", ["lower_secondary:students=36,seed=7,special=0"], indirect=True)
def test_a_flag_comes_goes_and_the_result_is_judged_again(here: Here, sector: Sector) -> None:
    here.sync()
    assert _flags(here) == {}
    pupil = sector.live("students")[0]["id"]
    change = f"/smas/v1/results/{pupil}-{YEAR}"
    assert (
        sector.http.patch(change, json={"training": {"term2": "Chưa đạt"}, "promotion": "promoted"}).status_code == 200
    )
    sector.submit("results", "II")
    here.sync()

    def wrong() -> list[str]:
        with here.db.read(here.school_id) as session:
            student = session.exec(select(Student.id).where(Student.source_id == pupil)).one()
            row = session.exec(select(StudentResult).where(StudentResult.student_id == student)).one()
            return [entry["field"] for entry in row.mismatches]

    assert wrong() == ["promotion"]
    flag = {"kind": "disability_less_demands", "from_date": "2025-09-05", "decision": "11/QĐ-THCS"}
    place = f"/smas/v1/enrolments/{pupil}-{YEAR}"
    assert sector.http.patch(place, json={"circumstances": [flag]}).status_code == 200
    sector.submit("results", "II")
    here.sync()
    assert _flags(here) == {f"{pupil}-{YEAR}": [flag]}
    assert wrong() == [], "the principal decides (TT22, Điều 11)"
    assert sector.http.patch(place, json={"circumstances": []}).status_code == 200
    sector.submit("results", "II")
    here.sync()
    assert _flags(here) == {} and wrong() == ["promotion"]


@pytest.mark.parametrize(
    "flag",
    [{"kind": "rich"}, {"kind": "exempt_subjects"}, {"kind": "from_abroad", "from_date": "hôm qua"}, {}],
)
def test_the_simulator_refuses_what_is_no_flag(sector: Sector, flag: dict[str, Any]) -> None:
    pupil = sector.live("students")[0]["id"]
    answer = sector.http.patch(f"/smas/v1/enrolments/{pupil}-{YEAR}", json={"circumstances": [flag]})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"].startswith("circumstances.0")
