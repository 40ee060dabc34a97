"""Answers kept in this process until their school changes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from sqlmodel import Session

from hocba_app.models import Database
from hocba_app.process_scope import on_close
from hocba_app.services.change_feed.change_feed import Counters, counters_now

LOOK_SECONDS = 0.25
"""How old the counters may be that kept answers are judged by; changes made in this process are seen at once."""
MAX_ANSWERS = 4_000
"""Of one school."""

Answer = TypeVar("Answer")


class _Answers:
    """Answers of this process, by database, school and kind of change that ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = 0
        self.clear()

    def clear(self) -> None:
        """As if nothing had been asked yet."""
        self._counters: dict[str, dict[str, Counters]] = {}
        self._looked: dict[str, float] = {}
        self._answers: dict[tuple[str, str, bool], tuple[int, OrderedDict[Hashable, Any]]] = {}

    def read(self, db: Database) -> dict[str, Counters]:
        with self._lock:
            generation, at = self._generation, time.monotonic()
        found = counters_now(db)
        with self._lock:
            known = self._counters.get(db.url, {})
            # Two reads may end in the other order than they began: a counter never goes back.
            newest = {
                school_id: max(now, known.get(school_id, now), key=lambda each: each.value)
                for school_id, now in found.items()
            }
            self._counters[db.url] = newest
            if generation == self._generation:  # else a commit of this process may be missing in what was read
                self._looked[db.url] = at
        return found

    def counter(self, db: Database, school_id: str, any_change: bool) -> int:
        """The counter that ends an answer, at most :data:`LOOK_SECONDS` old."""
        with self._lock:
            fresh = time.monotonic() - self._looked.get(db.url, float("-inf")) < LOOK_SECONDS
            known = self._counters.get(db.url, {})
        now = (known if fresh else self.read(db)).get(school_id, Counters())
        return now.value if any_change else now.wide

    def get(self, kind: tuple[str, str, bool], counter: int, key: Hashable) -> tuple[bool, Any]:
        with self._lock:
            of, answers = self._answers.get(kind, (-1, OrderedDict()))
            return (True, answers[key]) if of == counter and key in answers else (False, None)

    def put(self, kind: tuple[str, str, bool], counter: int, key: Hashable, answer: Any) -> None:
        with self._lock:
            of, answers = self._answers.get(kind, (-1, OrderedDict()))
            if of > counter:
                return
            if of < counter:
                answers = OrderedDict()
                self._answers[kind] = counter, answers
            answers[key] = answer
            while len(answers) > MAX_ANSWERS:
                answers.popitem(last=False)

    def invalidate(self) -> None:
        with self._lock:
            self._generation += 1
            self._looked.clear()


_answers = _Answers()
on_close(_answers.clear)


def read_counters(db: Database) -> dict[str, Counters]:
    """The counters of every school as they are now. Kept answers are judged by them from here on: a screen that is woken by a change
    must not be answered with what was kept before it."""
    return _answers.read(db)


def memoize_per_school(
    db: Database, school_id: str, key: Hashable, make: Callable[[Session], Answer], *, any_change: bool = False
) -> Answer:
    """An answer from this process's memory, made afresh once the school has moved since it was made.

    Args:
        key: what was asked, with everything the answer depends on: the person, his roles, the day.
        make: reads it, in a session of its own that begins after the counter was read: an answer can be newer than the
            counter it is kept under, never older.
        any_change: every change ends it. Without, wide ones only: for what each of them reports (assignments, classes,
            names of subjects), never for the state of a document.
    """
    kind = (db.url, school_id, any_change)
    counter = _answers.counter(db, school_id, any_change)
    found, answer = _answers.get(kind, counter, key)
    if not found:
        with db.read(school_id) as session:
            answer = make(session)
        _answers.put(kind, counter, key, answer)
    return cast(Answer, answer)


def invalidate_counters() -> None:
    """The counters of this process are out of date: it has just committed a change."""
    _answers.invalidate()
