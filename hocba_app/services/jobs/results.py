"""What a job's function answers: it is over, or it is to be called again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hocba_app.models.jobs import Priority


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Call the function again. Up to `runner.MAX_STAY` seconds the job keeps its worker, later it is given back."""

    seconds: float
    priority: Priority | None = None
    """Who waits for it from then on; None: as before."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A failed job is not tried again: it has failed for good."""


Result = Done | RetryAfter
AGAIN = RetryAfter(0.0)


class Turn(StrEnum):
    """What became of one turn of a job."""

    ENDED = "ended"
    POSTPONED = "postponed"
    HELD = "held"
    """Somebody else works on it, or there is nothing to do."""
