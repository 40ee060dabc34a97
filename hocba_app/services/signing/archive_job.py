"""After the seal: validation data and a document time stamp, so that the record can be judged when every signer's
certificate has expired (PAdES B-LTA, core decisions 11 and 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.batch_lifecycle import LIVE_ITEM, ItemState
from hocba_app.domain.document_lifecycle import DocumentState
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Job
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import batches as batch_rows
from hocba_app.models.repositories import signing as rows
from hocba_app.pki.revocation_sources import ask_about
from hocba_app.pki.signer_certificate import Evidence, check_authority
from hocba_app.pki.tsa_client import TimestampClient
from hocba_app.recordfile.append_state import AppendState
from hocba_app.recordfile.ltv_revision import archive
from hocba_app.services.audit.log import Tells, record
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.signing.integrations import timestamp_client, trust_roots
from hocba_app.services.signing.revisions import append_revisions
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import current_file
from hocba_app.verification.judge_files import judge_files
from hocba_app.verification.reasons import ABOUT_ISSUER
from hocba_app.verification.report_model import FileReport

log = structlog.get_logger()

TRANSIENT_ERRORS = frozenset(
    {
        ErrorCode.TIMESTAMP_UNAVAILABLE,
        ErrorCode.REVOCATION_UNKNOWN,
        ErrorCode.CERTIFICATE_UNTRUSTED,
        ErrorCode.CERTIFICATE_REVOKED,
        ErrorCode.REVISION_NOT_VALID,
    }
)
"""What is wrong with the authority or with the evidence about it, not with the record: tried again until it is well."""
FIRST_PAUSE, MAX_PAUSE = 10.0, 3600.0
"""Seconds between two tries."""
WAITING = "waiting"
"""In a job's report: what it waits for. Ids and codes only; doctor reads it."""
MAX_NAMED = 20
RECHECK_SECONDS = 1.0
"""Seconds until the next look while other seals of the batch are still to come."""
CHUNK_SIZE = 30
"""Records archived in one transaction."""
MAX_CONCURRENT = 4
"""Records stamped side by side: the authority answers one while another is laid out."""


@job("archive")
def archive_batch(work: Work) -> Result:
    """Archive every sealed record of one seal batch. Repeating it finds what is archived and goes on.

    Raises:
        HocbaError: of the first record that could not be archived, once all others are.
    """
    todo, open_items = _todo(work)
    failed: list[HocbaError] = []
    waiting: dict[str, HocbaError] = {}
    for first in range(0, len(todo), CHUNK_SIZE):
        chunk = todo[first : first + CHUNK_SIZE]
        try:
            errors = archive_versions(work, chunk).errors
        except HocbaError as error:
            if error.code not in TRANSIENT_ERRORS:
                raise
            waiting |= dict.fromkeys(todo[first:], error)  # about the authority: it is the same for all
            break
        # One record that cannot be archived must not keep the others from it.
        waiting |= {version_id: error for version_id, error in errors.items() if error.code in TRANSIENT_ERRORS}
        failed += [error for error in errors.values() if error.code not in TRANSIENT_ERRORS]
        work.progress(min(first + CHUNK_SIZE, len(todo)), len(todo), "Lưu trữ lâu dài")
    if waiting:
        return wait(work, waiting)
    end_waiting(work)
    if open_items:
        return RetryAfter(RECHECK_SECONDS)
    if failed:
        work.report({"failed": len(failed)})
        raise failed[0]
    return Done()


def _todo(work: Work) -> tuple[list[str], bool]:
    """Sealed versions of the batch without archive data, and whether the batch still has seals to come."""
    with work.db.read(work.school_id) as session:
        items = batch_rows.items_of(session, work.arguments["batch"], light=True)
        archived = rows.archived_versions(session, [item.version_id for item in items])
    todo = [item.version_id for item in items if item.state == ItemState.COMMITTED and item.version_id not in archived]
    return todo, any(item.state in LIVE_ITEM for item in items)


