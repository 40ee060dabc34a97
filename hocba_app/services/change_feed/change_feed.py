"""What moved in a school, and for whom that is news; and answers that are kept until something moves.

Two hundred screens follow a school in which a signature is made every few milliseconds. A change is *wide* when it may
concern any screen (a sync, a lock, an assignment); the steps of a batch and the signatures themselves are not: the audit
log tells which documents and persons they concern. Both counters and log are written in the transaction of the change,
so a screen that reloads after it was told finds the new rows.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlmodel import Session

from hocba_app.models import Database
from hocba_app.models.repositories import changes as rows

LOOK_SECONDS = 0.25
"""How old the counters may be that kept answers are judged by; changes made in this process are seen at once."""
KEPT_AT_MOST = 4_000
"""Answers of one school."""
MOST_EVENTS = 400
"""More at once than this are not traced: everybody looks."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Counters:
    """How far a school has come."""

    value: int = 0
    """Grows with every change."""
    wide: int = 0
    """``value`` at the last wide one."""
    seq: int = 0
    """The last audit event."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What happened between two looks at a school."""

    wide: bool = False
    """Anything may have changed; the rest says nothing then."""
    documents: frozenset[str] = frozenset()
    """Signed, archived, or held by a confirmation, or let go."""
    classes: frozenset[str] = frozenset()
    """Of the documents that were signed."""
    staff: frozenset[str] = frozenset()
    """Into whose queue something came; the seal's is its operator's to watch (``classes``)."""
    accounts: frozenset[str] = frozenset()
    """Whose batch went on."""


def read_counters(db: Database) -> dict[str, Counters]:
    """The counters of every school as they are now, by school. Kept answers are judged by them from here on: a screen
    that is told of a change must not be answered with what was kept before it."""
    return _kept.read(db)


def moves(db: Database, school_id: str, before: Counters, now: Counters) -> Moves:
    """What happened between two looks, from the audit log and the batches that are going on."""
    if now.wide != before.wide or now.seq - before.seq > MOST_EVENTS:
        return Moves(wide=True)
    with db.read(school_id) as session:
        accounts, documents, signed = rows.accounts_of_live_batches(session), set[str](), {}
        batches = set[str]()
        for actor, _action, subject, data in rows.events_between(session, before.seq, now.seq):
            kind, _, subject_id = subject.partition(":")
            if kind == "document":
                documents.add(subject_id)
                signed[subject_id] = str(data.get("stage", ""))
            elif kind == "batch":
                batches.add(subject_id)
                accounts.add(actor)
        documents |= rows.documents_of_batches(session, sorted(batches))
        steps = rows.steps_of(session, sorted(signed))
        # While other signatures of the same stage are missing, nothing new has come into anybody's queue.
        moved = sorted(
            document_id for document_id, _, stage in steps if stage is not None and stage != signed[document_id]
        )
        staff = rows.signers_due(session, moved)
    classes = {class_id for _, class_id, _ in steps}
    return Moves(False, frozenset(documents), frozenset(classes), frozenset(staff), frozenset(accounts))


class _Kept:
    """Answers of this process, by database, school and kind of change that ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, dict[str, Counters]] = {}
        self._looked: dict[str, float] = {}
        self._answers: dict[tuple[str, str, bool], tuple[int, OrderedDict[Hashable, Any]]] = {}
        self._generation = 0

    def read(self, db: Database) -> dict[str, Counters]:
        with self._lock:
            generation, at = self._generation, time.monotonic()
        with db.installation() as session:
            found = {school_id: Counters(value, wide, seq) for school_id, value, wide, seq in rows.counters(session)}
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
            while len(answers) > KEPT_AT_MOST:
                answers.popitem(last=False)

    def look_again(self) -> None:
        with self._lock:
            self._generation += 1
            self._looked.clear()

    def clear(self) -> None:
        with self._lock:
            self._generation += 1
            self._looked.clear()
            self._answers.clear()


_kept = _Kept()


def kept(
    db: Database, school_id: str, key: Hashable, make: Callable[[Session], Answer], *, any_change: bool = False
) -> Answer:
    """An answer from this process's memory, made afresh once the school has moved since it was made.

    Args:
        key: what was asked, with everything the answer depends on: the person, his roles, the day.
        make: reads it, in a session of its own that begins after the counter was read: an answer can be newer than the
            counter it is kept under, never older.
        any_change: every change ends it. Without, wide ones only: for what each of them reports (assignments, classes,
            names of subjects), never for where a document stands.
    """
    kind = (db.url, school_id, any_change)
    counter = _kept.counter(db, school_id, any_change)
    found, answer = _kept.get(kind, counter, key)
    if not found:
        with db.read(school_id) as session:
            answer = make(session)
        _kept.put(kind, counter, key, answer)
    return cast(Answer, answer)


def look_again() -> None:
    """The counters of this process are out of date: it has just committed a change."""
    _kept.look_again()


def forget() -> None:
    """Drop every kept answer (another database took the place of the one they came from)."""
    _kept.clear()
