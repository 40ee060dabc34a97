"""The chain's end, stamped by an outside authority every day and kept outside the database (core decision 16).

Whoever can write to the database can rewrite the whole chain, hashes and head included. He cannot rewrite what the
time-stamp authority signed yesterday: each anchor says which hash was at which number, and since when.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import structlog
from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import canonical_json
from hocba_app.models import AuditHead
from hocba_app.models.repositories import audit as rows
from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.tsp_validation import read_token
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import RetryAfter
from hocba_app.services.signing.integrations import timestamp_client
from hocba_app.services.storage.identity import require_ours
from hocba_app.services.storage.store import configured
from hocba_app.settings import settings

log = structlog.get_logger()
FOLDER = "audit-anchors"
EVERY = timedelta(hours=24)
RETRY = timedelta(minutes=10)
LOOKED_AT = 400
"""Anchors before the newest that are held against the log every day; each vouches for the one before it."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the chain's end was at a moment the token proves. Each names the one before it, so that none can be taken away."""

    school_id: str
    seq: int
    hash: str
    token: bytes
    number: int = 0
    """From 1; 0 in files of before anchors were chained."""
    previous: str = ""
    """SHA-256 of the file of the anchor before it, hex; "" for the first."""

    @property
    def imprint(self) -> bytes:
        """SHA-256 of what was stamped."""
        return hashlib.sha256(canonical_json(self._stamped_shape())).digest()

    def dumps(self) -> bytes:
        """JSON, as it lies on disk."""
        return json.dumps(self._stamped_shape() | {"token": base64.b64encode(self.token).decode()}, indent=1).encode()

    def _stamped_shape(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"school": self.school_id, "seq": self.seq, "hash": self.hash}
        return shape | ({"number": self.number, "previous": self.previous} if self.number else {})

    @classmethod
    def loads(cls, data: bytes) -> Anchor:
        """Read what :meth:`dumps` wrote.

        Raises:
            ValueError: it is anything else.
        """
        try:
            shape = json.loads(data)
            token = base64.b64decode(shape["token"], validate=True)
            number, previous = int(shape.get("number", 0)), str(shape.get("previous", ""))
            return cls(str(shape["school"]), int(shape["seq"]), str(shape["hash"]), token, number, previous)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("no anchor") from error


@dataclass(frozen=True, slots=True)
class AnchorProblem:
    """An anchor that the chain, the count, or the anchor itself contradicts – or one that cannot be checked here."""

    seq: int
    problem: str
    """``unreadable``, ``not_stamped``, ``rewritten`` (another event is there), ``cut`` (none does), ``missing`` (an anchor
    before this one, or after the last, is gone), ``replaced`` (not the file that was made), ``unproven`` (see below)."""

    @property
    def is_doubt(self) -> bool:
        """Nothing contradicts, nothing proves: the token's authority is under none of the trusted roots, or there are none."""
        return self.problem == "unproven"


@job("anchor")
def anchor_daily(work: Work) -> RetryAfter:
    """Stamp the head if it moved, then wait a day. With the authority down the next try is in ten minutes.

    A log that contradicts an anchor of before is not stamped: a new stamp would make it look sound.
    """
    with work.db.read(work.school_id) as session:
        head = session.get(AuditHead, work.school_id)
        broken = [found.problem for found in verify_anchors(session, (), newest=LOOKED_AT)[0] if not found.is_doubt]
    if head is None or head.seq == 0:
        return RetryAfter(EVERY.total_seconds())
    if not settings().tsa_url or not settings().trust_roots:
        return RetryAfter(EVERY.total_seconds())  # doctor says what is not configured
    if broken:
        log.error("audit.not_anchored", school=work.school_id, problems=broken[:5])
        return RetryAfter(EVERY.total_seconds())  # doctor says what is wrong
    kept = _names(work.school_id)
    if kept and _seq(kept[-1]) == head.seq:
        _count(work, len(kept), kept[-1])
        return RetryAfter(EVERY.total_seconds())
    try:
        make_anchor(work.school_id, head.seq, head.hash)
    except HocbaError as error:
        if error.code is not ErrorCode.TIMESTAMP_UNAVAILABLE:
            raise
        return RetryAfter(RETRY.total_seconds())
    kept = _names(work.school_id)
    _count(work, len(kept), kept[-1])
    return RetryAfter(EVERY.total_seconds())


