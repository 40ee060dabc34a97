"""Hủy chốt: asked with a reason, approved by the principal or a deputy; signatures void but kept, everybody signs again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.document_lifecycle import STEPS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.shown import shown_digest
from hocba_app.models import Database, Document, DocumentVersion, SchoolClass, Student, UnlockRequest
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import find, record_list
from hocba_app.models.repositories.audit import account_names
from hocba_app.models.repositories.batches import serialise
from hocba_app.models.repositories.document_state import load_life, save_life
from hocba_app.models.repositories.school_years import require_open
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.credentials import require_own_credentials, require_second_person
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record

MAX_DOCUMENTS = 5000
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class SignsAgain:
    """One person whose signatures an unlock would void."""

    name: str
    stage: str
    documents: int


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """One document of a request."""

    document_id: str
    student_code: str
    student_name: str
    class_name: str
    kind: str
    school_year: str


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request to unlock, with what it would cost or did cost."""

    id: str
    state: str
    """``asked``, ``approved`` (a confirmation is pending on some), ``done``, ``refused`` or ``withdrawn``."""
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    documents: tuple[AskedDocument, ...]
    waiting: int
    """Documents not unlocked yet because somebody is confirming on the phone."""
    again: tuple[SignsAgain, ...]
    """Who would have to sign again; empty once it is decided."""
    may_decide: bool
    may_withdraw: bool

    @property
    def price(self) -> str:
        """Digest of what it would cost, as shown: the approval carries it."""
        return price_of(self.again)


def price_of(again: Sequence[SignsAgain]) -> str:
    """Digest of who would have to sign again."""
    return shown_digest([asdict(each) for each in again])


