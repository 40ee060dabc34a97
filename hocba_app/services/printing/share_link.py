"""Handing records over: signed originals, packages, and links with an expiry and a PIN. Every hand-out is on record.

A link's address holds a secret and nothing else; the PIN goes another way (paper, telephone). Neither is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Database, Document, HandOut, HandOutLink, Student
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import find
from hocba_app.models.repositories.attached import attached_ids
from hocba_app.models.repositories.audit import account_names
from hocba_app.models.repositories.printing import FINISHED, replaced_versions
from hocba_app.services.accounts.authority import Right, require, require_class
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.passwords import hash_password
from hocba_app.services.audit.log import record
from hocba_app.services.printing.selection import Chosen, choose_whole, chosen_of
from hocba_app.services.printing.signed_package import Package, build_package, file_name
from hocba_app.services.signing.self_check import handed_out_file
from hocba_app.settings import settings

PIN_DIGITS = 6
MAX_DAYS = 90
PATH = "/h/"
"""Of the public page where the PIN is asked for."""


@dataclass(frozen=True, slots=True)
class SignedOriginal:
    """One signed file, byte for byte as it was sealed."""

    name: str
    pdf: bytes


@dataclass(frozen=True, slots=True)
class Secret:
    """What opens a link; made before the transaction, since hashing a PIN is slow on purpose."""

    token: str
    pin: str
    pin_hash: str

    @classmethod
    def new(cls) -> Secret:
        """At random."""
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        return cls(secrets.token_urlsafe(24), pin, hash_password(pin))


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just made: the only time its address and PIN can be shown."""

    hand_out_id: str
    url: str
    pin: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkView:
    """What the office sees of a link."""

    hand_out_id: str
    recipient: str
    state: str
    """``open``, ``replaced`` (a record in it was unlocked since), ``expired``, ``closed`` (by the school) or ``guessed`` (closed after
    too many wrong PINs)."""
    documents: int
    downloads: int
    last_download_at: datetime | None
    created_at: datetime
    created_by: str
    expires_at: datetime


def signed_original(db: Database, who: Identity, document_id: str) -> SignedOriginal:
    """The sealed file of one document, for whoever may look at its class.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND also while it is not sealed, RECORD_NOT_VALID, STORED_FILE_DAMAGED.
    """
    require(who, Right.RECORDS_READ)
    with db.read(who.school_id) as session:
        document = session.get(Document, (who.school_id, document_id))
        if document is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="hồ sơ")
        require_class(session, who, document.class_id)
        if document.state != FINISHED or document.version_id is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="bản đã đóng dấu của hồ sơ")
        chosen = chosen_of(session, [document.version_id])[0]
        pdf = handed_out_file(session, chosen.version_id)
    with db.write(who.school_id) as session:
        record(
            session,
            actor=who.account_id,
            action=Action.HANDOUT_DOWNLOADED,
            subject=f"student:{chosen.student_id}",
            data={"versions": [chosen.version_id], "sha256": hashlib.sha256(pdf).hexdigest()},
        )
    return SignedOriginal(file_name(chosen), pdf)


