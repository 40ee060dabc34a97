"""A page that follows its school: reloaded for what it shows, left alone for the rest, one loop a tab."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex.utils.format import format_event_handler
from reflex_base.event import Event
from sqlmodel import select

from hocba_app.domain.audit_wording import Action
from hocba_app.hocba_app import app
from hocba_app.models import Document
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import Tells, record
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.state.record import RecordState
from hocba_app.state.shared import change_watcher, guard, live_screen
from tests.integration.web.conftest import WebSchool

WHO = Identity("account", "school", "staff", "gv01", "Cô Ánh", frozenset({"subject"}))
PATIENT = 30.0


class Page:
    """What a loop knows of a state."""

    def __init__(self, token: str = "tab", screen: str = "app.signing") -> None:
        self.router = SimpleNamespace(session=SimpleNamespace(client_token=token))
        self.screen, self.reloaded = screen, asyncio.Queue[str]()

    def get_full_name(self) -> str:
        return self.screen

    async def __aenter__(self) -> Page:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def reload(self, who: Identity) -> None:
        await self.reloaded.put(who.username)


class Watcher:
    """Moves what the test says."""

    def __init__(self) -> None:
        self.counter, self.known = 0, dict[int, ChangeSet]()
        self.told = asyncio.Condition()

    def value(self, _school: str) -> int:
        return self.counter

    async def moved(self, _school: str, since: int, _patience: float) -> int:
        async with self.told:
            await self.told.wait_for(lambda: self.counter != since)
        return self.counter

    def moves(self, _school: str, since: int) -> list[ChangeSet]:
        return [what for before, what in self.known.items() if before >= since]

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[None]:
        yield

    async def tell(self, what: ChangeSet) -> None:
        async with self.told:
            self.known[self.counter] = what
            self.counter += 1
            self.told.notify_all()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    found = SimpleNamespace(watcher=Watcher(), tabs={"tab"}, who=WHO)

    async def identity(_state: Any) -> Identity | None:
        return found.who

    monkeypatch.setattr(live_screen, "watcher", lambda: found.watcher)
    monkeypatch.setattr(live_screen, "identity", identity)
    monkeypatch.setattr(live_screen, "open_tabs", lambda: found.tabs)
    monkeypatch.setattr(live_screen, "menu_again", live_screen._no_menu)
    monkeypatch.setattr(live_screen, "CALM_SECONDS", 0.0)
    monkeypatch.setattr(live_screen, "_loops", {})
    return found


def begun(page: Any) -> asyncio.Task[None]:
    assert live_screen.begin(page)
    return asyncio.create_task(
        live_screen.follow(page, page.reload, concerned=lambda who, what: who.staff_id in what.staff)
    )


async def ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait_for(task, PATIENT)


async def test_only_what_concerns_the_page_reloads_it(world: SimpleNamespace) -> None:
    page = Page()
    task = begun(page)
    await asyncio.sleep(0)
    for what in (
        ChangeSet(staff=frozenset({"another"})),
        ChangeSet(accounts=frozenset({"another"}), classes=frozenset({"6A1"})),
        ChangeSet(),
        ChangeSet(staff=frozenset({"staff"})),
        ChangeSet(accounts=frozenset({"account"})),
        ChangeSet(wide=True),
    ):
        await world.watcher.tell(what)
        if what.wide or "staff" in what.staff or "account" in what.accounts:
            assert await asyncio.wait_for(page.reloaded.get(), PATIENT) == "gv01"
        else:
            for _ in range(20):
                await asyncio.sleep(0)
            assert page.reloaded.empty()
    world.tabs.clear()  # the tab is closed
    await world.watcher.tell(ChangeSet(wide=True))
    await ended(task)
    assert page.reloaded.empty() and live_screen._loops == {}


async def test_the_menu_follows_what_waits_for_a_person_on_any_page(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: asyncio.Queue[str] = asyncio.Queue()

    async def menu_again(_state: Any, who: Identity) -> None:
        await counted.put(who.username)

    monkeypatch.setattr(live_screen, "menu_again", menu_again)
    page: Any = Page()
    assert live_screen.begin(page)
    task = asyncio.create_task(live_screen.follow(page, page.reload, concerned=lambda _who, _what: False))
    await asyncio.sleep(0)
    await world.watcher.tell(ChangeSet(staff=frozenset({"another"})))
    await world.watcher.tell(ChangeSet(staff=frozenset({"staff"})))  # into his queue; nothing the page shows
    assert await asyncio.wait_for(counted.get(), PATIENT) == "gv01"
    assert page.reloaded.empty() and counted.empty()
    await world.watcher.tell(ChangeSet(wide=True))
    assert await asyncio.wait_for(counted.get(), PATIENT) == "gv01"
    assert not page.reloaded.empty()
    world.tabs.clear()
    await world.watcher.tell(ChangeSet(wide=True))
    await ended(task)


async def test_a_page_loaded_again_keeps_its_loop_and_another_page_ends_it(world: SimpleNamespace) -> None:
    page: Any = Page()
    task = begun(page)
    await asyncio.sleep(0)
    live_screen.leave(page)
    assert not live_screen.begin(page)  # the same page again: filters, a reload
    await world.watcher.tell(ChangeSet(wide=True))
    await asyncio.wait_for(page.reloaded.get(), PATIENT)
    other: Any = Page(screen="app.records")
    live_screen.leave(page)
    second = begun(other)
    await asyncio.sleep(0)
    await world.watcher.tell(ChangeSet(wide=True))
    await ended(task)
    await asyncio.wait_for(other.reloaded.get(), PATIENT)
    assert page.reloaded.empty()
    world.who = None  # signed out
    await world.watcher.tell(ChangeSet(wide=True))
    await ended(second)
    assert live_screen._loops == {}


async def test_a_client_that_calls_the_loop_itself_gets_none(world: SimpleNamespace) -> None:
    page: Any = Page()
    await ended(
        asyncio.create_task(live_screen.follow(page, page.reload, concerned=lambda who, what: True))
    )  # never asked for by a load
    task = begun(page)
    await asyncio.sleep(0)
    await ended(
        asyncio.create_task(live_screen.follow(page, page.reload, concerned=lambda who, what: True))
    )  # one runs already
    await world.watcher.tell(ChangeSet(wide=True))
    await asyncio.wait_for(page.reloaded.get(), PATIENT)
    world.tabs.clear()
    await world.watcher.tell(ChangeSet(wide=True))
    await ended(task)
    assert page.reloaded.empty()


async def test_an_open_record_shows_what_another_process_did_to_it_and_to_no_other(
    two_schools: tuple[WebSchool, WebSchool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the whole pipeline: the gate, the state, the watcher on the database, the loop, the delta."""
    ours, _ = two_schools
    db, tabs = ours.small.db, {"tab"}
    monkeypatch.setattr(live_screen, "open_tabs", lambda: tabs)
    monkeypatch.setattr(live_screen, "IDLE_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(live_screen, "CALM_SECONDS", 0.0)
    monkeypatch.setattr(change_watcher, "LOOK_SECONDS", 0.02)
    with db.read(ours.school_id) as session:
        shown, other = [
            row.id for row in session.exec(select(Document).where(Document.kind == "results").limit(2)).all()
        ]

    def sign(document_id: str) -> None:
        with db.write(ours.school_id) as session:
            document = session.get_one(Document, (ours.school_id, document_id))
            document.updated_at = utc_now()
            session.add(document)
            record(
                session,
                actor="",
                action=Action.RECORD_SIGNED,
                tells=Tells.CONCERNED,
                subject=f"document:{document_id}",
                data={"stage": "subject"},
            )

    data = {
        "headers": {"cookie": f"{guard.COOKIE}={ours.tokens['admin']}"},
        "pathname": "/records/[document_id]",
        "asPath": f"/records/{shown}",
        "query": {"document_id": shown},
        "token": "tab",
    }
    app._state_manager = StateManagerMemory()
    async with app._setup_event_processor(), asyncio.timeout(120):  # type: ignore[attr-defined]
        name = format_event_handler(RecordState.load)
        titles = asyncio.Queue[str]()

        async def listen() -> None:
            async for delta in app.event_processor.enqueue_stream_delta(
                "tab", Event(name=name, payload={}, router_data=data)
            ):
                for state, values in dict(delta).items():
                    if state.endswith("record____record_state") and values.get("title_rx_state_"):
                        await titles.put(values["title_rx_state_"])

        listening = asyncio.create_task(listen())
        title = await titles.get()
        while "tab" not in live_screen._loops or not live_screen._loops["tab"].running:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        await change_watcher.watcher().moved(ours.school_id, 0, 30)  # the watcher has read where the school stands
        while not titles.empty():
            titles.get_nowait()
        await asyncio.to_thread(sign, shown)
        assert await titles.get() == title
        before = change_watcher.watcher().value(ours.school_id)
        await asyncio.to_thread(sign, other)
        await change_watcher.watcher().moved(ours.school_id, before, 30)
        await asyncio.to_thread(sign, shown)
        assert await titles.get() == title
        tabs.clear()
        await listening
    assert titles.empty() and "tab" not in live_screen._loops
