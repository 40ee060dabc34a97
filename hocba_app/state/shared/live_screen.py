"""One loop for every screen that follows the database: woken by the watcher, ended with its tab."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from hocba_app.process_scope import on_close
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.state.shared.change_watcher import CALM_SECONDS, watcher
from hocba_app.state.shared.guard import PageRights, identity, requires_of_page

IDLE_TIMEOUT_SECONDS = 20.0
"""Seconds without a change after which the tab's life and its session are looked at again."""
MAX_BEHIND = 60.0
"""Seconds after which a screen is reloaded although nothing that moved seemed to concern it."""

open_tabs: Callable[[], Container[str]] = frozenset
"""Tokens of the tabs that are connected to this process; the app sets it when it is made (a loop outlives its tab)."""


async def _no_menu(_state: rx.State, _who: Identity) -> None:
    """Where there is no app."""


menu_again: Callable[[rx.State, Identity], Awaitable[object]] = _no_menu
"""Brings the menu's numbers up to date; the app sets it when it is made (the menu itself follows like a page)."""

STARTED_WITHIN = 10.0
"""Seconds in which a loop that was asked for has begun; after that it was lost, and the next load asks for another."""

Concern = Callable[[Identity, ChangeSet], bool]
"""Whether a change that is not wide touches what a screen shows: its person, the change."""


@dataclass
class _Loop:
    """The loop of the page a tab shows."""

    screen: str
    asked: float
    running: bool = False
    left: bool = False
    """The tab went to another page, or is loading this one again."""


_loops: dict[str, _Loop] = {}
on_close(_loops.clear)


class LiveScreen(PageRights, mixin=True):
    """A screen that follows the database. Its ``load`` ends with ``if begin(self): yield watching(Page)``."""

    @rx.event(background=True)
    @requires_of_page()
    async def watch(self) -> None:
        """Reload when something of the school changed that the page shows."""
        await follow(self, self._reload, concerned=self._is_concerned)

    def _is_concerned(self, _who: Identity, _what: ChangeSet) -> bool:
        """Whether a change that is not wide touches what the page shows (state to read only)."""
        return True

    @abstractmethod
    async def _reload(self, who: Identity) -> None:
        """Read what is shown; it checks rights like every read."""


def begin(state: rx.State) -> bool:
    """A screen was loaded: whether its loop has to be started; the one of an earlier load goes on instead."""
    token, now = state.router.session.client_token, time.monotonic()
    loop = _loops.get(token)
    if (
        loop is not None
        and loop.screen == state.get_full_name()
        and (loop.running or now - loop.asked < STARTED_WITHIN)
    ):
        loop.left = False
        return False
    _loops[token] = _Loop(state.get_full_name(), now)
    for lost in [key for key, each in _loops.items() if not each.running and now - each.asked > STARTED_WITHIN]:
        del _loops[lost]
    return True


def watching(page: type[LiveScreen]) -> EventSpec:
    """The event that starts a screen's loop."""
    event: EventSpec = page.watch()  # type: ignore[misc] # read from the class a handler makes an event
    return event


def leave(state: rx.State) -> None:
    """The tab opens a page: whatever it followed before, it shows no more. Every page says so first."""
    if (loop := _loops.get(state.router.session.client_token)) is not None:
        loop.left = True


def waits_for(who: Identity, what: ChangeSet) -> bool:
    """Whether a change that is not wide put something into this person's own queue."""
    return who.staff_id in what.staff or ("seal_operator" in who.roles and bool(what.classes))


async def follow(state: Any, reload: Callable[[Identity], Awaitable[None]], *, concerned: Concern) -> None:
    """Reload a screen when its school changed in what it shows, at most once a second, until its tab is gone or signed out.

    Args:
        state: the background task's own handle on the state (entered with ``async with`` for every change), of a screen whose
            load asked :func:`begin`.
        reload: the screen's own reload.
        concerned: whether the screen shows anything of a change. Wide changes and those of the person's own batches
            always count, and after :data:`MAX_BEHIND` seconds any does.
    """
    async with state:
        who = await identity(state)
        token = state.router.session.client_token
    loop = _loops.get(token)
    if who is None or loop is None or loop.running or loop.screen != state.get_full_name():
        return
    loop.running = True
    try:
        await _follow_loop(state, loop, token, who, reload, concerned)
    finally:
        if _loops.get(token) is loop:
            del _loops[token]


async def _follow_loop(
    state: Any,
    loop: _Loop,
    token: str,
    who: Identity,
    reload: Callable[[Identity], Awaitable[None]],
    concerned: Concern,
) -> None:
    watch, clock = watcher(), asyncio.get_running_loop().time
    seen = shown = watch.value(who.school_id)
    reloaded = clock()

    def over() -> bool:
        return token not in open_tabs() or loop.left or _loops.get(token) is not loop

    async def once(*reloads: Callable[[Identity], Awaitable[object]]) -> bool:
        """Look at the session, reload what is given; False when the loop is over."""
        async with state:
            found = None if over() else await identity(state)
            if found is not None:
                for each in reloads:
                    await each(found)
            return found is not None

    async def menu(found: Identity) -> None:
        await menu_again(state, found)

    while True:
        now = await watch.moved(who.school_id, seen, IDLE_TIMEOUT_SECONDS)
        if over():
            return
        moves = watch.moves(who.school_id, seen) if now != seen else []
        own = any(who.account_id in what.accounts for what in moves)
        wanted = own or any(what.wide or concerned(who, what) for what in moves)
        wanted = wanted or (now != shown and clock() - reloaded > MAX_BEHIND)
        if own:
            # Who signs looks at the page: his progress does not wait for the others' turn.
            shown, alive = now, await once(reload, menu)
        elif wanted:
            async with watch.unhurried():
                shown = now = watch.value(who.school_id)
                alive = await once(reload, menu)
        elif any(waits_for(who, what) for what in moves):
            async with watch.unhurried():
                alive = await once(menu)
        else:
            alive = now != seen or await once()
        if not alive:
            return
        seen, reloaded = now, clock() if wanted else reloaded
        await asyncio.sleep(CALM_SECONDS)