def package_of(db: Database, who: Identity, student_id: str, *, kinds: Sequence[str] = KINDS) -> Package:
    """All sealed documents of a pupil with the signers' certificates, and what other schools' records he has.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, NOTHING_TO_DO when nothing is sealed, STORED_FILE_DAMAGED.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        package = build_package(session, _finished(session, student_id, kinds), attached_ids(session, student_id))
    with db.write(who.school_id) as session:
        _log_download(session, who.account_id, student_id, package)
    return package


def create_link(
    db: Database, who: Identity, student_id: str, *, recipient: str, days: int, kinds: Sequence[str] = KINDS
) -> NewLink:
    """A link to the pupil's sealed documents, and the records of other schools attached to him, as they are now.

    Args:
        recipient: whom it is for, in the school's words ("Mẹ học sinh", "Trường THCS Lê Lợi").
        days: how long it works, 1 to 90.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, NOTHING_TO_DO.
    """
    require(who, Right.PRINT)
    recipient = checked_recipient(recipient, days)
    secret = Secret.new()
    with db.write(who.school_id) as session:
        return add_link(session, who, student_id, secret, recipient=recipient, days=days, kinds=kinds)


def checked_recipient(recipient: str, days: int) -> str:
    """Whom a link is for, without needless blanks.

    Raises:
        HocbaError: INVALID_INPUT, also for a time that is too long.
    """
    recipient = " ".join(recipient.split())
    if not 1 <= len(recipient) <= 200:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ghi người nhận, không quá 200 chữ")
    if not 1 <= days <= MAX_DAYS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"thời hạn từ 1 đến {MAX_DAYS} ngày")
    return recipient


def add_link(
    session: Session, who: Identity, student_id: str, secret: Secret, *, recipient: str, days: int, kinds: Sequence[str]
) -> NewLink:
    """One link and its row in the log, in the caller's transaction; he has checked right, recipient and days.

    Raises:
        HocbaError: NOT_FOUND, INVALID_INPUT, NOTHING_TO_DO.
    """
    documents = _finished(session, student_id, kinds)
    row = HandOut(
        student_id=student_id,
        version_ids=[chosen.version_id for chosen in documents],
        attached_ids=attached_ids(session, student_id),
        recipient=recipient,
        pin_hash=secret.pin_hash,
        expires_at=utc_now() + timedelta(days=days),
        created_by=who.account_id,
    )
    session.add(row)
    session.flush()
    session.add(HandOutLink(token_sha256=token_hash(secret.token), school_id=who.school_id, hand_out_id=row.id))
    record(
        session,
        actor=who.account_id,
        action=Action.HANDOUT_CREATED,
        subject=f"student:{student_id}",
        data={
            "handout": row.id,
            "versions": row.version_ids,
            "attached": row.attached_ids,
            "expires_at": row.expires_at.isoformat(),
        },
    )
    url = f"{settings().public_url.rstrip('/')}{PATH}{secret.token}"
    return NewLink(row.id, url, secret.pin, row.expires_at)


def links_of(db: Database, who: Identity, student_id: str) -> list[LinkView]:
    """The pupil's links, newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.PRINT)
    with db.read(who.school_id) as session:
        rows = find.all_of(session, HandOut, col(HandOut.created_at).desc(), student_id=student_id)
        replaced = replaced_versions(session, [version for row in rows for version in row.version_ids])
        names = account_names(session)
    return [
        LinkView(
            row.id,
            row.recipient,
            state_of(row, replaced),
            len(row.version_ids),
            row.downloads,
            row.last_download_at,
            row.created_at,
            names.get(row.created_by, ""),
            row.expires_at,
        )
        for row in rows
    ]


def close_link(db: Database, who: Identity, hand_out_id: str) -> None:
    """Revoke a link; closing it again changes nothing.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.PRINT)
    with db.write(who.school_id) as session:
        row = session.get(HandOut, (who.school_id, hand_out_id))
        if row is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="liên kết")
        if row.closed_at is None:
            row.closed_at, row.closed_by = utc_now(), who.account_id
            session.add(row)
            record(
                session,
                actor=who.account_id,
                action=Action.HANDOUT_CLOSED,
                subject=f"student:{row.student_id}",
                data={"handout": row.id},
            )


def _finished(session: Session, student_id: str, kinds: Sequence[str]) -> list[Chosen]:
    if session.get(Student, (session.info["school_id"], student_id)) is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="học sinh")
    if not kinds or set(kinds) - set(KINDS):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="chọn ít nhất một loại hồ sơ")
    documents = choose_whole(session, student_id, tuple(kinds))
    if not documents:
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    return documents


def state_of(row: HandOut, replaced: Collection[str] = ()) -> str:
    """As :attr:`LinkView.state`; ``replaced`` only where those versions are given."""
    if row.closed_at is not None:
        return "closed" if row.closed_by else "guessed"
    if utc_now() >= row.expires_at:
        return "expired"
    return "replaced" if any(version in replaced for version in row.version_ids) else "open"


def _log_download(session: Session, actor: str, student_id: str, package: Package) -> None:
    data = {"versions": list(package.version_ids), "attached": list(package.attached_ids), "sha256": package.sha256}
    record(session, actor=actor, action=Action.HANDOUT_DOWNLOADED, subject=f"student:{student_id}", data=data)


def token_hash(token: str) -> str:
    """How the directory of links knows the secret of an address."""
    return hashlib.sha256(token.encode()).hexdigest()
