"""The chain's end, stamped by an outside authority every day and kept outside the database (core decision 16).

Whoever can write to the database can rewrite the whole chain, hashes and head included. He cannot rewrite what the
time-stamp authority signed yesterday: each anchor says which hash stood at which number, and since when.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import canonical_json
from hocba_app.models import AuditHead
from hocba_app.models.repositories import audit as rows
from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.tsp_validation import read_token
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.signing.integrations import timestamp_client
from hocba_app.services.storage import blobs
from hocba_app.settings import settings

FOLDER = "audit-anchors"
EVERY = timedelta(hours=24)
RETRY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the chain's end was at a moment the token proves."""

    school_id: str
    seq: int
    hash: str
    token: bytes

    @property
    def imprint(self) -> bytes:
        """SHA-256 of what was stamped."""
        return hashlib.sha256(canonical_json({"school": self.school_id, "seq": self.seq, "hash": self.hash})).digest()

    def dumps(self) -> bytes:
        """JSON, as it lies on disk."""
        shape = {"school": self.school_id, "seq": self.seq, "hash": self.hash, "token": base64.b64encode(self.token).decode()}
        return json.dumps(shape, indent=1).encode()

    @classmethod
    def loads(cls, data: bytes) -> Anchor:
        """Read what :meth:`dumps` wrote.

        Raises:
            ValueError: it is anything else.
        """
        try:
            shape = json.loads(data)
            return cls(str(shape["school"]), int(shape["seq"]), str(shape["hash"]), base64.b64decode(shape["token"], validate=True))
        except (KeyError, TypeError) as error:
            raise ValueError("no anchor") from error


@dataclass(frozen=True, slots=True)
class AnchorProblem:
    """An anchor that the chain, or the anchor itself, contradicts."""

    seq: int
    problem: str
    """``unreadable``, ``not_stamped``, ``rewritten`` (another event stands there) or ``cut`` (none does)."""


@job("anchor")
def anchor_daily(work: Work) -> float | None:
    """Stamp the head if it moved, then wait a day. With the authority down the next try is in ten minutes."""
    with work.db.read(work.school_id) as session:
        head = session.get(AuditHead, work.school_id)
    if head is None or head.seq == 0:
        return EVERY.total_seconds()
    if not settings().tsa_url or not settings().trust_roots:
        return EVERY.total_seconds()  # doctor says what is not configured
    newest = next(reversed(list(_files(work.school_id))), None)
    if newest is not None and newest.stem == f"{head.seq:012d}":
        return EVERY.total_seconds()
    try:
        make_anchor(work.school_id, head.seq, head.hash)
    except HocbaError as error:
        if error.code is not ErrorCode.TIMESTAMP_UNAVAILABLE:
            raise
        return RETRY.total_seconds()
    return EVERY.total_seconds()


def make_anchor(school_id: str, seq: int, hash_: str) -> Anchor:
    """Have a head stamped and keep it.

    Raises:
        HocbaError: TIMESTAMP_UNAVAILABLE.
    """
    bare = Anchor(school_id, seq, hash_, b"")
    anchor = Anchor(school_id, seq, hash_, timestamp_client().token_over(bare.imprint))
    path = _folder(school_id) / f"{seq:012d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(anchor.dumps())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return anchor


def verify_anchors(session: Session, roots: Sequence[bytes]) -> tuple[list[AnchorProblem], datetime | None]:
    """Compare every kept anchor of the session's school with its token and with the chain.

    Args:
        roots: trusted roots, DER.

    Returns:
        The problems, and the time of the newest anchor that holds (None when there is none).
    """
    school_id: str = session.info["school_id"]
    problems: list[AnchorProblem] = []
    newest: datetime | None = None
    for path in _files(school_id):
        seq = int(path.stem) if path.stem.isdecimal() else 0
        try:
            anchor = Anchor.loads(path.read_bytes())
        except ValueError:
            problems.append(AnchorProblem(seq, "unreadable"))
            continue
        stamped = _stamped(anchor, tuple(roots))
        if stamped is None or (anchor.seq, anchor.school_id) != (seq, school_id):
            problems.append(AnchorProblem(seq, "not_stamped"))
            continue
        event = rows.event_at(session, anchor.seq)
        if event is None or event.hash != anchor.hash:
            problems.append(AnchorProblem(seq, "cut" if event is None else "rewritten"))
            continue
        newest = max(newest or stamped, stamped)
    return problems, newest


def _stamped(anchor: Anchor, roots: tuple[bytes, ...]) -> datetime | None:
    """The time the token proves, or None when it proves nothing."""
    try:
        token = read_token(anchor.token, anchor.imprint)
        chain_validation.require_timestamp_unit(token.certificate)
        chain_validation.path_of(token.certificate, token.certificates, roots, at=token.stamped)
    except NotShown:
        return None
    return token.stamped


def _folder(school_id: str) -> Path:
    return blobs.folder() / FOLDER / school_id


def _files(school_id: str) -> Iterator[Path]:
    """Oldest first."""
    yield from sorted(_folder(school_id).glob("*.json"))
