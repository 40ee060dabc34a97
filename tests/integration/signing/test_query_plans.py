"""No query of locking, signing, sealing or archiving reads a whole table that grows with the years.

Starting and ending a batch once read every item the school had ever signed, inside the one write transaction: 2,000 pupils
took 2.7 times as long as 1,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from hocba_app.models import Database, Job
from hocba_app.services.jobs import claim
from hocba_app.services.signing import progress, queue_groups, signer_inbox
from tests.integration.signing.test_chain import lock, sign, start, waiting, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool

GROWING = (
    "batch_item",
    "slot",
    "revision",
    "document_version",
    "document",
    "lease",
    "audit_event",
    "evidence",
    "student_result",
)
WHOLE = re.compile(
    rf"^(?:SCAN (?:{'|'.join(GROWING)})\b|SEARCH (?:{'|'.join(GROWING)}) USING (?:COVERING )?INDEX (?!uq_lease_held)\w+ \(school_id=\?\)$)"
)
"""``uq_lease_held`` holds no lease but those held now."""


@contextmanager
def plans_of(db: Database) -> Iterator[dict[str, list[str]]]:
    """By statement executed meanwhile, the steps of its plan."""
    found: dict[str, list[str]] = {}

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement not in found and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            raw = cursor.connection.cursor()
            raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            found[statement] = [step[3] for step in raw.fetchall()]

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_batch_reads_no_whole_table(db: Database, small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    """Plans are SQLite's: PostgreSQL counts its rows."""
    with plans_of(db) as plans:
        for kind in ("cover", "history", "results"):
            lock(small, kind)
        second = start(small, "TOAN")
        look_at_screens(db, small, "TOAN")
        signer_inbox.stop_waiting(db, small.people["TOAN"], second)
        work_on(small, second)
        for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
            waiting(small, part)
            look_at_screens(db, small, part)
            sign(small, outside[0], part)
        with db.read(small.school_id) as session:
            archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
        work_on(small, archive)
        claim.claimable(db)
    assert len(plans) > 60
    assert [(statement, steps) for statement, steps in plans.items() if any(WHOLE.match(step) for step in steps)] == []


def look_at_screens(db: Database, small: SmallSchool, part: str) -> None:
    """What a signer's page asks."""
    who = small.people[part]
    queue_groups.my_groups(db, who)
    for view in progress.my_batches(db, who):
        progress.batch_view(db, who, view.id)
        progress.unsigned_slots(db, who, view.id)