def consequences(db: Database, who: Identity, document_ids: Sequence[str]) -> list[SignsAgain]:
    """Who will have to sign again, shown before anyone agrees (workflow rule 5).

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.UNLOCK_ASK)
    with db.read(who.school_id) as session:
        found = record_list.lines_of_documents(session, list(document_ids)[:MAX_DOCUMENTS])
        return _consequences(session, [document for document, _, _ in found.values()])


def unlock_requests(db: Database, who: Identity, *, limit: int = 50) -> list[RequestView]:
    """Requests to unlock, those that are not over first, then the newest.

    Raises:
        HocbaError: FORBIDDEN.
    """
    if not allowed(who, Right.UNLOCK_ASK):
        require(who, Right.UNLOCK_APPROVE)
    with db.read(who.school_id) as session:
        rows = {
            row.id: row for row in (*record_list.open_unlocks(session), *record_list.unlock_requests(session, limit))
        }
        documents = record_list.lines_of_documents(
            session, [*{item for row in rows.values() for item in row.document_ids}]
        )
        names = account_names(session)
        return [_view(session, who, row, documents, names) for row in rows.values()]


def _view(
    session: Session,
    who: Identity,
    row: UnlockRequest,
    documents: Mapping[str, tuple[Document, Student, SchoolClass]],
    names: Mapping[str, str],
) -> RequestView:
    found = [documents[item] for item in row.document_ids if item in documents]
    own, approves = row.requested_by == who.account_id, allowed(who, Right.UNLOCK_APPROVE)
    return RequestView(
        id=row.id,
        state=row.state,
        reason=row.reason,
        asked_by=names.get(row.requested_by, ""),
        asked_at=row.requested_at,
        decided_by=names.get(row.decided_by or "", ""),
        decided_at=row.decided_at,
        documents=tuple(
            AskedDocument(
                document.id, student.code, student.full_name, school_class.name, document.kind, document.school_year
            )
            for document, student, school_class in found
        ),
        waiting=len(row.remaining_ids) if row.state == "approved" else 0,
        again=tuple(_consequences(session, [document for document, _, _ in found])) if row.state == "asked" else (),
        may_decide=row.state == "asked" and approves and not own,
        may_withdraw=row.state == "asked" and own,
    )


def _consequences(session: Session, documents: Sequence[Document]) -> list[SignsAgain]:
    versions = [document.version_id for document in documents if document.version_id is not None]
    counted = Counter(
        (name or "Con dấu nhà trường", stage) for _, stage, name in record_list.signed_slots(session, versions)
    )
    return [
        SignsAgain(name, stage, documents)
        for (name, stage), documents in sorted(counted.items(), key=lambda item: (STEPS.index(item[0][1]), item[0]))
    ]


def request_unlock(
    db: Database, who: Identity, document_ids: Sequence[str], reason: str, *, shown: str | None = None
) -> str:
    """Step one, for single documents or a class at once. A principal's own request needs no approval.

    Args:
        shown: :func:`price_of` what the asker was shown; None when nothing was.

    Returns:
        Id of the request.

    Raises:
        HocbaError: FORBIDDEN, REASON_MISSING, INVALID_INPUT, NOTHING_TO_DO, NOT_FOUND, NOT_LOCKED, UNLOCK_OPEN, YEAR_CLOSED,
            CREDENTIALS_OPEN (a principal's own); SHOWN_CHANGED when it would cost something else now.
    """
    require(who, Right.UNLOCK_ASK)
    chosen, reason = list(dict.fromkeys(document_ids)), " ".join(reason.split())
    if not reason:
        raise HocbaError(ErrorCode.REASON_MISSING)
    if len(reason) > MAX_REASON or len(chosen) > MAX_DOCUMENTS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"lý do không quá {MAX_REASON} chữ")
    if not chosen:
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    with db.write(who.school_id) as session:
        serialise(session)
        waiting = {item for row in record_list.open_unlocks(session) for item in record_list.waiting_documents(row)}
        documents = record_list.lines_of_documents(session, chosen)
        for document_id in chosen:
            if document_id not in documents:
                raise HocbaError(ErrorCode.NOT_FOUND, what="hồ sơ")
            if documents[document_id][0].state == "open":
                raise HocbaError(ErrorCode.NOT_LOCKED)
            if document_id in waiting:
                raise HocbaError(ErrorCode.UNLOCK_OPEN)
        require_open(session, *(document.school_year for document, _, _ in documents.values()))
        _require_shown(session, [document for document, _, _ in documents.values()], shown)
        row = UnlockRequest(document_ids=chosen, reason=reason, requested_by=who.account_id)
        session.add(row)
        session.flush()
        record(
            session,
            actor=who.account_id,
            action=Action.UNLOCK_ASKED,
            subject=f"unlock:{row.id}",
            data={"documents": chosen, "reason": row.reason},
        )
        if "principal" in who.roles:
            require_own_credentials(session, who)
            _approve(session, row, who)
    return row.id


def decide(db: Database, who: Identity, request_id: str, *, approve: bool, shown: str | None = None) -> None:
    """Step two: the principal's or deputy's answer. Nobody approves what he asked for himself.

    Args:
        shown: `RequestView.price` as he saw it; None when nothing was shown.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, UNLOCK_OWN, CREDENTIALS_OPEN, SECOND_PERSON; SHOWN_CHANGED when an approval would cost
            something else now.
    """
    require(who, Right.UNLOCK_APPROVE)
    with db.write(who.school_id) as session:
        serialise(session)  # no batch may take a lease between the look at it and the void
        row = _asked(session, request_id)
        if row.requested_by == who.account_id:
            raise HocbaError(ErrorCode.UNLOCK_OWN)
        require_second_person(session, who, row.requested_by)
        if approve:
            documents = record_list.lines_of_documents(session, row.document_ids)
            _require_shown(session, [document for document, _, _ in documents.values()], shown)
            _approve(session, row, who)
            return
        row.state, row.decided_by, row.decided_at = "refused", who.account_id, utc_now()
        session.add(row)
        record(session, actor=who.account_id, action=Action.UNLOCK_REFUSED, subject=f"unlock:{row.id}")


def withdraw(db: Database, who: Identity, request_id: str) -> None:
    """Take back a request nobody has answered; its asker or anybody who may approve.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, CREDENTIALS_OPEN (somebody else's request).
    """
    if not allowed(who, Right.UNLOCK_ASK):
        require(who, Right.UNLOCK_APPROVE)
    with db.write(who.school_id) as session:
        serialise(session)
        row = _asked(session, request_id)
        if row.requested_by != who.account_id:
            require(who, Right.UNLOCK_APPROVE)
            require_own_credentials(session, who)
        row.state, row.decided_by, row.decided_at = "withdrawn", who.account_id, utc_now()
        session.add(row)
        record(session, actor=who.account_id, action=Action.UNLOCK_WITHDRAWN, subject=f"unlock:{row.id}")


def resume_pending_unlocks(session: Session) -> None:
    """Finish approved unlocks that waited for a confirmation; called whenever leases are released."""
    for row in find.all_of(session, UnlockRequest, state="approved"):
        _void_what_is_free(session, row)


def _approve(session: Session, row: UnlockRequest, who: Identity) -> None:
    row.state, row.decided_by, row.decided_at = "approved", who.account_id, utc_now()
    row.remaining_ids = list(row.document_ids)
    session.add(row)
    record(session, actor=who.account_id, action=Action.UNLOCK_APPROVED, subject=f"unlock:{row.id}")
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
            session,
            actor=row.decided_by or "",
            action=Action.RECORD_UNLOCKED,
            subject=f"document:{document_id}",
            data={"version": version.number, "request": row.id},
        )
    row.remaining_ids = remaining
    if not remaining:
        row.state = "done"
    session.add(row)


def _require_shown(session: Session, documents: Sequence[Document], shown: str | None) -> None:
    """Under the school's lock: nobody signs between this look and the void."""
    if shown is not None and price_of(_consequences(session, documents)) != shown:
        raise HocbaError(ErrorCode.SHOWN_CHANGED, what="số chữ ký phải ký lại")


def _asked(session: Session, request_id: str) -> UnlockRequest:
    row = session.get(UnlockRequest, (session.info["school_id"], request_id), populate_existing=True)
    if row is None or row.state != "asked":
        raise HocbaError(ErrorCode.NOT_FOUND, what="đề nghị hủy chốt")
    return row
