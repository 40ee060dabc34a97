"""What a school exports from SMAS as Excel comes in whole, and says what a sync says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from hocba_app.models import Database, Enrolment, SchoolClass, Staff, Student, StudentResult, TeachingAssignment
from tests.integration.simulators.smas_rig import smas
from tests.integration.sync.conftest import school_here
from tests.integration.sync.importing import import_workbook

SPECS = (
    "lower_secondary:students=24,seed=7",
    "lower_secondary:students=6,seed=3,year=2020-2021",
    "primary:students=12,seed=2,moment=summer",
    "upper_secondary:students=6,special=0",
)


@pytest.mark.parametrize("spec", SPECS)
def test_an_export_of_smas_comes_in_whole(
    spec: str, db: Database, configured: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with smas(tmp_path, spec) as (school,):
        here = school_here(db, {"code": school.code, "client_id": "x", "client_secret": "y"})
        year = str(school.info["school_year"])
        answer = school.http.get("/smas/v1/workbook")
        assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
        report = import_workbook(here.db, here.admin, answer.content, school_year=year)
        assert report.problems == []
        with here.db.read(here.school_id) as session:
            counts = {
                model: len(session.exec(select(model)).all())
                for model in (Staff, SchoolClass, Student, Enrolment, TeachingAssignment)
            }
            codes = {row.id: row.code for row in session.exec(select(Student)).all()}
            flags = {codes[row.student_id]: row.circumstances for row in session.exec(select(Enrolment)).all()}
            results = {codes[row.student_id]: row for row in session.exec(select(StudentResult)).all()}
        live = {
            name: school.live(name, school_year=year)
            for name in ("staff", "classes", "students", "enrolments", "teaching_assignments", "results")
        }
        assert list(counts.values()) == [
            len(live[name]) for name in ("staff", "classes", "students", "enrolments", "teaching_assignments")
        ]
        students = {item["id"]: item["data"]["code"] for item in live["students"]}
        for item in live["enrolments"]:
            assert (flags[students[item["data"]["student_id"]]] or []) == [
                {key: value for key, value in flag.items() if value} for flag in item["data"].get("circumstances") or []
            ]
        assert results.keys() == {students[item["data"]["student_id"]] for item in live["results"]}
        for item in live["results"]:
            _same(item["data"], results[students[item["data"]["student_id"]]].payload)
        again = import_workbook(here.db, here.admin, school.http.get("/smas/v1/workbook").content, school_year=year)
        assert (again.problems, again.counts) == ([], {})


def _same(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    for key in (
        "regime",
        "promotion",
        "promotion_note",
        "title",
        "awards",
        "certificates",
        "homeroom_comment",
        "programme_completed",
        "height_cm",
    ):
        assert ours.get(key) == theirs.get(key), key
    for key in ("learning", "training", "absences", "averages"):
        assert {name: value for name, value in (ours.get(key) or {}).items() if value is not None} == {
            name: value for name, value in (theirs.get(key) or {}).items() if value is not None
        }, key
    for key in ("qualities", "general_competencies", "specific_competencies"):
        assert (ours.get(key) or []) == (theirs.get(key) or []), key
    rows = {row["subject_id"].rpartition("-")[2]: row for row in theirs["subjects"]}
    assert {row["subject_code"] for row in ours["subjects"]} == rows.keys()
    for row in ours["subjects"]:
        for name in ("term1", "term2", "year", "reassessed", "test", "comment", "note"):
            assert row.get(name) == rows[row["subject_code"]].get(name), (row["subject_code"], name)
