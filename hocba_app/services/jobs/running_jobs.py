"""What one worker has in hand, and what it may take next: places by urgency, and a share for every school."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from hocba_app.models.jobs import Priority
from hocba_app.models.repositories.jobs import Due
from hocba_app.services.jobs.claim import Claim

MAX_RUNNING = {False: 48, True: 4}
"""Jobs in hand, by whether they compute. A batch whose phone is asked keeps its place until the answer; of jobs that compute more at
a time would end no sooner and make every signer wait."""
USABLE_PART = {Priority.PERSON: 1.0, Priority.PHONE: 1.0, Priority.LATER: 0.5, Priority.NIGHTLY: 0.25}
"""Part of the places that jobs of this priority and those behind it may fill together: the night's work leaves room for people who
come while it runs."""
SCHOOL_SHARE = 2
"""A school may have in hand as many jobs as there are free places times this. Alone it gets two thirds of them; whatever it asks for,
the next school finds a place at once."""


@dataclass(slots=True)
class _Held:
    school_id: str
    computes: bool
    priority: int
    claim: Claim | None = None


class RunningJobs:
    """The jobs this process works on: at most one thread a job, and what the heartbeat speaks for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def reserve(
        self, job_id: str, *, school_id: str = "", computes: bool = False, priority: int = Priority.PERSON
    ) -> bool:
        """Keep a job for this thread. A second thread of the process would take the first one's claim away."""
        with self._lock:
            if job_id in self._held:
                return False
            self._held[job_id] = _Held(school_id, computes, priority)
            return True

    def reserve_due(self, due: Due) -> bool:
        """:meth:`reserve`, if there is room for it and its school has not its share yet."""
        with self._lock:
            if (
                due.job_id in self._held
                or self._room(due.computes, due.priority) <= 0
                or due.school_id in self._crowded(due.computes)
            ):
                return False
            self._held[due.job_id] = _Held(due.school_id, due.computes, due.priority)
            return True

    def room(self, most: int) -> dict[tuple[bool, Priority], int]:
        """How many more of each class may be taken, those left out of which none may.

        Args:
            most: at once.
        """
        with self._lock:
            found = {
                (computes, priority): min(most, self._room(computes, priority))
                for computes in MAX_RUNNING
                for priority in Priority
            }
        return {each: room for each, room in found.items() if room > 0}

    def crowded(self) -> dict[bool, set[str]]:
        """By whether they compute the schools that have their share."""
        with self._lock:
            return {computes: self._crowded(computes) for computes in MAX_RUNNING}

    def _room(self, computes: bool, priority: int) -> int:
        usable = max(1, int(MAX_RUNNING[computes] * USABLE_PART[Priority(priority)]))
        behind = sum(1 for held in self._held.values() if held.computes == computes and held.priority >= priority)
        return min(usable - behind, self._free(computes))

    def _free(self, computes: bool) -> int:
        return MAX_RUNNING[computes] - sum(1 for held in self._held.values() if held.computes == computes)

    def _crowded(self, computes: bool) -> set[str]:
        of_school: dict[str, int] = {}
        for held in self._held.values():
            if held.computes == computes:
                of_school[held.school_id] = of_school.get(held.school_id, 0) + 1
        free = self._free(computes)
        return {school_id for school_id, count in of_school.items() if count >= SCHOOL_SHARE * free}

    def add(self, claim: Claim) -> None:
        with self._lock:
            self._held[claim.job_id].claim = claim

    def held(self, job_id: str) -> Claim | None:
        """The claim on a job of this process."""
        with self._lock:
            return held.claim if (held := self._held.get(job_id)) else None

    def drop(self, job_id: str) -> None:
        with self._lock:
            self._held.pop(job_id, None)

    def count(self) -> int:
        """How many jobs are in hand."""
        with self._lock:
            return len(self._held)

    def all(self) -> list[Claim]:
        with self._lock:
            return [held.claim for held in self._held.values() if held.claim is not None]
