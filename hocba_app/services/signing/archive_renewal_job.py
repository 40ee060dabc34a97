"""The archives of a school are kept: every sealed record has its archive data, and its stamp is renewed before its authority's
certificate ends, so that a record stays provable for as long as it is kept.

Found from state, every night: sealed records without archive data are archived (the seal batch's own job is only the fast path), and
the stamps that are not young are looked at in turn. One in its last year – by the validity of its unit's path, or by the horizon of its
algorithms – gets the evidence about it and a new stamp over everything (core decision 11: the sequence is repeated at each renewal), as
soon as the authority can give one that lasts longer; until then nothing would be gained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Document
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import duties as rows
from hocba_app.models.repositories.bulk import set_rows
from hocba_app.models.repositories.stored_files import a_nights_share
from hocba_app.pki import algorithms, tsp_codec
from hocba_app.pki.der import element
from hocba_app.pki.signer_certificate import validity
from hocba_app.pki.trusted_path import trusted_paths
from hocba_app.services.jobs.claim import ClaimLost
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import RetryAfter
from hocba_app.services.signing.archive_job import TRANSIENT_ERRORS, archive_version, end_waiting, wait
from hocba_app.services.signing.integrations import timestamp_client, trust_roots
from hocba_app.services.storage import blobs

log = structlog.get_logger()
DAY = 24 * 3600.0
GO_ON = 60.0
"""Seconds until the next page, when a whole page was due."""
YOUNG = timedelta(days=30)
"""A stamp of less than this is not looked at again."""
BEFORE_THE_END = timedelta(days=365)
WORTHWHILE = timedelta(days=180)
"""Less than this is gained by a new stamp only when still less is left: a unit of the same end is not asked month by month."""
ENDING = "ending"
"""In the job's report: stamps in their last year that the authority cannot better; doctor reads it."""
REST_AFTER_RENEWAL = YOUNG
"""A renewed stamp is not looked at before."""
MAX_STAMPS_A_NIGHT = 2000
"""Stamps looked at in one turn, those looked at least recently first, and no more than the year makes (`a_nights_share`)."""
PAGE = 100
"""Records archived between two looks for more."""
FIRST_PAUSE, MAX_PAUSE = timedelta(minutes=10), timedelta(days=1)
"""Until a record is tried again whose archive failed; doubled each time in a row."""
MAX_WAITING = 20
"""Records of one turn that wait for something outside: the next ones would too, and have their turn first the next time."""
_CONTENTS = re.compile(rb"/SubFilter /ETSI\.RFC3161 /ByteRange \[[\d ]+\]\s+/Contents <([0-9a-f]+)>")


class _StopSweep(Exception):
    """So much waits for the same thing outside that the turn is over."""


@job("renewal")
def keep_archives(work: Work) -> RetryAfter:
    """Archive what has none, renew what is due; comes back every day. A record that fails does not hold up others."""
    turn = _Turn()
    full = False
    try:
        _archive_missing(work, turn)
        full = _renew(work, turn)
    except _StopSweep:
        log.warning("archive.waits", records=len(turn.waiting))
    work.report({"archived": turn.archived, "renewed": turn.renewed, "failed": turn.failed, ENDING: _ending(turn)})
    if turn.waiting:
        return wait(work, turn.waiting)
    end_waiting(work)
    if full:
        return RetryAfter(GO_ON)
    with work.db.read(work.school_id) as session:
        again = rows.next_try(session)
    return RetryAfter(DAY if again is None else min(DAY, max(GO_ON, (again - utc_now()).total_seconds())))


def _ending(turn: _Turn) -> dict[str, Any] | None:
    return {"count": len(turn.ending), "first": min(turn.ending).isoformat()} if turn.ending else None


@dataclass(slots=True)
class _Turn:
    """What one turn of the sweep did."""

    archived: int = 0
    renewed: int = 0
    failed: int = 0
    waiting: dict[str, HocbaError] = field(default_factory=dict)
    """By version what it waits for outside."""
    offered: datetime | None = None
    """Until when a stamp made now would be trusted."""
    ending: list[datetime] = field(default_factory=list)
    """Ends of stamps in their last year that it would not better."""


def _archive_missing(work: Work, turn: _Turn) -> None:
    """Archive every sealed record that has no archive data."""
    now = utc_now()
    while True:
        with work.db.read(work.school_id) as session:
            page = rows.to_archive(session, now, PAGE)
        for version_id in page:
            done = _tried(work, turn, version_id, None)
            turn.archived += bool(done)
            if done is False:  # unlocked, or archived by its batch's job: not for this turn any more
                _looked(work, [version_id], utc_now() + FIRST_PAUSE)
        if len(page) < PAGE:
            return


