"""A run's report by any of its columns: page by page every row once, and nothing that an address makes up."""

from __future__ import annotations

import pytest

from hocba_app.models import Database, Job, School, SyncRow
from hocba_app.models.base import new_id
from hocba_app.services.accounts.schools import operator
from hocba_app.services.sync.commands import ReportRow, sync_report
from hocba_app.services.sync.report_file import REPORT_SORTS
from tests.integration.sync.conftest import Here

STAFF = ["Trần Ổn (GV10)", "Lò Văn An (GV9)", "Hà Thị Ổn (GV8)", "Trần Ổn (GV9)"]
NAMES = [
    "Vũ Thị Ân – 6A1",
    "Đỗ Văn An – 6A10",
    "Đỗ Văn An – 6A2",
    "Lê Đào – 6A1",
    "Trần Dũng – 6A1",
    "Hà Mã – 6A1",
    "Hà Ma – 6A1",
]
IN_ORDER = [
    "Đỗ Văn An – 6A2",
    "Đỗ Văn An – 6A10",
    "Vũ Thị Ân – 6A1",
    "Trần Dũng – 6A1",
    "Lê Đào – 6A1",
    "Hà Ma – 6A1",
    "Hà Mã – 6A1",
]


@pytest.fixture
def reported(db: Database) -> tuple[Here, str]:
    """A run that reported pupils and subjects, several rows alike in everything but the id."""
    with db.installation(write=True) as session:
        school = School(code="79760001", name="Trường", current_year="2025-2026")
        session.add(school)
    here = Here(db, school.id, operator(school.id))
    with db.write(school.id) as session:
        job = Job(kind="sync", state="done", created_by=here.admin.account_id)
        session.add(job)
        session.flush()
        rows = [("enrolments", label, "new", None) for label in NAMES]
        rows += [("subjects", label, "changed", "name") for label in ("Toán", "Địa lí", "Âm nhạc")]
        rows += [
            ("staff", *row, "id_number")
            for row in zip(STAFF, ("conflict", "rejected", "rejected", "gone"), strict=True)
        ]
        for resource, label, outcome, field in rows:
            session.add(
                SyncRow(job_id=job.id, resource=resource, source_id=new_id(), label=label, outcome=outcome, field=field)
            )
    return here, job.id


def page(reported: tuple[Here, str], sort: str, **chosen: object) -> list[ReportRow]:
    here, job_id = reported
    return sync_report(here.db, here.admin, job_id, sort=sort, **chosen).rows  # type: ignore[arg-type]


def test_each_column_both_ways_and_every_row_on_one_page_only(reported: tuple[Here, str]) -> None:
    values = {
        "order": lambda row: row.id,
        "resource": lambda row: ["staff", "subjects", "enrolments"].index(row.resource),
        "outcome": lambda row: ["new", "changed", "gone", "rejected", "conflict"].index(row.outcome),
        "field": lambda row: row.field,
    }
    for column in REPORT_SORTS:
        for sort in (column, f"-{column}"):
            whole = page(reported, sort)
            assert len({row.id for row in whole}) == len(whole) == 14
            pages = [row for number in range(1, 6) for row in page(reported, sort, page=number, size=3)]
            assert [row.id for row in pages] == [row.id for row in whole], sort
            if column in values:
                shown = [values[column](row) for row in whole]
                assert shown == sorted(shown, reverse=sort.startswith("-")), sort


def test_people_stand_by_their_given_names(reported: tuple[Here, str]) -> None:
    assert [row.label for row in page(reported, "label", resource="enrolments")] == IN_ORDER
    assert [row.label for row in page(reported, "-label", resource="enrolments")] == IN_ORDER[::-1]
    assert [row.label for row in page(reported, "label", resource="subjects")] == ["Âm nhạc", "Địa lí", "Toán"]
    assert [row.label for row in page(reported, "label", resource="staff")] == [STAFF[1], STAFF[2], STAFF[3], STAFF[0]]
    assert [row.label for row in page(reported, "label", outcome="conflict")] == STAFF[:1]


def test_a_column_that_is_none_is_the_runs_own_order_and_a_page_past_the_end_the_last(
    reported: tuple[Here, str],
) -> None:
    written = [row.id for row in page(reported, "order")]
    for sort in ("", "-", "reason", "-school_id", "id; drop table sync_row", "label desc", "--label"):
        assert [row.id for row in page(reported, sort)] == written, sort
    here, job_id = reported
    last = sync_report(here.db, here.admin, job_id, page=999, size=5)
    assert (last.page, [row.id for row in last.rows]) == (3, written[10:])
