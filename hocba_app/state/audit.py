"""Nhật ký: what happened, who did it, searched and filtered on the server."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import date
from urllib.parse import urlencode

import reflex as rx

from hocba_app.domain.calendar import VIETNAM
from hocba_app.domain.errors import HocbaError
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.reading import AuditRow, actors, audit_page
from hocba_app.state.guard import identity, requires
from hocba_app.state.records import Choice

PAGE_ROWS = 50
SYSTEM = "system"


@dataclasses.dataclass
class Row:
    """One event."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    details: str
    href: str


class AuditState(rx.State):
    """The page "Nhật ký"."""

    loaded: bool = False
    problem: str = ""
    rows: list[Row] = []
    people: list[Choice] = []
    search: str = ""
    group: str = ""
    actor: str = ""
    since: str = ""
    until: str = ""
    page: int = 1
    pages: int = 1
    total: int = 0

    @rx.var
    def csv_href(self) -> str:
        """The export of what the filters show; the search is not part of an address."""
        query = {"action": self.group, "actor": self.actor, "since": self.since, "until": self.until}
        return "/files/audit.csv?" + urlencode({key: value for key, value in query.items() if value})

    @rx.event
    @requires(Right.AUDIT_READ)
    async def load(self) -> None:
        """The newest page. ``?action=`` chooses a group."""
        self.group = str(self.router.url.query_parameters.get("action", ""))[:60]
        self.problem, self.page = "", 1
        who = await identity(self)
        assert who is not None
        self.people = [Choice(key, name) for key, name in await asyncio.to_thread(actors, database(), who)]
        await self._reload(who)

    @rx.event
    @requires(Right.AUDIT_READ)
    async def set_search(self, search: str) -> None:
        """Words of an action, a person, a pupil's name or code."""
        self.search, self.page = str(search)[:100], 1
        await self._reload(await identity(self))

    @rx.event
    @requires(Right.AUDIT_READ)
    async def set_filter(self, which: str, value: str) -> None:
        """One filter."""
        value = str(value)[:60]
        if which == "group":
            self.group = value
        elif which == "actor":
            self.actor = value
        elif which in ("since", "until") and (not value or _is_day(value)):
            setattr(self, which, value)
        self.page = 1
        await self._reload(await identity(self))

    @rx.event
    @requires(Right.AUDIT_READ)
    async def previous(self) -> None:
        self.page = max(1, self.page - 1)
        await self._reload(await identity(self))

    @rx.event
    @requires(Right.AUDIT_READ)
    async def next(self) -> None:
        self.page += 1
        await self._reload(await identity(self))

    async def _reload(self, who: Identity | None) -> None:
        assert who is not None
        self.problem = ""
        try:
            found = await asyncio.to_thread(
                audit_page, database(), who, search=self.search, action=self.group,
                actor=None if not self.actor else "" if self.actor == SYSTEM else self.actor, since=self.since, until=self.until,
                page=self.page, size=PAGE_ROWS,
            )
        except HocbaError as error:
            self.problem, self.loaded = error.sentence, True
            return
        self.rows = [_row(row) for row in found.rows]
        self.page, self.pages, self.total, self.loaded = found.page, found.pages, found.total, True


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _row(row: AuditRow) -> Row:
    kind, _, key = row.subject.partition(":")
    href = {"document": f"/records/{key}", "unlock": "/unlock", "class": f"/records?class={key}"}.get(kind, "")
    return Row(
        seq=row.seq, at=row.at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S"), actor=row.actor, action=row.action_name,
        subject=row.subject_name, details=row.details, href=href,
    )