def make_anchor(school_id: str, seq: int, hash_: str) -> Anchor:
    """Have a head stamped and keep it after the anchors there are.

    Raises:
        HocbaError: TIMESTAMP_UNAVAILABLE.
    """
    before = _names(school_id)
    bare = Anchor(school_id, seq, hash_, b"", len(before) + 1, _sha256_of(before[-1]) if before else "")
    anchor = replace(bare, token=timestamp_client().token_over(bare.imprint))
    configured().write(f"{FOLDER}/{school_id}/{seq:012d}.json", anchor.dumps(), replace=True)
    require_ours()
    return anchor


def _count(work: Work, number: int, newest: str) -> None:
    """Keep in the database how many anchors there are and which is the newest. Killed before: the next day's run does it."""
    sha256 = _sha256_of(newest)
    with work.write() as session:
        head = session.get_one(AuditHead, work.school_id, with_for_update=True)
        if (head.anchors, head.anchor_sha256) != (number, sha256):
            head.anchors, head.anchor_sha256 = number, sha256
            session.add(head)


def verify_anchors(
    session: Session, roots: Sequence[bytes], *, newest: int | None = None
) -> tuple[list[AnchorProblem], datetime | None]:
    """Compare every kept anchor of the session's school with its token, with the chain, with its neighbours and with the count.

    Args:
        roots: trusted roots, DER. Without any, tokens are not judged: every anchor is ``unproven``.
        newest: only so many, the last ones; None for all.

    Returns:
        The problems, and the time of the newest anchor that holds (None when there is none).
    """
    school_id: str = session.info["school_id"]
    head = session.get(AuditHead, school_id)
    problems: list[AnchorProblem] = []
    proven: datetime | None = None
    names = _names(school_id)
    first = 0 if newest is None else max(0, len(names) - newest)
    before = configured().read(names[first - 1]) if first else b""
    for place, name in enumerate(names[first:], first + 1):
        data = configured().read(name)
        seq = _seq(name)
        found, stamped = _judged(session, seq, data, tuple(roots))
        if found == "" or found == "unproven":
            anchor = Anchor.loads(data)
            if anchor.number and (
                anchor.number != place or anchor.previous != (hashlib.sha256(before).hexdigest() if before else "")
            ):
                found = "missing"
        if found:
            problems.append(AnchorProblem(seq, found))
        elif stamped is not None:
            proven = max(proven or stamped, stamped)
        before = data
    if head is not None and head.anchors:
        problems += [
            found
            for found in _against_count(names, head)
            if found.seq not in {known.seq for known in problems if not known.is_doubt}
        ]
    return problems, proven


def _against_count(names: list[str], head: AuditHead) -> list[AnchorProblem]:
    """One file more than counted is a run that was killed between the two."""
    last = _seq(names[-1]) if names else 0
    if len(names) < head.anchors:
        return [AnchorProblem(last, "missing")]
    if len(names) > head.anchors + 1 or _sha256_of(names[head.anchors - 1]) != head.anchor_sha256:
        return [AnchorProblem(last, "replaced")]
    return []


def _judged(session: Session, seq: int, data: bytes, roots: tuple[bytes, ...]) -> tuple[str, datetime | None]:
    """What is wrong with one anchor for itself and against the log ("" is nothing), and the time its token proves."""
    try:
        anchor = Anchor.loads(data)
    except ValueError:
        return "unreadable", None
    if (anchor.seq, anchor.school_id) != (seq, session.info["school_id"]):
        return "not_stamped", None
    try:
        token = read_token(anchor.token, anchor.imprint)
        chain_validation.require_timestamp_unit(token.certificate)
    except NotShown:
        return "not_stamped", None
    event = rows.event_at(session, anchor.seq)
    if event is None or event.hash != anchor.hash:
        return "cut" if event is None else "rewritten", None
    try:
        chain_validation.require_valid(
            chain_validation.path_of(token.certificate, token.certificates, roots), token.stamped
        )
    except NotShown:
        return "unproven", None
    return "", token.stamped


def _sha256_of(name: str) -> str:
    return hashlib.sha256(configured().read(name)).hexdigest()


def _seq(name: str) -> int:
    stem = PurePosixPath(name).stem
    return int(stem) if stem.isdecimal() else 0


def _names(school_id: str) -> list[str]:
    """Oldest first."""
    require_ours()
    return [each.name for each in configured().list(f"{FOLDER}/{school_id}/") if each.name.endswith(".json")]
