"""Giving slots of locked documents to another person: the row changes, never the file; the seal vouches for it
(core decisions 9 and 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.signing_titles import head_title, same_capacity, title_by_decision
from hocba_app.models import SEAL, Database, Document, DocumentVersion, SchoolClass, Slot, Staff
from hocba_app.models.repositories import signers as rows
from hocba_app.models.repositories.batches import serialise
from hocba_app.recordfile.demands import Vouched
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.records.signer_resolution import delegation_today, head_office, principal_slot
from hocba_app.services.signers.key_owner import working_staff
from hocba_app.services.signing.slot_demands import locked_demand, present_demand, vouched_as_json, vouched_of

CHUNK_SIZE = 200
"""Slots in one transaction: others write between two of them."""
MAX_REASON = 200
"""Letters. The seal's signature dictionary carries it; verification's grammar bounds it at 400."""


class Moved(NamedTuple):
    """One slot that was given to another person, as it was before."""

    slot_id: str
    staff_id: str
    """For whom it waited; "" for nobody."""
    reason: str
    """Of an earlier reassignment; "" when it waited for whom the file names."""


@dataclass(frozen=True, slots=True)
class Reassigned:
    """What became of the slots asked for."""

    changed: int
    busy: int
    """Left alone: a confirmation is pending on their documents. To be tried again in two minutes."""
    shared: int
    """Left alone: the number of signers would change."""
    moved: tuple[Moved, ...] = ()
    """The slots changed, for the undo."""
    together: int = 0
    """Left alone: the slot holds other rows of the same teacher, which would go along. Asked for again ``with_other_rows``, or
    unlocked and locked anew with two slots: the fields of a locked file are fixed."""


class ClassField(NamedTuple):
    """One place to sign on every locked document of a class."""

    class_id: str
    field: str
    """As in the form: ``s.TOAN.1``, ``homeroom``; ``principal`` for what waits for the principal."""


def reassign_slots(
    db: Database,
    who: Identity,
    slot_ids: Sequence[str] | ClassField,
    staff_id: str,
    reason: str,
    *,
    with_other_rows: bool = False,
) -> Reassigned:
    """Let another person sign slots that nobody has signed. Who has a slot in a document already then signs it twice, one
    batch after the other (:func:`hocba_app.services.signing.signer_inbox.start`).

    Args:
        slot_ids: ids of slots, each reassigned with all its rows; or one row on every locked document of a class, where slots
            that hold other rows too are left alone.
        staff_id: who signs instead.
        reason: written into the audit log and, by the seal, into the file.
        with_other_rows: somebody has seen which other rows (:func:`other_rows`) the place's slots hold, and gives them away as well.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, REASON_MISSING, INVALID_INPUT, SIGNER_NO_ID_NUMBER, SIGNER_NOT_ENTITLED;
            NOTHING_TO_DO when nothing of it waits for somebody else; REASSIGN_BUSY or SIGNERS_DIFFER when that alone kept
            every slot from changing.
    """
    with db.write(who.school_id) as session:
        return reassign_within(session, who, slot_ids, staff_id, reason, with_other_rows=with_other_rows)


def reassign_within(
    session: Session,
    who: Identity,
    slot_ids: Sequence[str] | ClassField,
    staff_id: str,
    reason: str,
    *,
    with_other_rows: bool = False,
) -> Reassigned:
    """:func:`reassign_slots` as part of a larger change: in its transaction, all or nothing with it."""
    require(who, Right.ASSIGNMENTS)
    why = checked_reason(reason)
    serialise(session)  # no batch may take a lease between our look and our change
    person = working_staff(session, staff_id)
    if not (person.id_number or person.old_id_number):
        raise HocbaError(ErrorCode.SIGNER_NO_ID_NUMBER, name=person.full_name)
    asked, merged = _asked(session, slot_ids)
    due = [
        (slot, document, version)
        for slot, document, version in asked
        if slot.stage != SEAL and _changes(session, slot, document, version, person)
    ]
    together = 0
    if isinstance(slot_ids, ClassField) and not with_other_rows:
        single = [entry for entry in due if entry[0].staff_id == person.id or not _beside(entry[0])]
        due, together = single, len(due) - len(single)
    if any(slot.stage == "principal" for slot, *_ in due):
        require(who, Right.DELEGATE)
    held = rows.leased_versions(session, [slot.version_id for slot, *_ in due])
    free = [entry for entry in due if entry[0].version_id not in held]
    busy = len(due) - len(free)
    if not free and together:
        return Reassigned(0, busy, merged, together=together)
    if not free:
        raise _refusal(busy, merged)
    moved = tuple(Moved(slot.id, slot.staff_id or "", (slot.reassignment or {}).get("reason", "")) for slot, *_ in free)
    for slot, document, version in free:
        _give(session, who, slot, document, version, person, why)
    return Reassigned(len(free), busy, merged, moved, together)


def other_rows(db: Database, who: Identity, class_id: str, field: str) -> tuple[str, ...]:
    """Codes of the subjects that share a place's slot on the class's locked documents: giving the place away gives these too.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.ASSIGNMENTS)
    with db.read(who.school_id) as session:
        slots = (slot for slot, *_ in rows.unsigned_slots(session, class_id=class_id) if slot.field == field)
        return tuple(sorted({code for slot in slots for code in _beside(slot)}))


