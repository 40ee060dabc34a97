"""One loop for every screen that follows the database: woken by the watcher, ended with its tab."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from typing import Protocol

import reflex as rx

from hocba_app.services.accounts.sessions import Identity
from hocba_app.state.guard import identity
from hocba_app.state.live import CALM_SECONDS, watcher

PATIENCE = 20.0
"""Seconds without a change after which the tab's life and its session are looked at again."""

open_tabs: Callable[[], Container[str]] = frozenset
"""Tokens of the tabs that are connected to this process; the app sets it when it is made (a loop outlives its tab)."""


class Following(Protocol):
    """A state that counts its loads: a newer load of the same tab ends the older loop."""

    following: int


async def follow(state: rx.State, turn: int, reload: Callable[[Identity], Awaitable[None]], *, every: float | None = None) -> None:
    """Reload a screen whenever its school changed, at most once a second, until its tab is gone or signed out.

    Args:
        state: the background task's own handle on the state (entered with ``async with`` for every change).
        turn: value of ``state.following`` when this loop began.
        reload: the screen's own reload; it checks rights like every read.
        every: also reload after so many seconds without a change (a countdown); None does not.
    """
    async with state:
        who = await identity(state)
        token = state.router.session.client_token
    if who is None:
        return
    seen = watcher().value(who.school_id)
    while True:
        now = await watcher().moved(who.school_id, seen, every or PATIENCE)
        if token not in open_tabs():
            return
        async with state:
            if state.following != turn:
                return
            who = await identity(state)
            if who is None:
                return
            if now != seen or every is not None:
                await reload(who)
        seen = now
        await asyncio.sleep(CALM_SECONDS)
