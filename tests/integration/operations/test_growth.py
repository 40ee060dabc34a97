"""What a person or a night does costs as much as this year's work of this school, whatever years are behind and schools beside it.

Counted in steps of SQLite's machine, and in plans on both databases: `hocba bench growth` measures times.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from bench import growth_figures as acts
from bench import multiplied
from hocba_app.models import (
    AttachedRecord,
    Batch,
    Database,
    Document,
    HandOut,
    HistoryEntry,
    Job,
    LateAnswer,
    RecordObjection,
    Reminder,
    Revision,
    UnlockRequest,
)
from hocba_app.models.base import utc_now
from hocba_app.services.jobs.daily import ensure_daily_jobs
from hocba_app.services.maintenance import nightly_verification
from hocba_app.services.overview.school_years import close_year, reopen_year
from hocba_app.services.signing import archive_renewal_job
from tests.integration.signing.conftest import outside, small  # noqa: F401
from tests.integration.signing.test_chain import lock, sign, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool
from tests.work import counted

YEAR = "2025-2026"
FEW, MANY = 20, 200
"""Years, or schools. With a few already every page of a list is full."""
MOST = 0.15
"""The exponent: ten times as much may cost 1.4 times as much."""
A_LINE_A_YEAR = {
    "years of the school": 0.6,
    "what waits, office": 0.25,
    "attention of the office": 0.25,
    "gaps of signing": 0.3,
}
"""They list the school's years, and so much of them may grow."""
LEAST = 2_000
"""Steps under which nothing is felt: a twentieth of a millisecond."""
OF_ALL_SCHOOLS = ("age of the queue", "look for missing jobs", "look for due jobs")
"""Asked once for all schools: their cost a school may not grow."""


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night's slice of the past is smaller than what the tests' few years hold."""
    monkeypatch.setattr(nightly_verification, "MAX_FILES_A_NIGHT", 12)
    monkeypatch.setattr(archive_renewal_job, "MAX_STAMPS_A_NIGHT", 12)


@pytest.fixture
def sealed(small: SmallSchool, outside: tuple[Rig, str, Path]) -> SmallSchool:
    """The school at the end of its year, closed and looked at once by the night."""
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        sign(small, outside[0], part)
    with small.db.read(small.school_id) as session:
        archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
    work_on(small, archive)
    leave_the_rest(small)
    close_year(small.db, small.people["admin"], YEAR, "x")
    ensure_daily_jobs(small.db)
    acts.nights(place_of(small))["night: integrity"]()
    return small


def leave_the_rest(school: SmallSchool) -> None:
    """A row in every table that a year adds to and that signing leaves empty, each of them over."""
    account, over = school.people["admin"].account_id, {"decided_by": "", "decided_at": utc_now()}
    with school.db.write(school.school_id) as session:
        document = session.exec(select(Document).where(Document.kind == "results").order_by(Document.id)).first()
        batch = session.exec(select(Batch.id).order_by(Batch.id)).first()
        blob = session.exec(select(Revision.blob_sha256).order_by(Revision.id)).first()
        assert document is not None and document.version_id and batch and blob
        of_pupil = {"student_id": document.student_id}
        session.add_all(
            [
                AttachedRecord(
                    **of_pupil, file_name="x.pdf", blob_sha256=blob, length=1, state="refused", uploaded_by=account
                ),
                HandOut(**of_pupil, recipient="x", pin_hash="", expires_at=utc_now(), created_by=account),
                RecordObjection(
                    document_id=document.id, version_id=document.version_id, fact="mark", reason="x",
                    state="answered", raised_by=account,
                ),
                UnlockRequest(document_ids=[document.id], reason="x", state="refused", requested_by=account, **over),
                Reminder(
                    from_account=account, to_staff=school.people["homeroom"].staff_id or "", class_id=school.class_id,
                    day="2026-05-01", seen_at=utc_now(),
                ),
                LateAnswer(batch_id=batch, signature=b"x"),
                HistoryEntry(**of_pupil, source_id="x", school_year="2024-2025"),
            ]
        )  # fmt: skip


def place_of(school: SmallSchool) -> acts.Place:
    people = school.people
    return acts.Place(
        school.db, school.school_id, YEAR, school.class_id, people["admin"], people["homeroom"], people["TOAN"]
    )


def grown(school: SmallSchool, *, years: int = 1, schools: int = 1) -> acts.Place:
    multiplied.add_years(school.db, school.school_id, years - 1)
    multiplied.add_schools(school.db, school.school_id, schools - 1)
    reopen_year(school.db, school.people["principal"], YEAR, "x")
    return place_of(school)


def costs(school: SmallSchool, rig: Rig, **size: int) -> dict[str, int]:
    """Steps of every act."""
    place, found = grown(school, **size), {}
    for name, act in {**acts.looks(place), **acts.nights(place)}.items():
        acts.forget(place.db)
        with counted(place.db) as work:
            act()
        found[name] = work.instructions
    multiplied.reopen(place.db, place.school_id, place.class_id)
    for name, act in {"lock": lambda: acts.lock(place), "sign": lambda: sign(school, rig, "TOAN")}.items():
        acts.forget(place.db)
        with counted(place.db) as work:
            act()
        found[name] = work.instructions
    return found


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_ten_times_the_years_or_the_schools_cost_the_same(
    db: Database,
    sealed: SmallSchool,
    outside: tuple[Rig, str, Path],
    tmp_path: Path,
) -> None:
    db.dispose()
    for what in ("years", "schools"):
        found = []
        for count in (FEW, MANY):
            copy = tmp_path / f"{what}{count}.db"
            shutil.copy(tmp_path / "test.db", copy)
            own = Database(f"sqlite:///{copy}")
            found.append(costs(replace(sealed, db=own), outside[0], **{what: count}))
            own.dispose()
            shutil.rmtree(tmp_path / "documents" / "audit-anchors", ignore_errors=True)
        few, many = found
        exponents = {
            name: math.log(max(many[name], LEAST) / max(few[name], LEAST)) / math.log(MANY / FEW)
            - (what == "schools" and name in OF_ALL_SCHOOLS)
            for name in few
        }
        worse = {
            name: (few[name], many[name], round(each, 2))
            for name, each in exponents.items()
            if each > A_LINE_A_YEAR.get(name, MOST)
        }
        assert not worse, f"{what}: {worse}"


HAVE_FEW = {"year_closing", "signing_assignment", "public_code", "sync_row"}
"""One a year, one for a gap in a class; codes are looked up by their key alone; the rows of a sync by their job, and here is none."""


def large_tables(db: Database) -> list[str]:
    """Those that every year adds to and that are no longer read in a page or two."""
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql("select relname from pg_class where reltuples > 400").scalars().all()
    return sorted((multiplied.NAMES_OF_A_YEAR - {"year_closing"}).intersection(rows))


@contextmanager
def bad_plans(db: Database) -> Iterator[dict[str, list[str]]]:
    """By statement executed meanwhile the steps of its plan that read a table without its index.

    Every row is counted, so that no sample decides; what looks wrong is explained again at the end, in case the server itself has
    counted a sample meanwhile.
    """
    found: dict[str, list[str]] = {}
    suspected: list[tuple[str, Any]] = []
    seen, growing = set[str](), large_tables(db)
    assert set(growing) >= multiplied.NAMES_OF_A_YEAR - HAVE_FEW

    def wrong_steps(cursor: Any, statement: str, parameters: Any) -> list[str]:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        steps = [row[0].strip() for row in cursor.fetchall()]
        return [step for step in steps if any(f"Seq Scan on {table} " in step for table in growing)]

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement in seen or not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        seen.add(statement)
        given = parameters[0] if many else parameters
        if wrong_steps(cursor.connection.cursor(), statement, given):
            suspected.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    if suspected:
        multiplied.count_rows(db, every_row=True)
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        found |= {
            statement: wrong for statement, given in suspected if (wrong := wrong_steps(cursor, statement, given))
        }


@pytest.mark.postgres
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_postgresql_reads_no_whole_table_of_many_years_and_schools(
    sealed: SmallSchool,
    outside: tuple[Rig, str, Path],
) -> None:
    place = grown(sealed, years=60, schools=8)
    multiplied.count_rows(place.db, every_row=True)
    with bad_plans(place.db) as plans:
        for act in {**acts.looks(place), **acts.nights(place)}.values():
            acts.forget(place.db)
            act()
        multiplied.reopen(place.db, place.school_id, place.class_id)
        acts.lock(place)
        sign(sealed, outside[0], "TOAN")
    assert plans == {}
