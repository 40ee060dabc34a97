"""A database that an older version of the product itself made, with its documents, comes to today's schema and says what it said then.

``older/*.tar.xz`` were made with the code of commit 82a8fcd (revision 0007) by its own services: one pupil's record is sealed and
archived with an unlock asked for, another's is in the middle of signing. Each holds the dump of the database, the store, the root of
its test authority, and what that version answered: queues, states, requests, verdicts.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlmodel import select

from hocba_app.domain import clock
from hocba_app.models import Database, Document, DocumentVersion, School, UnlockRequest, connections
from hocba_app.models.migrate import upgrade
from hocba_app.models.schema_check import current_revision, require_current_schema
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage.files import current_file
from hocba_app.services.verification.verify import verify
from hocba_app.settings import settings
from tests.conftest import POSTGRES
from tests.integration.signing.test_chain import waiting
from tests.school import SmallSchool

OLDER = Path(__file__).parent / "older"
MADE = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def older(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, dict[str, Any]]]:
    """URL of the database as the older version left it, and what that version answered."""
    if request.param == "postgresql" and not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    with tarfile.open(OLDER / f"{request.param}.tar.xz") as packed:
        for member in packed:
            content = packed.extractfile(member)
            assert content is not None
            (tmp_path / member.name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / member.name).write_bytes(content.read())
    for name, value in {
        "SECRET_KEY": "test secret, 8Jq2Lr5Tz0Xc7",
        "DOCUMENTS_URL": str(tmp_path / "documents"),
        "TRUST_ROOTS": str(tmp_path / "root.pem"),
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    # The day it was made: certificates of its people end in 2029.
    monkeypatch.setattr(clock, "machine_now", lambda: MADE)
    monkeypatch.setattr(connections, "follow", lambda *_: None)
    settings.cache_clear()
    dump, told = (tmp_path / "dump.sql").read_text(), json.loads((tmp_path / "seen.json").read_text())
    if request.param == "sqlite":
        (tmp_path / "own").mkdir()
        with sqlite3.connect(tmp_path / "own" / "hocba.db") as connection:
            connection.executescript(dump)
        connection.close()
        yield f"sqlite:///{tmp_path}/own/hocba.db", told
    else:
        name = f"older_{uuid.uuid4().hex}"
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'create database "{name}"')
        url = f"{POSTGRES.rsplit('/', 1)[0]}/{name}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(dump)  # type: ignore[call-overload]
        yield url.replace("postgresql://", "postgresql+psycopg://", 1), told
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'drop database if exists "{name}" with (force)')
    settings.cache_clear()


def seen(small: SmallSchool) -> dict[str, Any]:
    """What this version answers to the same questions."""
    queues = {
        part: sorted([item.document_id, item.slot_id, item.ready] for item in waiting(small, part))
        for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator")
    }
    verdicts = {}
    with small.db.read(small.school_id) as session:
        documents = session.exec(select(Document)).all()
        for version in session.exec(select(DocumentVersion)).all():
            (found,) = verify([("x.pdf", current_file(session, version.id))], roots=trust_roots(), db=small.db)
            verdicts[version.id] = [
                found.verdict, found.integrity, found.status, [str(reason.code) for reason in found.reasons],
                [[item.field, item.integrity, item.trust, item.order] for item in found.signatures],
            ]  # fmt: skip
        unlocks = [
            [row.id, row.state, row.document_ids, row.reason] for row in session.exec(select(UnlockRequest)).all()
        ]
        assert verify_chain(session) == [] and compare(session) == []
    return {
        "queues": queues,
        "states": {row.id: [row.kind, row.state, row.version_number, row.student_id] for row in documents},
        "verdicts": verdicts,
        "unlocks": unlocks,
    }


def test_records_queues_and_verdicts_of_an_older_version_stay(older: tuple[str, dict[str, Any]]) -> None:
    url, told = older
    assert current_revision(url) == "0007"
    upgrade(url)
    require_current_schema(url)
    db = Database(url)
    people = {
        part: Identity(account, told["school_id"], staff, username, name, frozenset(roles))
        for part, (account, staff, username, name, roles) in told["people"].items()
    }
    small = SmallSchool(db, told["school_id"], told["class_id"], people, told["users"])
    found = seen(small)
    for what, answer in found.items():
        assert answer == told[what], what
    assert {tuple(verdict[:3]) for verdict in found["verdicts"].values()} >= {("valid", "intact", "current")}
    with db.read(small.school_id) as session:
        assert session.get_one(School, small.school_id).head_office == "principal"
    db.dispose()
