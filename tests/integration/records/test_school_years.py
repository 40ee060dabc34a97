"""Years side by side: what is open in each, closing one with a look at it, and what a closed year refuses."""

from __future__ import annotations

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, AuditEvent, Document, School, SchoolClass, YearClosing
from hocba_app.models.repositories import find
from hocba_app.models.repositories.school_years import classes_at_work
from hocba_app.services.accounts.authority import Right
from hocba_app.services.overview.dashboard import overview
from hocba_app.services.overview.school_years import YearView, close_year, reopen_year, school_years
from hocba_app.services.records.lock import start_lock
from hocba_app.services.signing.queue_groups import my_groups
from hocba_app.services.sync.commands import start_sync
from hocba_app.services.unlocking.unlock import request_unlock, withdraw
from tests.integration.records.conftest import documents, lock, work_on
from tests.school import SmallSchool

YEAR, NEXT = "2025-2026", "2026-2027"


def _year(small: SmallSchool, year: str = YEAR) -> YearView:
    return next(view for view in school_years(small.db, small.people["admin"]) if view.school_year == year)


def _next_year(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        school = session.get_one(School, small.school_id)
        school.current_year = NEXT
        session.add_all(
            [
                school,
                SchoolClass(source_id="c2", code="7A1", name="7A1", grade=7, regime="TT22", school_year=NEXT),
            ]
        )


def _seal(small: SmallSchool) -> None:
    with small.db.write(small.school_id) as session:
        for document in session.exec(select(Document)).all():
            document.state, document.next_stage = "sealed", None
            session.add(document)


def _code(caught: pytest.ExceptionInfo[HocbaError]) -> ErrorCode:
    return caught.value.code


def test_a_year_in_the_middle_of_signing_stays_open_and_is_named(small: SmallSchool) -> None:
    lock(small)
    _next_year(small)
    view = _year(small)
    assert (view.current, view.pupils, view.open.under_way, view.open.not_locked) == (False, 3, 3, 3)
    with pytest.raises(HocbaError) as caught:
        close_year(small.db, small.people["admin"], YEAR)
    assert _code(caught) is ErrorCode.YEAR_OPEN_ITEMS and "3 hồ sơ" in caught.value.sentence
    assert overview(small.db, small.people["admin"]).unfinished == [(YEAR, 3)]
    assert overview(small.db, small.people["TOAN"]).unfinished == []
    assert [(group.school_year, group.ready) for group in my_groups(small.db, small.people["TOAN"])] == [(YEAR, 3)], (
        "who must still sign last year's records sees them"
    )


def test_a_change_of_the_whole_school_concerns_no_year_that_is_sealed(small: SmallSchool) -> None:
    def concerned(school_year: str = NEXT) -> list[str]:
        with small.db.read(small.school_id) as session:
            classes = find.by_ids(session, SchoolClass, sorted(classes_at_work(session, school_year)))
            return sorted({row.school_year for row in classes.values()})

    lock(small)
    _next_year(small)
    assert concerned() == [YEAR, NEXT]
    _seal(small)
    assert concerned() == [NEXT]
    assert concerned(YEAR) == [YEAR, NEXT], "its data are being taken over again"
    with small.db.write(small.school_id) as session:
        one = documents(small)
        session.get_one(Document, (small.school_id, next(iter(one.values())).id)).out_of_date = [{"path": "x"}]
    assert concerned() == [YEAR, NEXT], "what is noted may be set right again"


def test_a_closed_year_refuses_until_it_is_opened_with_a_reason(small: SmallSchool) -> None:
    admin, principal = small.people["admin"], small.people["principal"]
    lock(small)
    _seal(small)
    with pytest.raises(HocbaError) as caught:
        close_year(small.db, admin, YEAR)
    assert _code(caught) is ErrorCode.REASON_MISSING, "QTHT of three pupils is not locked"
    close_year(small.db, admin, YEAR, "  QTHT làm trên giấy ")
    view = _year(small)
    assert view.closed_at is not None and view.reason == "QTHT làm trên giấy"
    acts = (
        lambda: start_lock(small.db, admin, kind="history", class_id=small.class_id),
        lambda: request_unlock(small.db, admin, [next(iter(documents(small).values())).id], "Sai tên"),
        lambda: start_sync(small.db, admin, school_year=YEAR),
        lambda: close_year(small.db, admin, YEAR),
    )
    for act in acts:
        with pytest.raises(HocbaError) as caught:
            act()
        assert _code(caught) is ErrorCode.YEAR_CLOSED
    start_lock(small.db, admin, kind="cover", class_id=small.class_id)  # a cover belongs to no year
    with pytest.raises(HocbaError) as caught:
        reopen_year(small.db, admin, YEAR, "Sai tên")
    assert _code(caught) is ErrorCode.FORBIDDEN and caught.value.params["right"] == Right.UNLOCK_APPROVE.value
    with pytest.raises(HocbaError) as caught:
        reopen_year(small.db, principal, YEAR, " ")
    assert _code(caught) is ErrorCode.REASON_MISSING
    reopen_year(small.db, principal, YEAR, "Đính chính họ tên")
    start_lock(small.db, admin, kind="history", class_id=small.class_id)
    with small.db.read(small.school_id) as session:
        row = session.exec(select(YearClosing)).one()
        told = [event.action for event in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()]
    assert (row.closed_by, row.reopened_by, row.left_open["not_locked"]) == (admin.account_id, principal.account_id, 3)
    assert [action for action in told if action.startswith("year.")] == ["year.closed", "year.reopened"]


def test_a_lock_that_was_asked_for_before_the_year_closed_locks_nothing(small: SmallSchool) -> None:
    job = start_lock(small.db, small.people["admin"], kind="results", class_id=small.class_id)
    close_year(small.db, small.people["admin"], YEAR, "Thôi")
    found = work_on(small, job)
    assert (found.state, found.error_code) == ("failed", ErrorCode.YEAR_CLOSED.value) and documents(small) == {}


def test_a_year_is_not_closed_under_a_sync_that_found_it_open(small: SmallSchool) -> None:
    """The sync asked when it began; what it writes afterwards would come into a closed year."""
    admin = small.people["admin"]
    start_sync(small.db, admin)  # of the current year
    with pytest.raises(HocbaError) as caught:
        close_year(small.db, admin, YEAR, "Thôi")
    assert _code(caught) is ErrorCode.SYNC_RUNNING and _year(small).closed_at is None


def test_an_account_nobody_vouches_for_opens_no_year_and_takes_back_nobodys_request(small: SmallSchool) -> None:
    """The admin has given out a new code for the principal's account, and uses it himself."""
    admin, principal = small.people["admin"], small.people["principal"]
    lock(small)
    asked = request_unlock(small.db, admin, [next(iter(documents(small).values())).id], "Sai tên")
    with small.db.write(small.school_id) as session:
        account = session.get_one(Account, (small.school_id, principal.account_id))
        account.credentials_open, account.credentials_by = True, admin.account_id
        session.add(YearClosing(school_year=YEAR, closed_by=admin.account_id, reason=""))
    acts = (
        lambda: reopen_year(small.db, principal, YEAR, "Đính chính"),
        lambda: withdraw(small.db, principal, asked),
    )
    for act in acts:
        with pytest.raises(HocbaError) as caught:
            act()
        assert _code(caught) is ErrorCode.CREDENTIALS_OPEN
    withdraw(small.db, admin, asked)  # his own


def test_numbers_of_a_year(small: SmallSchool) -> None:
    view = _year(small)
    assert (view.classes, view.pupils, sum(view.promotion.values())) == (1, 3, 3)
    assert sum(view.learning.values()) == 3


def test_another_schools_year_is_its_own(small: SmallSchool, other: SmallSchool) -> None:
    close_year(small.db, small.people["admin"], YEAR, "Xong")
    assert _year(other).closed_at is None
    with pytest.raises(HocbaError) as caught:
        school_years(small.db, small.people["TOAN"])
    assert _code(caught) is ErrorCode.FORBIDDEN
