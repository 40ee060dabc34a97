"""Nhật ký: what happened, who did it, searched and filtered on the server."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import VIETNAM, first_day, today
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.overview.audit_log import AuditRow, actors, audit_page
from hocba_app.state.shared.addresses import address_of, page_in
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.searching import Searching, go_to, keep_search
from hocba_app.state.shared.select_option import SelectOption

PAGE_ROWS = 40
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


class AuditState(Searching, rx.State):
    """The page "Nhật ký"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.AUDIT_READ,)

    loaded: bool = False
    problem: str = ""
    rows: list[Row] = []
    people: list[SelectOption] = []
    group: str = ""
    actor: str = ""
    since: str = ""
    until: str = ""
    oldest_first: bool = False
    _narrowed: bool = False

    @rx.var
    def csv_href(self) -> str:
        """The export of what the filters show; the search is not part of an address."""
        query = {"action": self.group, "actor": self.actor, "since": self.since, "until": self.until}
        return "/files/audit.csv?" + urlencode({key: value for key, value in query.items() if value})

    @rx.event
    @requires(Right.AUDIT_READ)
    async def load(self) -> None:
        """Filters from the address, rows from the database."""
        query = self.router.url.query_parameters
        self.group, self.actor = str(query.get("action", ""))[:60], str(query.get("actor", ""))[:60]
        self.since, self.until = _day_in(query, "since"), _day_in(query, "until")
        self.oldest_first = str(query.get("order", "")) == "oldest"
        self.problem, self.page = "", page_in(query)
        keep_search(self)
        self._narrowed = bool(self.search or self.group or self.actor)
        who = await require_identity(self)
        self.people = [SelectOption(key, name) for key, name in await asyncio.to_thread(actors, database(), who)]
        await self._reload(who)

    @rx.event
    @requires(Right.AUDIT_READ)
    async def set_filter(self, which: str, value: str) -> EventSpec | None:
        """One filter; the address follows."""
        value = str(value)[:60]
        if which == "group":
            self.group = value
        elif which == "actor":
            self.actor = value
        elif which in ("since", "until") and (not value or _is_day(value)):
            setattr(self, which, value)
        return await self._go(1)

    @rx.event
    @requires(Right.AUDIT_READ)
    async def turn_order(self) -> EventSpec | None:
        """The oldest first, or the newest again."""
        self.oldest_first = not self.oldest_first
        return await self._go(1)

    def _begin_with_this_year(self) -> None:
        """The first narrowing searches this school year, as its first day then shows. Whoever empties the day searches everything there
        ever was."""
        before, self._narrowed = self._narrowed, bool(self.search or self.group or self.actor)
        if self._narrowed and not (before or self.since or self.until):
            self.since = first_day(today()).isoformat()

    async def _go(self, page: int) -> EventSpec | None:
        self._begin_with_this_year()
        self.page = page
        await self._reload(await require_identity(self))
        filters = {
            "action": self.group,
            "actor": self.actor,
            "since": self.since,
            "until": self.until,
            "order": "oldest" if self.oldest_first else "",
            "page": self.page,
        }
        return go_to(self, address_of("/audit", filters))

    async def _reload(self, who: Identity) -> None:
        self.problem = ""
        try:
            found = await asyncio.to_thread(
                audit_page,
                database(),
                who,
                search=self.search,
                action=self.group,
                actor=None if not self.actor else "" if self.actor == SYSTEM else self.actor,
                since=self.since,
                until=self.until,
                page=self.page,
                size=PAGE_ROWS,
                oldest_first=self.oldest_first,
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


def _day_in(query: Mapping[str, Any], name: str) -> str:
    text = str(query.get(name, ""))
    return text if _is_day(text) else ""


def _row(row: AuditRow) -> Row:
    kind, _, key = row.subject.partition(":")
    href = {"document": f"/records/{key}", "unlock": "/unlock", "class": f"/records?class={key}"}.get(kind, "")
    return Row(
        seq=row.seq,
        at=row.at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S"),
        actor=row.actor,
        action=row.action_name,
        subject=row.subject_name,
        details=row.details,
        href=href,
    )
