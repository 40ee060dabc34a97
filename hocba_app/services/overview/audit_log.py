"""The audit log to look through: searched, filtered and paged on the server, and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from hocba_app.domain.audit_wording import SUBJECTS, Action, action_text, details_text
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.paging import page_count, page_within
from hocba_app.domain.school_calendar import VIETNAM, school_year_of
from hocba_app.domain.search_text import matches
from hocba_app.models import AuditEvent, Database
from hocba_app.models.repositories import audit as rows
from hocba_app.models.repositories.audit import AuditFilter
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.csv_cells import plain_cell

SYSTEM = "Hệ thống"
MAX_PAGE = 200
_CHUNK_SIZE = 1000
_HEADER = (
    "Số",
    "Thời gian",
    "Người thực hiện",
    "Việc",
    "Đối tượng",
    "Chi tiết",
    "Mã việc",
    "Mã đối tượng",
    "Dữ liệu",
    "Mã băm",
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event as people read it."""

    seq: int
    at: datetime
    actor: str
    action: str
    action_name: str
    subject: str
    subject_name: str
    details: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the log."""

    rows: list[AuditRow]
    total: int
    page: int
    pages: int


def audit_page(
    db: Database,
    who: Identity,
    *,
    search: str = "",
    action: str = "",
    actor: str | None = None,
    subject: str = "",
    since: str = "",
    until: str = "",
    page: int = 1,
    size: int = 50,
    oldest_first: bool = False,
) -> AuditPage:
    """One page of the school's log, newest first unless asked otherwise.

    Args:
        search: words of an action, of the name of who did it, of a pupil's name or code.
        action: an action, or a group of them ("record").
        actor: account id; "" for the system; None for anybody.
        subject: ``<table>:<id>``.
        since: first day, ISO date in Vietnam; "" for no bound.
        until: last day, included.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.AUDIT_READ)
    size = min(max(size, 1), MAX_PAGE)
    with db.read(who.school_id) as session:
        wanted = _filter(session, search, action, actor, subject, since, until)
        total = rows.count_events(session, wanted)
        pages, page = page_count(total, size), page_within(page, total, size)
        found = rows.events(session, wanted, offset=(page - 1) * size, limit=size, oldest_first=oldest_first)
        return AuditPage(_audit_rows(session, found), total, page, pages)


def audit_csv(
    db: Database,
    who: Identity,
    *,
    search: str = "",
    action: str = "",
    actor: str | None = None,
    subject: str = "",
    since: str = "",
    until: str = "",
) -> bytes:
    """Every event of a filter for a spreadsheet, newest first; pupils by code, no cell can act as a formula.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.AUDIT_READ)
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(_HEADER)
    last: int | None = None
    with db.read(who.school_id) as session:
        wanted = _filter(session, search, action, actor, subject, since, until)
        while found := rows.events_before(session, wanted, last, _CHUNK_SIZE):
            last = found[-1].seq
            for event, row in zip(found, _audit_rows(session, found), strict=True):
                cells = (
                    str(row.seq),
                    row.at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S"),
                    row.actor,
                    row.action_name,
                    row.subject_name,
                    row.details,
                    row.action,
                    row.subject,
                    json.dumps(event.data, ensure_ascii=False, sort_keys=True),
                    event.hash,
                )
                writer.writerow([plain_cell(cell) for cell in cells])
            session.expunge_all()
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def actors(db: Database, who: Identity) -> list[tuple[str, str]]:
    """``(account id, name)`` of everybody with an account, for the filter.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.AUDIT_READ)
    with db.read(who.school_id) as session:
        return sorted(rows.account_names(session).items(), key=lambda item: item[1])


def _filter(
    session: Session, search: str, action: str, actor: str | None, subject: str, since: str, until: str
) -> AuditFilter:
    search = search.strip()[:100]
    begin, end = _day(since), _day(until)
    return AuditFilter(
        group=action,
        actor=actor,
        subject=subject,
        since=begin,
        before=end + timedelta(days=1) if end is not None else None,
        any_of=_searched(session, search, school_year_of(begin.date()) if begin else "") if search else None,
    )


def _searched(session: Session, search: str, since_year: str) -> tuple[list[str], list[str], list[str]]:
    people = [key for key, name in rows.account_names(session).items() if matches(search, name)]
    students = [key for key, code, name in rows.everybody(session, since_year) if matches(search, name, code)]
    subjects = [f"student:{key}" for key in students]
    subjects += [f"document:{key}" for key in rows.documents_of_students(session, students)]
    subjects += [f"account:{key}" for key in people]
    actions = [action.value for action in Action if matches(search, action.words)]
    return actions, people + ([""] if matches(search, SYSTEM) else []), subjects


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ngày") from error
    if not 1900 <= day.year <= 2100:  # the calendar's own ends have no day before or after them
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ngày")
    return datetime.combine(day, time(), VIETNAM)


def _audit_rows(session: Session, found: Sequence[AuditEvent]) -> list[AuditRow]:
    names, subjects = rows.account_names(session), rows.subject_names(session, {event.subject for event in found})
    return [
        AuditRow(
            seq=event.seq,
            at=event.at,
            actor=names.get(event.actor, event.actor) if event.actor else SYSTEM,
            action=event.action,
            action_name=action_text(event.action),
            subject=event.subject,
            subject_name=subjects.get(event.subject) or SUBJECTS.get(event.subject.partition(":")[0], ""),
            details=details_text(event.data),
        )
        for event in found
    ]