def archive_version(work: Work, version_id: str, *, previous: tuple[bytes, ...] = ()) -> bool:
    """Add evidence and a document time stamp to one sealed record.

    Args:
        previous: at a renewal, the certificates of the stamp that is renewed, its signer's first: the new stamp covers
            the evidence about them.

    Returns:
        Whether it was added; not when the record was unlocked or archived meanwhile.

    Raises:
        HocbaError: one of :data:`TRANSIENT_ERRORS` (the old revision stays), STORED_FILE_DAMAGED, FILE_STRUCTURE.
    """
    done = archive_versions(work, [version_id], previous=previous)
    for error in done.errors.values():
        raise error
    return bool(done.added)


@dataclass(frozen=True, slots=True)
class _Extended:
    """One record's archive data, in the store, not yet in the database."""

    version: Any
    update: bytes
    tip: AppendState


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of a few records."""

    added: int
    errors: dict[str, HocbaError]
    """By version."""


def archive_versions(work: Work, version_ids: Sequence[str], *, previous: tuple[bytes, ...] = ()) -> Archived:
    """:func:`archive_version` for a few records, in one transaction. A record keeps its revision unless the new one is judged valid.

    Raises:
        HocbaError: one of :data:`TRANSIENT_ERRORS`, about the authority itself.
    """
    authority, roots = timestamp_client(), trust_roots()
    if not authority.certificates:
        authority.tokens([version_ids[0].encode()])  # a first token tells the authority's chain
    of_authority = [
        check_authority(chain, trust_roots=roots, at=utc_now())
        for chain in dict.fromkeys((previous or authority.certificates, authority.certificates))
    ]
    with work.db.read(work.school_id) as session:
        versions = rows.version_rows(session, version_ids, with_tip=True)
        evidence = evidence_of(session, version_ids)
        files = {version_id: _file(session, versions[version_id]) for version_id in version_ids}

    def extend(version_id: str) -> _Extended | HocbaError:
        file, version = files[version_id], versions[version_id]
        if isinstance(file, HocbaError):
            return file
        try:
            update, tip = _valid_archive(
                file, AppendState.loads(version.tip), [*evidence.get(version_id, ()), *of_authority], authority, roots
            )
        except HocbaError as error:
            return error
        blobs.put(update)
        return _Extended(version, update, tip)

    with ThreadPoolExecutor(min(MAX_CONCURRENT, len(version_ids))) as pool:
        extended = dict(zip(version_ids, pool.map(extend, version_ids), strict=True))
    errors = {version_id: each for version_id, each in extended.items() if isinstance(each, HocbaError)}
    added = _store(work, [each for each in extended.values() if isinstance(each, _Extended)], renewed=bool(previous))
    return Archived(added, errors)


def _valid_archive(
    file: bytes, tip: AppendState, evidence: Sequence[Evidence], authority: TimestampClient, roots: Sequence[bytes]
) -> tuple[bytes, AppendState]:
    """Archive data with which the verifier calls the record valid.

    What he finds no answer about – a time-stamp unit that was replaced since the signature, an answer that grew old before
    the signer's stamp – is asked for once.

    Raises:
        HocbaError: REVISION_NOT_VALID with the verifier's first reason, REVOCATION_UNKNOWN, TIMESTAMP_UNAVAILABLE, FILE_STRUCTURE.
    """
    update, after = archive(file, tip, evidence, authority)
    (report,) = judge_files([("", file + update)], roots=roots)
    if not _is_proven(report) and report.lacking:
        more = [_asked(tuple(bytes.fromhex(certificate) for certificate in path)) for path in report.lacking]
        update, after = archive(file, tip, [*evidence, *more], authority)
        (report,) = judge_files([("", file + update)], roots=roots)
    if not _is_proven(report):
        finding = next((each for each in report.reasons if each.code not in ABOUT_ISSUER), None)
        log.warning("archive.not_valid", reasons=[each.code for each in report.reasons])
        raise HocbaError(
            ErrorCode.REVISION_NOT_VALID,
            reason=finding.what if finding else report.verdict,
            finding=finding.code if finding else report.verdict,
        )
    return update, after


def _is_proven(report: FileReport) -> bool:
    """Whether nothing is open but whose seal it is, which archive data cannot answer and the school knows."""
    return report.verdict == "valid" or (
        report.verdict == "indeterminate" and all(found.code in ABOUT_ISSUER for found in report.reasons)
    )


def _asked(path: tuple[bytes, ...]) -> Evidence:
    now = utc_now()
    found = ask_about(path, now)  # revoked since is still an answer: it says since when
    if not found.complete:
        raise HocbaError(ErrorCode.REVOCATION_UNKNOWN)
    return Evidence(chain=path, ocsps=found.ocsps, crls=found.crls, checked_at=now)


def wait(work: Work, waiting: Mapping[str, HocbaError]) -> RetryAfter:
    """Note what the job waits for, so that doctor can say it, and back off.

    Args:
        waiting: why, by version.

    Returns:
        When to try again.
    """
    with work.db.read(work.school_id) as session:
        before = session.get_one(Job, (work.school_id, work.job_id)).report.get(WAITING) or {}
    tries = int(before.get("tries", 0)) + 1
    first = next(iter(waiting.values()))
    work.report(
        {
            WAITING: {
                "tries": tries,
                "since": before.get("since") or utc_now().isoformat(timespec="seconds"),
                "count": len(waiting),
                "code": first.code.value,
                "params": {key: str(value) for key, value in first.params.items()},
                "versions": sorted(waiting)[:MAX_NAMED],
            }
        }
    )
    return RetryAfter(min(FIRST_PAUSE * 2.0 ** min(tries - 1, 20), MAX_PAUSE))


def end_waiting(work: Work) -> None:
    """Nothing is waited for any more."""
    with work.db.read(work.school_id) as session:
        waits = bool(session.get_one(Job, (work.school_id, work.job_id)).report.get(WAITING))
    if waits:
        work.report({WAITING: None})


def _file(session: Session, version: Any) -> bytes | HocbaError:
    try:
        return current_file(session, version.id)
    except HocbaError as error:
        return error


def _store(work: Work, archived: Sequence[_Extended], *, renewed: bool) -> int:
    """The new revisions of those that are still sealed and as they were read. Returns how many."""
    if not archived:
        return 0
    with work.write() as session:
        documents = rows.lock_documents(session, [each.version.document_id for each in archived])
        now = rows.version_rows(session, [each.version.id for each in archived])
        # Not what was unlocked, or archived by an earlier life of this job.
        fresh = [
            each
            for each in archived
            if now[each.version.id].voided_at is None
            and now[each.version.id].sha256 == each.version.sha256
            and documents[each.version.document_id].state == DocumentState.SEALED
        ]
        append_revisions(
            session, [(now[each.version.id], each.update, each.tip, None) for each in fresh], kind="archive"
        )
        for each in fresh:
            record(
                session,
                actor="",
                action=Action.RECORD_ARCHIVED,
                tells=Tells.CONCERNED,
                subject=f"document:{each.version.document_id}",
                data={"version": each.version.number, "sha256": each.tip.sha256, "renewed": renewed},
            )
    return len(fresh)


def evidence_of(session: Session, version_ids: Sequence[str]) -> dict[str, list[Evidence]]:
    """What was checked about each signer, by version, one entry a certificate check."""
    contents: dict[str, Evidence] = {}
    evidence: dict[str, list[Evidence]] = {}
    for version_id, evidence_id, content in rows.evidence_of_versions(session, version_ids):
        if evidence_id not in contents:
            contents[evidence_id] = _loaded(content)
        evidence.setdefault(version_id, []).append(contents[evidence_id])
    return evidence


@lru_cache(maxsize=256)
def _loaded(content: bytes) -> Evidence:
    """Rows of evidence never change, and a teacher's is the same in every record of a class."""
    return Evidence.loads(content)
