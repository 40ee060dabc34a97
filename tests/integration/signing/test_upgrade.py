"""A database of the version before, in the middle of a signing round: after the upgrade everybody has the same queue, every record
the same state and every file the same verdict."""

from __future__ import annotations

from typing import Any

from alembic import command as alembic_command
from sqlmodel import select

from hocba_app.models import DocumentVersion
from hocba_app.models.schema_check import alembic_config, require_current_schema
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage.files import current_file
from hocba_app.services.verification.verify import verify
from tests.integration.signing.test_chain import documents, lock, sign, waiting
from tests.school import SmallSchool

BEFORE = "0017"
"""The newest revision of the version before exceptions, splits and plannable policies."""


def seen(small: SmallSchool) -> dict[str, Any]:
    """What people see: queues, states, verdicts, and whether log and rows agree."""
    queues = {
        part: sorted((item.document_id, item.slot_id, item.ready) for item in waiting(small, part))
        for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator")
    }
    states = {
        row.id: (row.kind, row.state, row.version_number) for row in (*documents(small, "cover"), *documents(small))
    }
    verdicts = {}
    with small.db.read(small.school_id) as session:
        for version in session.exec(select(DocumentVersion)).all():
            file = ("x.pdf", current_file(session, version.id))
            (found,) = verify([file], roots=trust_roots(), db=small.db)
            verdicts[version.id] = (
                found.verdict, found.integrity, found.status, [str(reason.code) for reason in found.reasons],
                [(item.field, item.integrity, item.trust, item.order) for item in found.signatures],
            )  # fmt: skip
        assert verify_chain(session) == [] and compare(session) == []
    return {"queues": queues, "states": states, "verdicts": verdicts}


def test_queues_states_and_verdicts_are_what_they_were(small: SmallSchool, outside: Any) -> None:
    lock(small, "cover")
    lock(small, "results")
    sign(small, outside[0], "principal")
    sign(small, outside[0], "TOAN")
    before = seen(small)
    assert before["queues"]["VAN"] and before["queues"]["GDTC"] and before["verdicts"]
    assert [len(found[4]) for found in before["verdicts"].values()] == [1] * 4, (
        "two covers, two results, one signature each"
    )
    url = small.db.url
    small.db.dispose()
    alembic_command.stamp(alembic_config(url), "head")
    alembic_command.downgrade(alembic_config(url), BEFORE)
    alembic_command.upgrade(alembic_config(url), "head")
    if small.db.is_sqlite:  # a test database on PostgreSQL is made without policies; test_migrations looks at those
        require_current_schema(url)
    assert seen(small) == before
    sign(small, outside[0], "VAN")
    assert seen(small)["queues"]["VAN"] == [], "and the round goes on"
