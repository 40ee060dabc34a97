"""Failures of machines are counted per network, in this process: who guesses a secret is refused before his body is read."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from hocba_app.services.accounts.networks import network_of

NETWORKS = 10_000
"""Counted at the same time; the longest quiet is forgotten first."""


class FailureLimit:
    """At most so many failures of one network in a window.

    Args:
        most: failures.
        seconds: of the window, from the first failure.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def refuses(self, address: str) -> bool:
        """Whether this network has failed too often just now."""
        with self._lock:
            begun, count = self._failures.get(network_of(address), (0.0, 0))
        return count >= self._most and time.monotonic() - begun < self._seconds

    def failed(self, address: str) -> None:
        """Count a failure."""
        network, now = network_of(address), time.monotonic()
        with self._lock:
            begun, count = self._failures.pop(network, (now, 0))
            self._failures[network] = (begun, count + 1) if now - begun < self._seconds else (now, 1)
            while len(self._failures) > NETWORKS:
                self._failures.popitem(last=False)
