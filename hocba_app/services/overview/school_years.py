"""The years of a school side by side: their numbers, what is still open in each, and closing a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, School, YearClosing
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import membership
from hocba_app.models.repositories import school_years as rows
from hocba_app.models.repositories.audit import account_names
from hocba_app.models.repositories.batches import serialise
from hocba_app.models.repositories.jobs import live_job
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.credentials import require_own_credentials
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import record

MAX_REASON = 500
_NUMBERS = "numbers"
"""Of the year, in what its closing keeps."""


@dataclass(frozen=True, slots=True)
class OpenItems:
    """What is not finished in a year."""

    under_way: int
    """Documents locked and not sealed: they keep the year from being closed."""
    unlocks: int
    """Requests to unlock that wait: as well."""
    not_locked: int
    """Documents nobody has locked: the year is closed without them only with a reason."""
    out_of_date: int
    """Sealed documents that newer data contradict: as well."""

    @property
    def blocking(self) -> bool:
        """Whether the year cannot be closed."""
        return bool(self.under_way or self.unlocks)

    @property
    def needs_reason(self) -> bool:
        """Whether closing it says why."""
        return bool(self.not_locked or self.out_of_date)


@dataclass(frozen=True, slots=True)
class YearView:
    """One school year."""

    school_year: str
    current: bool
    classes: int
    pupils: int
    """At the year's end, or now."""
    sealed: int
    """QTHT and results."""
    signatures: int
    open: OpenItems
    learning: Mapping[str, int]
    promotion: Mapping[str, int]
    titles: Mapping[str, int]
    closed_at: datetime | None
    closed_by: str
    reason: str


def school_years(db: Database, who: Identity) -> list[YearView]:
    """Every year there are classes of, the newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.LOCK)
    with db.installation() as session:
        current = session.get_one(School, who.school_id).current_year
    with db.read(who.school_id) as session:
        names = account_names(session)
        closed = {row.school_year: row for row in rows.closings(session) if row.reopened_at is None}
        return [
            _view(session, year, count, closed.get(year), names, current=year == current)
            for year, count in rows.years_here(session)
        ]


def close_year(db: Database, who: Identity, school_year: str, reason: str = "") -> None:
    """Close a year: nothing of it is locked, unlocked or brought in until it is opened again.

    Args:
        reason: needed while documents are not locked, or newer data contradict sealed ones.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, YEAR_CLOSED, YEAR_OPEN_ITEMS, SYNC_RUNNING, REASON_MISSING.
    """
    require(who, Right.LOCK)
    reason = _reason(reason)
    with db.write(who.school_id) as session:
        serialise(session)  # no lock, unlock or batch may begin between the look and the closing
        if school_year not in dict(rows.years_here(session)):
            raise HocbaError(ErrorCode.NOT_FOUND, what="năm học")
        rows.require_open(session, school_year)
        if _brought_in_now(session, school_year):
            raise HocbaError(ErrorCode.SYNC_RUNNING)
        found = _open_items(session, school_year)
        if found.blocking:
            raise HocbaError(
                ErrorCode.YEAR_OPEN_ITEMS, year=school_year, under_way=found.under_way, unlocks=found.unlocks
            )
        if found.needs_reason and not reason:
            raise HocbaError(ErrorCode.REASON_MISSING)
        session.add(
            YearClosing(
                school_year=school_year,
                closed_by=who.account_id,
                reason=reason,
                left_open=asdict(found) | {_NUMBERS: _numbers(session, school_year)},
            )
        )
        _record_year(session, who, Action.YEAR_CLOSED, school_year, reason)


def _brought_in_now(session: Session, school_year: str) -> bool:
    """Whether a sync or an import of the year is under way: it asked whether the year is open when it began."""
    job = live_job(session, "sync")
    if job is None:
        return False
    school = session.get_one(School, session.info["school_id"])
    return (job.arguments.get("school_year") or school.current_year) == school_year


def reopen_year(db: Database, who: Identity, school_year: str, reason: str) -> None:
    """Open a closed year again.

    Raises:
        HocbaError: FORBIDDEN, REASON_MISSING, CREDENTIALS_OPEN, NOT_FOUND.
    """
    require(who, Right.UNLOCK_APPROVE)
    reason = _reason(reason)
    if not reason:
        raise HocbaError(ErrorCode.REASON_MISSING)
    with db.write(who.school_id) as session:
        require_own_credentials(session, who)
        serialise(session)
        row = rows.closing_of(session, school_year)
        if row is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="năm học đã khóa sổ")
        row.reopened_at, row.reopened_by, row.reopen_reason = utc_now(), who.account_id, reason
        session.add(row)
        _record_year(session, who, Action.YEAR_REOPENED, school_year, reason)


def unfinished_before(session: Session, school_year: str) -> list[tuple[str, int]]:
    """Years before this one that are not closed and have documents under way, with how many."""
    closed = rows.closed_years(session)
    return [(year, count) for year, count in rows.under_way_before(session, school_year) if year not in closed]


def _view(
    session: Session,
    year: str,
    classes: int,
    closing: YearClosing | None,
    names: Mapping[str, str],
    *,
    current: bool,
) -> YearView:
    kept = dict(closing.left_open) if closing is not None else {}
    numbers = kept.pop(_NUMBERS, None) or _numbers(session, year)  # closed by an earlier version: not kept
    return YearView(
        school_year=year,
        current=current,
        classes=classes,
        **numbers,
        open=OpenItems(**kept) if kept else _open_items(session, year),
        closed_at=closing.closed_at if closing is not None else None,
        closed_by=names.get(closing.closed_by, "") if closing is not None else "",
        reason=closing.reason if closing is not None else "",
    )


def _numbers(session: Session, year: str) -> dict[str, Any]:
    """What a closed year keeps as it was: nobody counts fifty years again to look at one."""
    outcomes = rows.outcomes(session, year)
    return {
        "pupils": sum(membership.present_per_class(session, year).values()),
        "sealed": rows.standing(session, year).sealed,
        "signatures": rows.signatures(session, year),
        **outcomes._asdict(),
    }


def _open_items(session: Session, school_year: str) -> OpenItems:
    found = rows.standing(session, school_year)
    return OpenItems(
        under_way=found.under_way,
        unlocks=rows.unlocks_open(session, school_year),
        not_locked=found.not_locked,
        out_of_date=found.out_of_date,
    )


def _reason(text: str) -> str:
    return " ".join(text.split())[:MAX_REASON]


def _record_year(session: Session, who: Identity, action: Action, school_year: str, reason: str) -> None:
    record(
        session,
        actor=who.account_id,
        action=action,
        subject=f"year:{school_year}",
        data={"year": school_year} | ({"reason": reason} if reason else {}),
    )
