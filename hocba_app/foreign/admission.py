"""Whose foreign file is opened next: a bounded line, a share for each address and person, and nothing for who has left.

A ticket is taken before a body is read, a turn before a child is started. Tickets bound what waits in memory and on disk,
turns bound processors and memory of the children. People who are signed in share by person, everybody else by address, and
strangers can never hold all of either.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

from hocba_app.domain.errors import ErrorCode, HocbaError

PLACES, STRANGERS_PLACES = 32, 24
"""Tickets at the same time: altogether, and of people who are not signed in."""
SHARE_OF_ADDRESS, SHARE_OF_PERSON = 16, 12
"""Tickets of one address (a school's staff room and its parents may share one), and of one person."""
TURNS, STRANGERS_TURNS, TURNS_OF_ONE = 3, 2, 2
"""Children at the same time: altogether, of people who are not signed in, and of one address or person."""
ADMISSION_TIMEOUT_SECONDS = 60.0
"""Seconds a thread waits for its turn before it says that too much is going on."""


class Abandoned(Exception):
    """Whoever asked has left, or gave his place to others: his work is of no use any more."""


@dataclass(eq=False, slots=True)
class Ticket:
    """One upload or one piece of work, from its admission to its end."""

    key: str
    """``address:…`` of a stranger, ``person:…``, or ``process`` for work of our own (a job)."""
    on_drop: Callable[[], None] | None = None
    """Told, on any thread, when the ticket is dropped."""
    turn: Future[None] | None = None
    """Resolved when its turn has come; None while it is not queued."""
    working: bool = False
    dropped: bool = False
    stop: Callable[[], None] | None = None
    """Ends the child that works for it."""

    @property
    def stranger(self) -> bool:
        """Whether nobody signed in holds it."""
        return self.key.startswith("address:")


@dataclass
class Admission:
    """The tickets and turns of one process. Its methods may be called from any thread."""

    _lock: threading.RLock = field(default_factory=threading.RLock)
    _tickets: list[Ticket] = field(default_factory=list)
    """In order of arrival."""
    _line: list[Ticket] = field(default_factory=list)

    def enter(self, key: str, on_drop: Callable[[], None] | None = None) -> Ticket:
        """Take a ticket. Where all are taken, whoever holds most of them loses his oldest idle one to a newcomer.

        Raises:
            HocbaError: BUSY.
        """
        ticket = Ticket(key, on_drop)
        with self._lock:
            held = Counter(other.key for other in self._tickets)
            share = SHARE_OF_ADDRESS if ticket.stranger else SHARE_OF_PERSON
            if key != "process" and held[key] >= share:
                raise HocbaError(ErrorCode.BUSY)
            strangers = sum(other.stranger for other in self._tickets)
            full = len(self._tickets) >= PLACES or (ticket.stranger and strangers >= STRANGERS_PLACES)
            if key != "process" and full and not self._make_room(held, key):
                raise HocbaError(ErrorCode.BUSY)
            self._tickets.append(ticket)
        return ticket

    def line_up(self, ticket: Ticket) -> Future[None]:
        """Stand in line; the future is resolved when the turn has come, and raises :class:`Abandoned` for a dropped ticket."""
        turn: Future[None] = Future()
        with self._lock:
            if ticket.dropped:
                turn.set_exception(Abandoned())
                return turn
            ticket.turn = turn
            self._line.append(ticket)
            self._give_turns()
        return turn

    def step_back(self, ticket: Ticket) -> None:
        """Give the turn, or the place in line, back; the ticket stays."""
        with self._lock:
            if ticket in self._line:
                self._line.remove(ticket)
            ticket.working, ticket.turn, ticket.stop = False, None, None
            self._give_turns()

    def leave(self, ticket: Ticket) -> None:
        """Give everything back. Leaving twice is no error."""
        with self._lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
            self.step_back(ticket)

    def drop(self, ticket: Ticket) -> None:
        """Make its work end: out of the line, its child killed, no other child for it. Whoever holds it still leaves by himself."""
        with self._lock:
            if ticket.dropped:
                return
            ticket.dropped = True
            turn, stop = ticket.turn, ticket.stop
            if ticket in self._line:
                self._line.remove(ticket)
        if turn is not None and not turn.done():
            with suppress(InvalidStateError):  # its waiter gave up at the same time
                turn.set_exception(Abandoned())
        if stop is not None:
            stop()
        if ticket.on_drop is not None:
            ticket.on_drop()

    def works_by(self, ticket: Ticket, stop: Callable[[], None] | None) -> None:
        """Say how the child that works for the ticket is ended; None: there is none any more.

        Raises:
            Abandoned: the ticket was dropped.
        """
        with self._lock:
            ticket.stop = stop
            if ticket.dropped and stop is not None:
                raise Abandoned

    def counts(self) -> tuple[int, int, int]:
        """Tickets, those in line, those at work."""
        with self._lock:
            return len(self._tickets), len(self._line), sum(ticket.working for ticket in self._tickets)

    def _make_room(self, held: Counter[str], key: str) -> bool:
        idle = [ticket for ticket in self._tickets if not ticket.working and ticket.key != "process"]
        if not key.startswith("address:"):
            victim = next((ticket for ticket in idle if ticket.stranger), None)  # staff come before strangers
        else:
            most = max((held[ticket.key] for ticket in idle if ticket.stranger), default=0)
            victim = (
                next((ticket for ticket in idle if ticket.stranger and held[ticket.key] == most), None)
                if most > held[key] + 1
                else None
            )
        if victim is None:
            return False
        self._tickets.remove(victim)
        self.drop(victim)
        return True

    def _give_turns(self) -> None:
        working = [ticket for ticket in self._tickets if ticket.working]
        of_one, strangers = Counter(ticket.key for ticket in working), sum(ticket.stranger for ticket in working)
        for ticket in list(self._line):
            if sum(of_one.values()) >= TURNS:
                return
            if of_one[ticket.key] >= TURNS_OF_ONE or (ticket.stranger and strangers >= STRANGERS_TURNS):
                continue
            self._line.remove(ticket)
            if ticket.turn is None or not ticket.turn.set_running_or_notify_cancel():
                continue
            ticket.working = True
            of_one[ticket.key] += 1
            strangers += ticket.stranger
            ticket.turn.set_result(None)


ADMISSION = Admission()
"""The process's own."""

_ticket: ContextVar[Ticket | None] = ContextVar("foreign_ticket", default=None)
_person: ContextVar[str] = ContextVar("foreign_person", default="")


@contextmanager
def holding(ticket: Ticket) -> Iterator[None]:
    """Inside, foreign files are opened in the ticket's turn, which it must have."""
    token = _ticket.set(ticket)
    try:
        yield
    finally:
        _ticket.reset(token)


@contextmanager
def on_behalf_of(account_id: str) -> Iterator[None]:
    """Inside, a thread that has no ticket takes one of this person's when it opens a foreign file."""
    token = _person.set(account_id)
    try:
        yield
    finally:
        _person.reset(token)


@contextmanager
def one_turn() -> Iterator[None]:
    """Inside, everything opened is opened in one turn: work that opens files while it opens others must not wait for itself.

    Raises:
        HocbaError: BUSY.
        Abandoned: whoever asked has left.
    """
    with turn() as ticket, holding(ticket):
        yield


@contextmanager
def turn() -> Iterator[Ticket]:
    """The turn of whoever this thread works for: the one it has, or one it waits for.

    Raises:
        HocbaError: BUSY.
        Abandoned: whoever asked has left.
    """
    if (own := _ticket.get()) is not None:
        yield own
        return
    person = _person.get()
    ticket = ADMISSION.enter(f"person:{person}" if person else "process")
    try:
        waiting = ADMISSION.line_up(ticket)
        try:
            waiting.result(ADMISSION_TIMEOUT_SECONDS)
        except TimeoutError:
            waiting.cancel()
            raise HocbaError(ErrorCode.BUSY) from None
        yield ticket
    finally:
        ADMISSION.leave(ticket)
