"""Faults that wait to strike, whatever they are: what simulators share of their trouble on demand."""

from __future__ import annotations

import threading
from typing import Any


class WaitingFaults:
    """The faults that wait; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[dict[str, Any]] = []

    def clear(self) -> None:
        """All is well."""
        with self._lock:
            self._waiting.clear()

    def shown(self) -> list[dict[str, Any]]:
        """What still waits."""
        with self._lock:
            return [dict(fault) for fault in self._waiting]

    def _add(self, fault: dict[str, Any]) -> None:
        with self._lock:
            self._waiting.append(fault)

    def _use(self, fault: dict[str, Any]) -> dict[str, Any]:
        """Count one that strikes; the lock is held."""
        if fault["times"] is not None:
            fault["times"] -= 1
            if fault["times"] <= 0:
                self._waiting.remove(fault)
        return fault
