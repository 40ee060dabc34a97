"""Uploads that a job has still to look into, beside the documents and not among them: what is refused there is not kept.

A backup takes none along (their names begin with a dot), and what a job never came to is gone after a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models.base import utc_now
from hocba_app.services.storage.identity import require_ours
from hocba_app.services.storage.store import configured

FOLDER = ".waiting"
KEPT = timedelta(days=1)


def add(job_id: str, number: int, data: bytes) -> None:
    """Keep one file for a job.

    Raises:
        StoreUnavailable.
    """
    require_ours()
    configured().write(_name(job_id, number), data, replace=True)


def get(job_id: str, number: int) -> bytes:
    """One file of a job.

    Raises:
        HocbaError: STORED_FILE_DAMAGED when it is not there any more.
        StoreUnavailable.
    """
    require_ours()
    try:
        return configured().read(_name(job_id, number))
    except FileNotFoundError as error:
        raise HocbaError(ErrorCode.STORED_FILE_DAMAGED) from error


def end(job_id: str) -> None:
    """Delete all files of a job: its report is written. Repeating it is harmless."""
    require_ours()
    for each in list(configured().list(f"{FOLDER}/{job_id}/")):
        configured().remove(each.name)


def sweep(now: datetime | None = None) -> int:
    """Delete what jobs left behind that never ended; gives back how many files."""
    require_ours()
    limit = (now or utc_now()) - KEPT
    old = [each.name for each in configured().list(f"{FOLDER}/") if each.modified < limit]
    for name in old:
        configured().remove(name)
    return len(old)


def _name(job_id: str, number: int) -> str:
    return f"{FOLDER}/{job_id}/.{number}"