def _beside(slot: Slot) -> list[str]:
    """The rows of a slot besides the one it is named after."""
    return [code for code in slot.rows if slot.field.split(".")[1] != code] if slot.stage == "subject" else []


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Locked documents of one kind that wait for somebody else than who signs as principal now, or for him under another title."""

    kind: str
    waits_for: str
    """Names of those they wait for, with the title where it is his own."""
    now_id: str
    now: str
    """Who signs as principal documents locked from now on: his name."""
    slots: int


def principal_elsewhere(db: Database, who: Identity) -> list[Elsewhere]:
    """What a new decision, its end, another post, or another cover signer left behind.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SETTINGS_READ)
    found = []
    with db.read(who.school_id) as session:
        names = {person.id: person.full_name for person in rows.staff_of(session, active=False)}
        for kind in KINDS:
            now = principal_slot(session, kind)
            left = [
                each
                for each in rows.waiting_at_heads_step(session, kind)
                if each.staff_id != now.staff_id or not same_capacity(each.caption, now.caption)
            ]
            if now.staff_id is not None and left:
                waits_for = ", ".join(sorted({_named(each, now.staff_id, names) for each in left}))
                found.append(
                    Elsewhere(kind, waits_for, now.staff_id, names[now.staff_id], sum(each.slots for each in left))
                )
    return found


def _named(waiting: rows.AtHeadsStep, now_id: str, names: dict[str, str]) -> str:
    """For whom slots wait; the same person's other title is told."""
    name = names.get(waiting.staff_id or "", "chưa rõ")
    return (
        name
        if waiting.staff_id != now_id
        else f"{name} với chức danh {' / '.join(waiting.caption) or 'người đứng đầu'}"
    )


def hand_over(db: Database, who: Identity, kind: str, reason: str) -> Reassigned:
    """Give every locked document of a kind that waits at the principal's step to who signs there now, under his present title.

    Raises:
        HocbaError: as :func:`reassign_slots`.
    """
    require(who, Right.DELEGATE)
    with db.read(who.school_id) as session:
        planned = principal_slot(session, kind)
        now = planned.staff_id
        ids = rows.slots_waiting_elsewhere(session, kind, now or "", planned.caption)
    if now is None or not ids:
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    changed = busy = shared = 0
    refusal = HocbaError(ErrorCode.NOTHING_TO_DO)
    for start in range(0, len(ids), CHUNK_SIZE):
        try:
            done = reassign_slots(db, who, ids[start : start + CHUNK_SIZE], now, reason)
        except HocbaError as error:
            if error.code not in (ErrorCode.REASSIGN_BUSY, ErrorCode.NOTHING_TO_DO):
                raise
            refusal = error
            busy += int(str(error.params.get("count", 0)))
            continue
        changed, busy, shared = changed + done.changed, busy + done.busy, shared + done.shared
    if not changed:
        raise refusal
    return Reassigned(changed, busy, shared)


