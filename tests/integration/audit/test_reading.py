"""The log as people read it: searched, filtered, paged, exported; nobody reads another school's."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlmodel import select

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import VIETNAM, today
from hocba_app.models import AuditEvent
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import audit as audit_rows
from hocba_app.services.audit.log import record
from hocba_app.services.overview.audit_log import actors, audit_csv, audit_page
from hocba_app.services.unlocking import unlock
from tests.integration.records.conftest import documents, lock, other, own_documents, pupils, small
from tests.school import SmallSchool

__all__ = ["other", "own_documents", "small"]  # fixtures


def test_the_newest_come_first_with_words_and_names(small: SmallSchool) -> None:
    lock(small)
    found = audit_page(small.db, small.people["admin"])
    assert [row.action for row in found.rows] == ["record.locked"] * 3 + ["lock.started"]
    row = found.rows[0]
    assert (row.action_name, row.actor, row.details) == ("Đã chốt hồ sơ", "Quản trị", "KQHT · bản 1")
    assert row.subject_name.startswith("KQHT 2025-2026 · HS00") and row.subject_name.endswith(" · 6A1")
    assert found.rows[3].subject_name == "6A1"


def test_filters(small: SmallSchool) -> None:
    lock(small)
    admin, principal = small.people["admin"], small.people["principal"]
    document = documents(small)[pupils(small)[0]]
    unlock.request_unlock(small.db, principal, [document.id], "=1+1")

    def total(**filters: object) -> int:
        return audit_page(small.db, admin, **filters).total  # type: ignore[arg-type]

    assert total() == 7
    assert total(action="record") == 4 and total(action="record.unlocked") == 1 and total(action="unlock") == 2
    assert total(actor=principal.account_id) == 3 and total(actor="") == 0
    assert total(subject=f"document:{document.id}") == 2
    assert total(search="HS001") == 2 and total(search="dang y lan 2") == 1
    assert total(search="huy chot") == 3 and total(search="không có gì như thế") == 0
    day = today()
    assert total(since=day.isoformat(), until=day.isoformat()) == 7
    assert total(until=(day - timedelta(days=1)).isoformat()) == 0
    assert total(action="%") == 0
    with pytest.raises(HocbaError) as refused:
        total(since="hôm qua")
    assert refused.value.code is ErrorCode.INVALID_INPUT
    second = audit_page(small.db, admin, page=2, size=5)
    assert (second.pages, len(second.rows)) == (2, 2)
    assert (admin.account_id, "Quản trị") in actors(small.db, admin)


def test_days_are_found_by_halving_the_chain_whatever_the_clock_did(small: SmallSchool) -> None:
    lock(small)
    admin, now = small.people["admin"], utc_now()
    ages = (900, 500, 40, 41, 0)  # days; a clock was put back by one
    with small.db.write(small.school_id) as session:
        for event, days in zip(session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all(), ages, strict=False):
            event.at = now - timedelta(days=days)
    with small.db.read(small.school_id) as session:
        found = [audit_rows.seq_at(session, now - timedelta(days=days)) for days in (1000, 600, 100, -1)]
        last = audit_rows.count_events(session, audit_rows.AuditFilter())
        assert [code for _, code, _ in audit_rows.everybody(session, "2999-3000")] == []
        assert len(list(audit_rows.everybody(session, "2025-2026"))) == len(list(audit_rows.everybody(session, ""))) > 1
    assert found == [1, 2, 3, last + 1]
    day = (now - timedelta(days=40)).astimezone(VIETNAM).date()
    for since, until, count in ((day, day, 1), (day - timedelta(days=1), day, 2), (day, None, last - 3)):
        bounds = {"since": since.isoformat(), "until": until.isoformat() if until else ""}
        assert audit_page(small.db, admin, **bounds).total == count


def test_the_export_has_every_row_and_no_formula_and_no_pupils_name(small: SmallSchool) -> None:
    lock(small)
    with small.db.write(small.school_id) as session:
        record(session, actor="", action=Action.UNLOCK_ASKED, subject="unlock:x", data={"reason": "=HYPERLINK(1)"})
    data = audit_csv(small.db, small.people["admin"])
    table = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert len(table) == 6 and table[1][2] == "Hệ thống"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in table for cell in row)
    assert "Đặng Ỷ Lan" not in data.decode()
    assert (
        len(
            list(csv.reader(io.StringIO(audit_csv(small.db, small.people["admin"], action="lock").decode("utf-8-sig"))))
        )
        == 2
    )


def test_rights_and_schools(small: SmallSchool, other: SmallSchool) -> None:
    lock(small)
    for part in ("TOAN", "homeroom", "operator"):
        for call in (audit_page, audit_csv, actors):
            with pytest.raises(HocbaError) as refused:
                call(small.db, small.people[part])  # type: ignore[operator]
            assert refused.value.code is ErrorCode.FORBIDDEN
    assert audit_page(other.db, other.people["admin"]).total == 0
    assert audit_page(other.db, other.people["admin"], search="HS001").total == 0
