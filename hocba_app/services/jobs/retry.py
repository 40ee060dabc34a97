"""What becomes of a job whose turn failed: daily work is never over, some one-shot work is tried again, the rest has failed.

Pauses grow: a disk that is full for a minute costs a minute, a defect does not keep a worker busy. The row says how often and why.
"""

from __future__ import annotations

from hocba_app.services.jobs.daily import KINDS as DAILY

TRIED_AGAIN = ("archive", "attached", "packet_end", "reminder_mail")
"""One-shot kinds that nobody asks for a second time: a defect (not a refusal, which says what is wrong) is tried again."""
MAX_FAILURES = 12
"""In a row, of a job of :data:`TRIED_AGAIN`: about a day. What it left undone is found by a sweep."""
FIRST_PAUSE, MAX_PAUSE = 10.0, 6 * 3600.0


def pause_after(kind: str, failures: int, *, refused: bool) -> float | None:
    """Seconds until a job is tried again whose turn has failed; None when it is over.

    Args:
        failures: how often in a row, this time included.
        refused: it ended with one of our own errors rather than a defect.
    """
    if kind not in DAILY and (refused or kind not in TRIED_AGAIN or failures > MAX_FAILURES):
        return None
    return min(MAX_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 20))