def checked_reason(reason: str) -> str:
    """The reason on one line.

    Raises:
        HocbaError: REASON_MISSING, INVALID_INPUT.
    """
    text = " ".join(reason.split())
    if not text:
        raise HocbaError(ErrorCode.REASON_MISSING)
    if len(text) > MAX_REASON or not text.isprintable():
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"lý do dài tối đa {MAX_REASON} ký tự")
    return text


def _refusal(busy: int, shared: int) -> HocbaError:
    if busy:
        return HocbaError(ErrorCode.REASSIGN_BUSY, count=busy)
    if shared:
        return HocbaError(ErrorCode.SIGNERS_DIFFER, count=shared)
    return HocbaError(ErrorCode.NOTHING_TO_DO)


def _asked(
    session: Session, slot_ids: Sequence[str] | ClassField
) -> tuple[list[tuple[Slot, Document, DocumentVersion]], int]:
    """The unsigned slots asked for, and how many documents have the place inside another's slot."""
    if not isinstance(slot_ids, ClassField):
        return rows.unsigned_slots(session, slot_ids=list(slot_ids)), 0
    class_id, field = slot_ids
    if session.get(SchoolClass, (session.info["school_id"], class_id)) is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
    of_class = rows.unsigned_slots(session, class_id=class_id)
    asked = [entry for entry in of_class if entry[0].field == field]
    if not field.startswith("s."):
        return asked, 0
    have = {slot.version_id for slot, *_ in asked}
    code = field.split(".")[1]
    inside = {slot.version_id for slot, *_ in of_class if code in slot.rows and slot.field.split(".")[1] != code}
    return asked, len(inside - have)


def _changes(session: Session, slot: Slot, document: Document, version: DocumentVersion, person: Staff) -> bool:
    """Whether giving the slot to this person changes anything: it is another's, or his numbers, name or title are not those it has."""
    if slot.staff_id != person.id:
        return True
    if slot.stage == "principal" and not same_capacity(_entitled(session, document.kind, person)[1], slot.caption):
        return True
    vouched = vouched_of(slot)
    return (vouched.demand if vouched else locked_demand(slot)) != present_demand(session, slot, version.salt, person)


def _give(
    session: Session,
    who: Identity,
    slot: Slot,
    document: Document,
    version: DocumentVersion,
    person: Staff,
    reason: str,
) -> None:
    decision, caption = "", list[str]()
    if slot.stage == "principal":
        decision, caption = _entitled(session, document.kind, person)
    demand = present_demand(session, slot, version.salt, person)
    before = slot.staff_id
    slot.staff_id, slot.caption = person.id, caption
    # Back to what the file says: nothing for the seal to vouch for.
    as_locked = demand == locked_demand(slot) and decision == (version.snapshot.get("head") or {}).get("ground", "")
    slot.reassignment = None if as_locked else vouched_as_json(Vouched(demand, reason, decision))
    session.add(slot)
    record(
        session,
        actor=who.account_id,
        action=Action.SLOT_REASSIGNED,
        subject=f"slot:{slot.id}",
        data={
            "document": document.id,
            "field": slot.field,
            "before": before or "",
            "now": person.id,
            "reason": reason,
            "delegation": decision,
        }
        | ({"rows": list(slot.rows)} if slot.rows else {}),
    )


def _entitled(session: Session, kind: str, person: Staff) -> tuple[str, list[str]]:
    """The decision's number and the caption of who signs as principal.

    Raises:
        HocbaError: SIGNER_NOT_ENTITLED.
    """
    office = head_office(session)
    if person.position == "principal":
        return "", list(head_title(office).caption)
    if (delegation := delegation_today(session, kind, person.id)) is not None:
        title = title_by_decision(office, delegation.capacity, delegation.decision_number)
        return delegation.decision_number, list(title.caption)
    settings = rows.settings_row(session) if kind == "cover" else None
    if settings is not None and settings.cover_signer_id == person.id:
        return "", list(title_by_decision(office, "deputy", "").caption)
    raise HocbaError(ErrorCode.SIGNER_NOT_ENTITLED, name=person.full_name)
