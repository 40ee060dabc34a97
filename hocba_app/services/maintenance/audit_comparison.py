"""The audit log held against the rows it speaks of: a change without its event, and an event whose change is gone.

The chain shows that nothing in the log was altered, the anchors that its end was not cut – as far as there are anchors. What
happened since the last one can be cut away with the rows of the log alone; the signatures, states and deliveries it recorded
are still there, and here they are asked for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.models.repositories import audit_facts as facts

GROUPS = ("record.", "handout.", Action.PACKET_MADE)
"""Events that leave a row behind."""
Key = tuple[Any, ...]
Event = tuple[int, str, str, dict[str, Any]]
"""``(seq, action, subject, data)``."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing on which rows and log disagree."""

    problem: str
    """``unlogged`` (a row without its event), ``undone`` (an event without its row) or ``state``."""
    what: str
    """``record.signed`` and the like."""
    subject: str


def compare(session: Session, also: Iterable[Event] = (), elsewhere: Collection[str] = ()) -> list[Mismatch]:
    """All disagreements of the session's school.

    Others write meanwhile: what is read between two looks at the log is expected in the second, and what the first one showed
    must still be there.

    Args:
        also: events of the logs of schools that went into this one, or that it was split off, whose rows are here now.
        elsewhere: documents and hand-outs whose rows are at a school split off this one, or the one this was split off.
    """
    before: Counter[Key] = Counter()
    for _, action, subject, data in also:
        if (key := _key(action, subject.partition(":")[2], data)) is not None and key[1] not in elsewhere:
            before[key] += 1
    seq = _count(session, 0, before, elsewhere)
    signed = list(facts.signed_slots(session))
    versions = list(facts.versions(session))
    states = list(facts.document_states(session))
    found: Counter[Key] = Counter()
    found.update(
        (Action.RECORD_SIGNED, document, number, field, sha256) for document, number, field, _, sha256 in signed
    )
    found.update((Action.RECORD_LOCKED, document, number, snapshot) for document, number, snapshot, _ in versions)
    found.update((Action.RECORD_UNLOCKED, document, number) for document, number, _, void in versions if void)
    found.update((Action.RECORD_ARCHIVED, *row) for row in facts.archive_revisions(session))
    for hand_out, downloads, closed in facts.hand_outs(session):
        found[Action.HANDOUT_CREATED, hand_out] += 1
        found[Action.HANDOUT_DOWNLOADED, hand_out] += downloads
        found[Action.HANDOUT_CLOSED, hand_out] += closed
    printed = {(Action.PACKET_MADE, job_id) for job_id in facts.packets(session)}
    after = before.copy()
    _count(session, seq, after, elsewhere)
    unlogged = [*_more(found, after), *(key for key in printed if not after[key])]
    kept = {key: count for key, count in before.items() if key[0] != Action.PACKET_MADE}  # jobs are not kept for ever
    sealed = {(document, number) for document, number, _, stage, _ in signed if stage == "seal"}
    return [
        *(Mismatch("unlogged", str(key[0]), str(key[1])) for key in unlogged),
        *(Mismatch("undone", str(key[0]), str(key[1])) for key in _more(Counter(kept), found)),
        *(
            Mismatch("state", state, document)
            for document, state, last, current, void in states
            if not _fits(state, last, current, void, (document, last) in sealed)
        ),
    ]


def _fits(state: str, last: int, current: int | None, void: bool, sealed: bool) -> bool:
    """Whether a document's state agrees with its versions and seal."""
    if state == "open":
        return current is None
    return current == last and not void and (state == "sealed") == sealed


def _more(these: Counter[Key], than: Counter[Key]) -> Iterable[Key]:
    return (key for key, count in sorted((these - than).items(), key=str) if count)


def _count(session: Session, seq: int, events: Counter[Key], elsewhere: Collection[str]) -> int:
    """Add what the log tells behind a number; the last number seen."""
    last = seq
    for number, action, subject, data in facts.events_after(session, seq, GROUPS):
        key = _key(action, subject.partition(":")[2], data)
        if key is not None and key[1] not in elsewhere:
            events[key] += 1
        last = number
    return last


def _key(action: str, subject: str, data: dict[str, Any]) -> Key | None:
    number = data.get("version")
    match action:
        case Action.RECORD_SIGNED:
            return action, subject, number, data.get("slot"), data.get("sha256")
        case Action.RECORD_LOCKED:
            return action, subject, number, data.get("snapshot")
        case Action.RECORD_UNLOCKED:
            return action, subject, number
        case Action.RECORD_ARCHIVED:
            return action, subject, number, data.get("sha256")
        case Action.PACKET_MADE:
            return action, subject
        case Action.HANDOUT_CREATED | Action.HANDOUT_DOWNLOADED | Action.HANDOUT_CLOSED if "handout" in data:
            return action, data["handout"]
    return None
