"""PostgreSQL's plans for a school that joined after the tables were last counted, under row-level security.

Told a school by its value, the planner took it to have one row, and the policies made a thousandth of that: each query of signing
joined everything the school has with everything, 135 pupils' names for a phone took 2.9 seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.models import (
    Account,
    Batch,
    BatchItem,
    Database,
    Document,
    DocumentVersion,
    School,
    SchoolClass,
    Slot,
    Staff,
    Student,
)
from hocba_app.models.migrate import upgrade
from hocba_app.models.postgresql_statistics import count_grown
from hocba_app.models.repositories import batch_names, batches, signing, signing_queue
from tests.integration.models.test_migrations import empty_url  # noqa: F401 - a fixture

PUPILS, BATCH = 120, 20
FIELDS = ("subject", "homeroom", "principal")


def fill(db: Database, code: str) -> tuple[str, str, str, list[str]]:
    """A school with a locked document a pupil and one running batch. Returns its id, a signer, the batch and its slots."""
    with db.installation(write=True) as session:
        session.add(School(code=code, name=f"Trường {code}"))
    with db.installation() as session:
        school_id = session.exec(select(School.id).where(School.code == code)).one()
    with db.write(school_id) as session:
        teacher = Staff(source_id="1", code="GV1", full_name="Giáo viên")
        place = SchoolClass(source_id="1", code="6A", school_year="2025-2026", name="6A", grade=6, regime="TT22")
        session.add_all([teacher, place])
        session.flush()
        account = Account(username=f"a@{code}", full_name="A", staff_id=teacher.id)
        session.add(account)
        pupils = [
            Student(source_id=str(n), code=f"HS{n}", full_name=f"Em {n}", sort_name=str(n)) for n in range(PUPILS)
        ]
        session.add_all(pupils)
        session.flush()
        documents = [
            Document(student_id=each.id, class_id=place.id, kind="results", state="locked", next_stage="subject")
            for each in pupils
        ]
        session.add_all(documents)
        session.flush()
        versions = []
        for each in documents:
            version = DocumentVersion(
                document_id=each.id, number=1, snapshot={}, snapshot_sha256="", salt="", code="", class_id=place.id
            )
            each.version_id = version.id
            versions.append(version)
        session.add_all([*versions, *documents])
        session.flush()
        slots = [
            Slot(version_id=version.id, document_id=version.document_id, field=stage, stage=stage, staff_id=teacher.id)
            for version in versions
            for stage in FIELDS
        ]
        batch = Batch(staff_id=teacher.id, account_id=account.id, stage="subject", owner=teacher.id)
        session.add_all([*slots, batch])
        session.flush()
        mine = [slot for slot in slots if slot.stage == "subject"][:BATCH]
        session.add_all(BatchItem(batch_id=batch.id, slot_id=each.id, version_id=each.version_id) for each in mine)
    return school_id, teacher.id, batch.id, [slot.id for slot in mine]


@contextmanager
def rows_thrown_away(db: Database) -> Iterator[dict[str, int]]:
    """By statement executed meanwhile, how many rows or pairs of rows it looked at for nothing."""
    found: dict[str, int] = {}

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            raw = cursor.connection.cursor()
            raw.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
            plan = raw.fetchone()[0]
            found[statement] = _wasted((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def _wasted(step: dict[str, Any]) -> int:
    here = sum(step.get(f"Rows Removed by {kind}", 0) for kind in ("Filter", "Join Filter")) * step["Actual Loops"]
    return here + sum(_wasted(each) for each in step.get("Plans", ()))


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_signing_of_a_school_nobody_has_counted_looks_at_its_own_few_rows(empty_url: str) -> None:
    upgrade(empty_url)
    db = Database(empty_url)
    try:
        for code in ("one", "two"):
            fill(db, code)
        with db.engine.begin() as connection:
            connection.exec_driver_sql("analyze")
        school_id, teacher, batch, slots = fill(db, "new")
        with rows_thrown_away(db) as wasted, db.read(school_id) as session:
            assert len(signing.due_context(session, slots)) == BATCH
            assert len(signing.names_on_phone(session, slots)) == BATCH
            assert len(signing.frozen_slots(session, slots)) == BATCH
            assert len(batch_names.pupils_of_batch(session, batch, "claimed", 2)) == 2
            assert batch_names.about(session, [batch])[batch][0].records == BATCH
            assert len(batches.item_rows(session, batch, "claimed", "slot_id")) == BATCH
            assert len(signing_queue.due_slots(session, staff_id=teacher)) == PUPILS
            assert signing_queue.due_groups(session, teacher)[0].busy == BATCH
        assert {statement: count for statement, count in wasted.items() if count > 2 * PUPILS * len(FIELDS)} == {}
        assert len(wasted) > 8
    finally:
        db.dispose()


@pytest.mark.postgres
def test_a_table_that_has_grown_is_counted_before_the_server_looks_itself(db: Database, school_id: str) -> None:
    if db.is_sqlite:
        assert count_grown(db.engine) == []
        return
    with db.write(school_id) as session:
        session.add_all(Staff(source_id=str(n), code=f"GV{n}", full_name="Người") for n in range(200))
        session.flush()
        session.connection().exec_driver_sql("select pg_stat_force_next_flush()")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        count_grown(db.engine)
        with db.engine.connect() as connection:
            known = connection.exec_driver_sql("select reltuples from pg_class where relname = 'staff'").scalar_one()
        if known >= 200:
            break
        time.sleep(0.2)
    assert known >= 200


@pytest.mark.postgres
def test_a_look_cannot_write_and_keeps_what_the_server_has_planned(db: Database, school_id: str) -> None:
    """The end of a look is no ROLLBACK, with which psycopg would forget every prepared statement."""
    if db.is_sqlite:
        pytest.skip("SQLite has no server")
    for _ in range(4):
        with db.read(school_id) as session:
            session.exec(select(Staff)).all()
    with db.read(school_id) as session:
        prepared = session.connection().exec_driver_sql("select count(*) from pg_prepared_statements").scalar_one()
        read_only = session.connection().exec_driver_sql("show transaction_read_only").scalar_one()
    assert prepared >= 2 and read_only == "on"
    with db.write(school_id) as session:
        assert session.connection().exec_driver_sql("show transaction_read_only").scalar_one() == "off"
