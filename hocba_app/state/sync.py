"""The page "Đồng bộ": start a run, follow it, read what it brought and what was refused."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import is_school_year
from hocba_app.domain.wording import OUTCOME, RESOURCE
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.sync import commands, conflicts, schedule
from hocba_app.state.shared.addresses import address_of, page_in
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.paging import Paging
from hocba_app.state.shared.sorting import Sorting, order_in_address, order_of, read_order, unsorted
from hocba_app.state.sync_rows import (
    ConflictCard,
    ReportRow,
    RunRow,
    SnapshotRow,
    changes_text,
    conflict_card,
    progress_text,
    run_row,
    snapshot_row,
)
from hocba_app.state.sync_scope import SyncScopeState

PAGE_ROWS = 30
_OUTCOME_TONE = {"new": "ok", "changed": "info", "gone": "wait", "rejected": "problem", "conflict": "problem"}


class SyncState(Sorting, Paging, LiveScreen, rx.State):
    """The page "Đồng bộ". The address names the report that is open, its filters, order and page."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.SYNC,)
    _sorts: ClassVar[tuple[str, ...]] = ("order", "resource", "label", "outcome", "field")

    loaded: bool = False
    problem: str = ""
    sector_problem: str = ""
    snapshots: list[SnapshotRow] = []
    snapshots_of: str = ""
    """The school year they are of."""
    out_of_date: int = 0
    running: bool = False
    cancelling: bool = False
    run_id: str = ""
    percent: int = 0
    progress_text: str = ""
    runs: list[RunRow] = []
    opened: str = ""
    outcome: str = ""
    report_resource: str = ""
    rows: list[ReportRow] = []
    conflicts: list[ConflictCard] = []
    daily_at: str = ""
    done: str = ""
    _sent_to: str = ""
    """The address this page sent its own browser to: what arrives there is no new visit."""

    @rx.event
    @requires(Right.SYNC)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        who = await require_identity(self)
        query = self.router.url.query_parameters
        visit, self._sent_to = self._sent_to != _address_in(query), ""
        if query.get("run"):
            self.opened, self.page = str(query["run"])[:26], page_in(query)
            self.outcome = outcome if (outcome := str(query.get("outcome", ""))) in OUTCOME else ""
            self.report_resource = name if (name := str(query.get("of", ""))) in RESOURCE else ""
            read_order(self, query)
        scope = await self.get_state(SyncScopeState)
        if visit:
            self.problem = self.done = ""
            scope.year = year if is_school_year(year := str(query.get("year", ""))) else ""
            await self._ask_sector(who)
        await scope._read(who)
        await self._reload(who)
        if begin(self):
            yield watching(SyncState)

    @rx.event
    @requires(Right.SYNC)
    async def start(self) -> EventSpec | None:
        """Ask for a run; its report opens."""
        who = await require_identity(self)
        scope = await self.get_state(SyncScopeState)
        self.problem = ""
        if scope.part and scope.nothing:
            self.problem = scope.explanation
            return None
        try:
            self.run_id = await asyncio.to_thread(commands.start_sync, database(), who, **scope._chosen())
        except HocbaError as error:
            self.problem = error.sentence
            await self._reload(who)
            return None
        self._open(self.run_id)
        await self._reload(who)
        return await self._go(1)

    @rx.event
    @requires(Right.SYNC)
    async def cancel(self) -> None:
        """Stop between two pages; what came stays."""
        who = await require_identity(self)
        with refusal_shown(self):
            await asyncio.to_thread(commands.cancel_sync, database(), who, self.run_id)
            self.cancelling = True

    @rx.event
    @requires(Right.SYNC)
    async def open_run(self, run_id: str) -> EventSpec | None:
        """Open its report; the same again closes it."""
        self._open("" if self.opened == run_id else str(run_id)[:26])
        return await self._go(1)

    @rx.event
    @requires(Right.SYNC)
    async def choose_outcome(self, outcome: str) -> EventSpec | None:
        """Only rows with this outcome."""
        self.outcome = outcome if outcome in OUTCOME else ""
        return await self._go(1)

    @rx.event
    @requires(Right.SYNC)
    async def choose_report_resource(self, resource: str) -> EventSpec | None:
        """Only rows of this data set."""
        self.report_resource = resource if resource in RESOURCE else ""
        return await self._go(1)

    @rx.event
    @requires(Right.SYNC)
    async def choose_year(self, year: str) -> None:
        """Another school year: other submissions, other classes; what was chosen of the classes is forgotten."""
        who, scope = await require_identity(self), await self.get_state(SyncScopeState)
        if year in scope.years:
            scope.year = year
        await scope._read(who)
        await self._ask_sector(who)

    @rx.event
    @requires(Right.SYNC)
    async def settle(self, conflict_id: str, choice: str) -> None:
        """A person decides; the run that does it starts at once."""
        who = await require_identity(self)
        self.problem = ""
        with refusal_shown(self):
            self.run_id = await asyncio.to_thread(conflicts.resolve, database(), who, str(conflict_id), str(choice))
        await self._reload(who)

    @rx.event
    @requires(Right.SYNC)
    async def choose_time(self, at: str) -> None:
        """Every day at this time; "" is never."""
        who = await require_identity(self)
        self.problem, self.done = "", ""
        try:
            await asyncio.to_thread(schedule.set_schedule, database(), who, str(at)[:5] or None)
        except HocbaError as error:
            self.problem = error.sentence
            return
        self.daily_at = str(at)[:5]
        self.done = f"Từ nay tự đồng bộ lúc {self.daily_at} hằng ngày." if self.daily_at else "Đã tắt đồng bộ tự động."

    def _open(self, run_id: str) -> None:
        self.opened, self.outcome, self.report_resource = run_id, "", ""
        unsorted(self)

    async def _go(self, page: int) -> EventSpec | None:
        self.page = page
        await self._load_report(await require_identity(self))
        report = {
            "run": self.opened,
            "outcome": self.outcome,
            "of": self.report_resource,
            "sort": order_in_address(self),
            "page": self.page,
        }
        address = _address_in({name: str(value) for name, value in report.items()})
        if address == _address_in(self.router.url.query_parameters):
            return None
        self._sent_to = address
        return rx.redirect(address, replace=True)

    async def _ask_sector(self, who: Identity) -> None:
        """What will come: asked when the page opens, of another year and when a run ended, not on every change."""
        scope = await self.get_state(SyncScopeState)
        status = await asyncio.to_thread(commands.sync_status, database(), who, scope.year or None)
        scope.year = status.school_year
        self.snapshots_of, self.sector_problem = status.school_year, status.sector_problem
        self.snapshots = [snapshot_row(snapshot) for snapshot in status.snapshots]
        self.out_of_date = sum(status.out_of_date.values())

    async def _reload(self, who: Identity) -> None:
        runs = await asyncio.to_thread(commands.sync_runs, database(), who)
        was_running = self.running
        self.runs = [run_row(run) for run in runs]
        live = next((run for run in runs if run.state in ("queued", "running")), None)
        self.running = live is not None
        if live is not None:
            self.run_id = live.id
            self.percent = round(100 * live.progress / live.total) if live.total else 0
            self.progress_text = progress_text(live)
        elif was_running:
            self.cancelling = False
            await self._ask_sector(who)
        if self.opened:
            await self._load_report(who)
        self.conflicts = [
            conflict_card(each) for each in await asyncio.to_thread(conflicts.open_conflicts, database(), who)
        ]
        daily_at = await asyncio.to_thread(schedule.schedule, database(), who)
        self.daily_at = daily_at or ""
        self.loaded = True

    async def _load_report(self, who: Identity) -> None:
        self.rows = []
        if not self.opened:
            return
        try:
            found = await asyncio.to_thread(
                commands.sync_report,
                database(),
                who,
                self.opened,
                outcome=self.outcome or None,
                resource=self.report_resource or None,
                sort=order_of(self),
                page=self.page,
                size=PAGE_ROWS,
            )
        except HocbaError as error:
            self.problem, self.opened = error.sentence, ""
            return
        self.page, self.total, self.pages = found.page, found.total, max(1, math.ceil(found.total / PAGE_ROWS))
        self.rows = [
            ReportRow(
                row.resource_title,
                row.label,
                row.outcome_title,
                _OUTCOME_TONE.get(row.outcome, "info"),
                row.field_title,
                row.reason or changes_text(row.changes),
            )
            for row in found.rows
        ]


def _address_in(query: Mapping[str, Any]) -> str:
    """The page's address with the report that is open, its filters, order and page, and with nothing else."""
    if not query.get("run"):
        return "/sync"
    return address_of("/sync", {name: str(query.get(name, "")) for name in ("run", "outcome", "of", "sort", "page")})
