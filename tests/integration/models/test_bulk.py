"""Many rows in one statement: every kind of column arrives as it was given, and nothing is cut off on the way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from hocba_app.models import Batch, Database, Evidence, Job, Staff
from hocba_app.models.repositories.bulk import add_rows, empty_rows, set_rows

NOW = datetime(2026, 5, 31, 7, 30, 1, 250_000, tzinfo=UTC)


def evidence(**more: object) -> dict[str, object]:
    return {"owner": "seal", "content": b"\x00\\x'\xff", "checked_at": NOW} | more


def test_rows_are_added_and_changed_as_given(db: Database, school_id: str) -> None:
    with db.write(school_id) as session:
        session.add_all([Job(id=name, kind="lock", created_by="") for name in ("a", "b", "c")])
        add_rows(session, Evidence, [evidence(), evidence(owner="p")])
    with db.write(school_id) as session:
        set_rows(
            session,
            Job,
            [
                {"id": "a", "arguments": {"đ": [1, None]}, "cancel_asked": True, "ended_at": NOW, "progress": 70_000},
                {"id": "b", "arguments": {}, "cancel_asked": False, "ended_at": None, "progress": 1},
            ],
        )
        set_rows(session, Job, [])
    with db.read(school_id) as session:
        jobs = {row.id: row for row in session.exec(select(Job)).all()}
        rows = session.exec(select(Evidence).order_by(Evidence.owner)).all()
    assert [(jobs[name].cancel_asked, jobs[name].ended_at, jobs[name].progress) for name in "abc"] == [
        (True, NOW, 70_000),
        (False, None, 1),
        (False, None, 0),
    ]
    assert jobs["a"].arguments == {"đ": [1, None]} and jobs["b"].arguments == {}
    assert [(row.owner, row.content, row.checked_at) for row in rows] == [
        (owner, b"\x00\\x'\xff", NOW) for owner in ("p", "seal")
    ]


def test_lists_in_a_column_are_no_further_dimension(db: Database, school_id: str) -> None:
    with db.write(school_id) as session:
        teacher = Staff(source_id="1", code="GV1", full_name="Giáo viên")
        session.add(teacher)
        session.flush()
        session.add_all(
            [Batch(id=name, staff_id=teacher.id, account_id="", stage="subject", owner="x") for name in ("a", "b")]
        )
    with db.write(school_id) as session:
        set_rows(session, Batch, [{"id": "a", "chain": ["1", "2"]}, {"id": "b", "chain": []}])
    with db.read(school_id) as session:
        assert {row.id: row.chain for row in session.exec(select(Batch)).all()} == {"a": ["1", "2"], "b": []}


def test_the_pages_of_emptied_rows_are_free_for_others(db: Database, school_id: str) -> None:
    count = 300
    with db.write(school_id) as session:
        add_rows(session, Evidence, [evidence(id=str(number), content=b"") for number in range(count)])
    with db.write(school_id) as session:  # as a prepared revision: larger than half a page
        set_rows(session, Evidence, [{"id": str(number), "content": bytes(3000)} for number in range(count)])
    with db.write(school_id) as session:
        empty_rows(session, Evidence, [{"id": str(number), "content": b"-"} for number in range(count)])
        empty_rows(session, Evidence, [])
    with db.read(school_id) as session:
        rows = session.exec(select(Evidence).order_by(Evidence.id)).all()
        free = session.connection().exec_driver_sql("pragma freelist_count").scalar_one() if db.is_sqlite else count
    assert [(row.id, row.content, row.owner, row.checked_at) for row in rows] == [
        (each, b"-", "seal", NOW) for each in sorted(map(str, range(count)))
    ]
    assert free > count * 2 // 3


@pytest.mark.postgres
def test_what_a_column_refuses_is_not_cut_to_fit(db: Database, school_id: str) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has no lengths")
    with pytest.raises(DBAPIError), db.write(school_id) as session:
        add_rows(session, Evidence, [evidence(owner="x" * 27), evidence()])
