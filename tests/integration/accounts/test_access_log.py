"""Who came, went, was refused or locked out: in the log, and guessing does not flood it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from hocba_app.domain.errors import HocbaError
from hocba_app.models import Account, AuditEvent, ChangeCounter, Database
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.activation import activate
from hocba_app.services.accounts.sessions import login, logout
from tests.integration.accounts.conftest import PASSWORD

ADDRESS = "198.51.100.7"


def _told(db: Database, school_id: str) -> list[tuple[str, str, int]]:
    with db.read(school_id) as session:
        rows = session.exec(select(AuditEvent).order_by(col(AuditEvent.seq))).all()
        return [
            (row.action, row.actor, row.data.get("failures", 0)) for row in rows if row.action.startswith("session.")
        ]


def test_coming_and_going_is_told_and_wakes_no_screen(
    db: Database, school_id: str, make_account: Callable[..., Account]
) -> None:
    account = make_account("gv")
    token = login(db, "gv", PASSWORD, address=ADDRESS)
    logout(db, token)
    logout(db, token)
    assert _told(db, school_id) == [("session.opened", account.id, 0), ("session.closed", account.id, 0)]
    with db.read(school_id) as session:
        assert session.get(ChangeCounter, school_id) is None


def test_failures_are_counted_not_listed(db: Database, school_id: str, make_account: Callable[..., Account]) -> None:
    make_account("gv")
    for _ in range(40):
        with pytest.raises(HocbaError):
            login(db, "gv", "sai mật khẩu rồi", address=ADDRESS)
    with pytest.raises(HocbaError):
        login(db, "nobody", "sai mật khẩu rồi", address=ADDRESS)
    assert _told(db, school_id) == [("session.refused", "", 1), ("session.locked_out", "", throttle.FREE_PER_NAME)]


def test_a_wrong_one_time_code_is_told(db: Database, school_id: str, make_account: Callable[..., Account]) -> None:
    make_account("gv", password=None)
    with pytest.raises(HocbaError):
        activate(db, "gv", "AAAA-BBBB-CCCC", PASSWORD, address=ADDRESS)
    assert _told(db, school_id) == [("session.refused", "", 1)]
