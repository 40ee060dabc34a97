"""How calls to services outside ended, counted in this process for the operator's monitoring. No address, no school."""

from __future__ import annotations

from prometheus_client import Counter

CALLS = Counter(
    "hocba_outside_calls", "Calls to services outside, by service and how they ended", ["service", "outcome"]
)
"""``outcome``: ``ok``, ``refused`` (4xx), ``failed`` (5xx, or an answer of no use), ``unreachable``."""


def count(service: str, status: int | None) -> None:
    """Count one call.

    Args:
        service: ``smas``, ``mysign``, ``csc``, ``smartca``, ``tsa``, ``revocation``, ``store`` or ``other``.
        status: of the answer; None for none.
    """
    outcome = "unreachable" if status is None else "ok" if status < 400 else "refused" if status < 500 else "failed"
    CALLS.labels(service, outcome).inc()
