"""The audit log held against the rows it speaks of: a change without its event, and an event whose change is gone.

The chain shows that nothing in the log was altered, the anchors that its end was not cut – as far as there are anchors. What
happened since the last one can be cut away with the rows of the log alone; the signatures, states and deliveries it told of
are still there, and here they are asked for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hocba_app.models.repositories import audit_facts as facts

GROUPS = ("record.", "handout.", "packet.made")
"""Events that leave a row behind."""
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing on which rows and log disagree."""

    problem: str
    """``unlogged`` (a row without its event), ``undone`` (an event without its row) or ``state``."""
    what: str
    """``record.signed`` and the like."""
    subject: str


def compare(session: Session) -> list[Mismatch]:
    """All disagreements of the session's school.

    Others write meanwhile: what is read between two looks at the log is expected in the second, and what the first one told
    must still be there.
    """
    before: Counter[Key] = Counter()
    seq = _count(session, 0, before)
    signed = list(facts.signed_slots(session))
    versions = list(facts.versions(session))
    states = list(facts.document_states(session))
    found: Counter[Key] = Counter()
    found.update(("record.signed", document, number, field, sha256) for document, number, field, _, sha256 in signed)
    found.update(("record.locked", document, number, snapshot) for document, number, snapshot, _ in versions)
    found.update(("record.unlocked", document, number) for document, number, _, void in versions if void)
    found.update(("record.archived", *row) for row in facts.archive_revisions(session))
    for hand_out, downloads, closed in facts.hand_outs(session):
        found["handout.created", hand_out] += 1
        found["handout.downloaded", hand_out] += downloads
        found["handout.closed", hand_out] += closed
    printed = {("packet.made", job_id) for job_id in facts.packets(session)}
    after = before.copy()
    _count(session, seq, after)
    unlogged = [*_more(found, after), *(key for key in printed if not after[key])]
    kept = {key: count for key, count in before.items() if key[0] != "packet.made"}  # jobs are not kept for ever
    sealed = {(document, number) for document, number, _, stage, _ in signed if stage == "seal"}
    return [
        *(Mismatch("unlogged", str(key[0]), str(key[1])) for key in unlogged),
        *(Mismatch("undone", str(key[0]), str(key[1])) for key in _more(Counter(kept), found)),
        *(
            Mismatch("state", state, document)
            for document, state, *numbers in states
            if not _fits(state, *numbers, (document, numbers[0]) in sealed)
        ),
    ]


def _fits(state: str, last: int, current: int | None, void: bool, sealed: bool) -> bool:
    """Whether a document's state agrees with its versions and seal."""
    if state == "open":
        return current is None
    return current == last and not void and (state == "sealed") == sealed


def _more(these: Counter[Key], than: Counter[Key]) -> Iterable[Key]:
    return (key for key, count in sorted((these - than).items(), key=str) if count)


def _count(session: Session, seq: int, events: Counter[Key]) -> int:
    """Add what the log tells behind a number; the last number seen."""
    last = seq
    for number, action, subject, data in facts.events_after(session, seq, GROUPS):
        key = _key(action, subject.partition(":")[2], data)
        if key is not None:
            events[key] += 1
        last = number
    return last


def _key(action: str, subject: str, data: dict[str, Any]) -> Key | None:
    number = data.get("version")
    match action:
        case "record.signed":
            return action, subject, number, data.get("slot"), data.get("sha256")
        case "record.locked":
            return action, subject, number, data.get("snapshot")
        case "record.unlocked":
            return action, subject, number
        case "record.archived":
            return action, subject, number, data.get("sha256")
        case "packet.made":
            return action, subject
        case "handout.created" | "handout.downloaded" | "handout.closed" if "handout" in data:
            return action, data["handout"]
    return None