def _renew(work: Work, turn: _Turn) -> bool:
    """Renew what is due among the stamps whose turn it is. Returns whether there may be more that are due."""
    with work.db.read(work.school_id) as session:
        share = a_nights_share(session, MAX_STAMPS_A_NIGHT)
        page = rows.to_look_at(session, utc_now() - YOUNG, utc_now(), share)
    not_due = []
    for version_id, stamped in page:
        try:
            certificates = stamp_certificates(blobs.get(stamped))
            ends = proof_end(certificates)
        except (HocbaError, OSError) as error:
            log.warning("archive.unreadable", version=version_id, reason=type(error).__name__)
            _failed(work, turn, version_id)
            continue
        if not _is_due(turn, version_id, ends):
            not_due.append(version_id)
            continue
        if _tried(work, turn, version_id, certificates):
            turn.renewed += 1
            _looked(work, [version_id], utc_now() + REST_AFTER_RENEWAL)
    _looked(work, not_due, utc_now())
    return len(page) == share and turn.renewed > 0


def _is_due(turn: _Turn, version_id: str, ends: datetime) -> bool:
    """Whether a stamp in its last year can be bettered; the authority is asked once a turn what it can give."""
    if ends - utc_now() >= BEFORE_THE_END:
        return False
    if turn.offered is None:
        try:
            turn.offered = _offered_end()
        except HocbaError as error:
            turn.waiting[version_id] = error
            raise _StopSweep from error
    if is_due(ends, turn.offered, utc_now()):
        return True
    turn.ending.append(ends)
    return False


def _tried(work: Work, turn: _Turn, version_id: str, previous: tuple[bytes, ...] | None) -> bool | None:
    """Archive or renew one record: whether it was added, or None when it failed, which is noted."""
    try:
        return (
            archive_version(work, version_id)
            if previous is None
            else archive_version(work, version_id, previous=previous)
        )
    except HocbaError as error:
        log.warning("archive.refused", version=version_id, code=error.code.value)
        if error.code in TRANSIENT_ERRORS:
            turn.waiting[version_id] = error
            _failed(work, turn, version_id, waits=True)
            if error.code is ErrorCode.TIMESTAMP_UNAVAILABLE or len(turn.waiting) >= MAX_WAITING:
                raise _StopSweep from error
            return None
    except (ClaimLost, StoreUnavailable, OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("archive.defect", version=version_id)
    _failed(work, turn, version_id)
    return None


def _failed(work: Work, turn: _Turn, version_id: str, *, waits: bool = False) -> None:
    """To be tried again: each time later, or (it waits for something outside) at the next turn, after the others."""
    turn.failed += not waits
    with work.write() as session:
        document_id, failures = rows.documents_of(session, [version_id])[version_id]
        pause = timedelta() if waits else min(MAX_PAUSE, FIRST_PAUSE * 2 ** min(failures, 20))
        set_rows(
            session,
            Document,
            [{"id": document_id, "archive_look_at": utc_now() + pause, "archive_failures": failures + 1}],
        )


def _looked(work: Work, version_ids: list[str], look_at: datetime) -> None:
    """All is well with them; they are not looked at before."""
    with work.write() as session:
        documents = [document_id for document_id, _ in rows.documents_of(session, version_ids).values()]
        set_rows(
            session, Document, ({"id": each, "archive_look_at": look_at, "archive_failures": 0} for each in documents)
        )


def is_due(ends: datetime, offered: datetime, now: datetime) -> bool:
    """Whether a new stamp is due: the old one is in its last year, and the new one would last longer by a worthwhile time.

    Args:
        ends: until when the old stamp is trusted by itself.
        offered: until when one made now would.
        now: UTC.
    """
    left = ends - now
    return left < BEFORE_THE_END and offered - ends >= min(WORTHWHILE, max(left, timedelta(days=1)))


def proof_end(certificates: tuple[bytes, ...]) -> datetime:
    """Until when a stamp is trusted by itself: by its unit's path and algorithms (`pki.algorithms`).

    Args:
        certificates: of the stamp, its signer's first.
    """
    paths = trusted_paths(certificates[0], certificates[1:], trust_roots(), utc_now(), purpose="timestamp")
    return max((algorithms.end_of(path) for path in paths), default=validity(certificates[0])[1])


def _offered_end() -> datetime:
    """Until when a stamp that the authority makes now would be trusted; its unit may have been replaced, so one is asked for."""
    authority = timestamp_client()
    authority.tokens([b"renewal"])
    return proof_end(authority.certificates)


def stamp_certificates(update: bytes) -> tuple[bytes, ...]:
    """The certificates of the document time stamp that an archive update ends with, the signer's first.

    Raises:
        HocbaError: FILE_STRUCTURE.
    """
    found = _CONTENTS.findall(update)
    try:
        token = tsp_codec.read(element(bytes.fromhex(found[-1].decode())))
    except (IndexError, ValueError, KeyError) as error:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="document time stamp") from error
    own = [item for item in token.certificates if tsp_codec.issuer_and_serial(item) == token.signer]
    if not own:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="document time stamp")
    return (*own, *(item for item in token.certificates if item not in own))
