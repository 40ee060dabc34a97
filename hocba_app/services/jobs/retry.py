"""What becomes of a job whose turn failed: daily work is never over, some one-shot work is tried again, the rest has failed.

Pauses grow: a disk that is full for a minute costs a minute, a defect does not keep a worker busy. The row says how often and why.
"""

from __future__ import annotations

from hocba_app.services.jobs.kinds import kind_of
from hocba_app.services.jobs.results import GiveUp, RetryAfter

MAX_FAILURES = 12
"""In a row, of a one-shot job that is tried again: about a day. What it left undone is found by a sweep."""
FIRST_PAUSE, MAX_PAUSE = 10.0, 6 * 3600.0


def after_failure(kind: str, failures: int, *, refused: bool) -> RetryAfter | GiveUp:
    """Whether a job whose turn has failed is tried again, and when.

    Args:
        failures: how often in a row, this time included.
        refused: it ended with one of our own errors rather than a defect.
    """
    known = kind_of(kind)
    if not known.daily and (refused or not known.tried_again or failures > MAX_FAILURES):
        return GiveUp()
    return RetryAfter(min(MAX_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 20)))
