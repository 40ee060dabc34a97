"""Hủy chốt: asked with a reason, approved by the principal or a deputy; signatures void but kept, everybody signs again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Document, DocumentVersion, Slot, Staff, UnlockRequest
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.signing import serialise
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.records.life import load_life, save_life


@dataclass(frozen=True, slots=True)
class SignsAgain:
    """One person whose signatures an unlock would void."""

    name: str
    stage: str
    documents: int


def consequences(db: Database, who: Identity, document_ids: Sequence[str]) -> list[SignsAgain]:
    """Who will have to sign again, shown before anyone agrees (workflow rule 5).

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.UNLOCK_ASK)
    counted: dict[tuple[str, str], int] = {}
    with db.read(who.school_id) as session:
        for document_id in document_ids:
            document = session.get(Document, (who.school_id, document_id))
            if document is None or document.version_id is None:
                continue
            signed = session.exec(
                select(Slot, Staff)
                .join(Staff, (Staff.id == Slot.staff_id) & (Staff.school_id == Slot.school_id), isouter=True)
                .where(Slot.version_id == document.version_id, Slot.signed_at.is_not(None))  # type: ignore[union-attr]
            ).all()
            for slot, staff in signed:
                key = (staff.full_name if staff else "Con dấu nhà trường", slot.stage)
                counted[key] = counted.get(key, 0) + 1
    return [SignsAgain(name, stage, documents) for (name, stage), documents in sorted(counted.items())]


def request_unlock(db: Database, who: Identity, document_ids: Sequence[str], reason: str) -> str:
    """Step one. A principal's own request needs no approval.

    Returns:
        Id of the request.

    Raises:
        HocbaError: FORBIDDEN, REASON_MISSING, NOT_FOUND, NOT_LOCKED, UNLOCK_OPEN.
    """
    require(who, Right.UNLOCK_ASK)
    if not reason.strip():
        raise HocbaError(ErrorCode.REASON_MISSING)
    with db.write(who.school_id) as session:
        serialise(session)
        waiting = {item for row in _open_requests(session) for item in (*row.document_ids, *row.remaining_ids)}
        for document_id in document_ids:
            document = session.get(Document, (who.school_id, document_id))
            if document is None:
                raise HocbaError(ErrorCode.NOT_FOUND, what="hồ sơ")
            if document.state == "open":
                raise HocbaError(ErrorCode.NOT_LOCKED)
            if document_id in waiting:
                raise HocbaError(ErrorCode.UNLOCK_OPEN)
        if not document_ids:
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        row = UnlockRequest(document_ids=list(document_ids), reason=reason.strip(), requested_by=who.account_id)
        session.add(row)
        session.flush()
        record(
            session, actor=who.account_id, action="unlock.asked", subject=f"unlock:{row.id}",
            data={"documents": list(document_ids), "reason": row.reason},
        )
        if "principal" in who.roles:
            _approve(session, row, who)
    return row.id


def decide(db: Database, who: Identity, request_id: str, *, approve: bool) -> None:
    """Step two: the principal's or deputy's answer.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.UNLOCK_APPROVE)
    with db.write(who.school_id) as session:
        serialise(session)  # no batch may take a lease between the look at it and the void
        row = _asked(session, request_id)
        if approve:
            _approve(session, row, who)
            return
        row.state, row.decided_by, row.decided_at = "refused", who.account_id, utc_now()
        session.add(row)
        record(session, actor=who.account_id, action="unlock.refused", subject=f"unlock:{row.id}")


def withdraw(db: Database, who: Identity, request_id: str) -> None:
    """Take back a request nobody has answered; its asker or anybody who may approve.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    with db.write(who.school_id) as session:
        serialise(session)
        row = _asked(session, request_id)
        if row.requested_by != who.account_id and not allowed(who, Right.UNLOCK_APPROVE):
            raise HocbaError(ErrorCode.FORBIDDEN)
        row.state, row.decided_by, row.decided_at = "withdrawn", who.account_id, utc_now()
        session.add(row)
        record(session, actor=who.account_id, action="unlock.withdrawn", subject=f"unlock:{row.id}")


def resume_pending_unlocks(session: Session) -> None:
    """Finish approved unlocks that waited for a confirmation; called whenever leases are released."""
    for row in session.exec(select(UnlockRequest).where(UnlockRequest.state == "approved")).all():
        _void_what_is_free(session, row)


def _approve(session: Session, row: UnlockRequest, who: Identity) -> None:
    row.state, row.decided_by, row.decided_at = "approved", who.account_id, utc_now()
    row.remaining_ids = list(row.document_ids)
    session.add(row)
    record(session, actor=who.account_id, action="unlock.approved", subject=f"unlock:{row.id}")
    _void_what_is_free(session, row)


def _void_what_is_free(session: Session, row: UnlockRequest) -> None:
    """Void every document whose lease is free; the rest waits until its confirmation ends."""
    remaining = []
    for document_id in row.remaining_ids:
        life = load_life(session, document_id)
        if life.state == "open":
            continue
        try:
            opened = life.unlock()
        except HocbaError as error:
            if error.code is not ErrorCode.CONFIRMATION_PENDING:
                raise
            remaining.append(document_id)
            continue
        document = session.get_one(Document, (row.school_id, document_id))
        version = session.get_one(DocumentVersion, (row.school_id, document.version_id))
        version.voided_at, version.void_reason = utc_now(), row.reason
        session.add(version)
        document.out_of_date = None
        session.add(document)
        session.flush()
        save_life(session, document_id, opened)
        record(
            session, actor=row.decided_by or "", action="record.unlocked", subject=f"document:{document_id}",
            data={"version": version.number, "request": row.id},
        )
    row.remaining_ids = remaining
    if not remaining:
        row.state = "done"
    session.add(row)


def _asked(session: Session, request_id: str) -> UnlockRequest:
    row = session.get(UnlockRequest, (session.info["school_id"], request_id))
    if row is None or row.state != "asked":
        raise HocbaError(ErrorCode.NOT_FOUND, what="đề nghị hủy chốt")
    return row


def _open_requests(session: Session) -> Sequence[UnlockRequest]:
    return session.exec(select(UnlockRequest).where(UnlockRequest.state.in_(("asked", "approved")))).all()  # type: ignore[attr-defined]
