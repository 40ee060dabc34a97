"""What changed in a school, and for whom that is news.

Two hundred screens follow a school in which a signature is made every few milliseconds. A change is *wide* when it may
concern any screen (a sync, a lock, an assignment); the steps of a batch and the signatures themselves are not: the audit
log tells which documents and persons they concern. Both counters and log are written in the transaction of the change,
so a screen that reloads after the signal finds the new rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from hocba_app.models import Database
from hocba_app.models.repositories import changes as rows

MAX_EVENTS = 400
"""More at once than this are not traced: everybody looks."""


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
class ChangeSet:
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


def counters_now(db: Database) -> dict[str, Counters]:
    """The counters of every school as they are now, by school."""
    with db.installation() as session:
        return {school_id: Counters(value, wide, seq) for school_id, value, wide, seq in rows.counters(session)}


def changes_between(db: Database, school_id: str, before: Counters, now: Counters) -> ChangeSet:
    """What happened between two looks, from the audit log and the batches that are going on."""
    if now.wide != before.wide or now.seq - before.seq > MAX_EVENTS:
        return ChangeSet(wide=True)
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
    return ChangeSet(False, frozenset(documents), frozenset(classes), frozenset(staff), frozenset(accounts))
