"""Numbers for the operator's monitoring, in Prometheus' text format. No school, no person.

What the database knows is asked when somebody reads; how calls outside ended is counted by each process for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from hocba_app.models import Database
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import operations as rows
from hocba_app.models.repositories import workers
from hocba_app.models.repositories.jobs import backlog
from hocba_app.services.jobs.behind import behind_in_all
from hocba_app.services.jobs.enqueue import LIVE
from hocba_app.services.maintenance.readiness import SEEN_SECONDS, readiness

log = structlog.get_logger()
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
EXPIRY_DAYS = (0, 7, 30, 90)
"""Certificates that end within so many days are counted."""
FAILED_WITHIN = timedelta(days=1)


def as_text(db: Database) -> str:
    """Everything this process can tell."""
    registry = CollectorRegistry()
    registry.register(_OfDatabase(db))
    return (generate_latest(registry) + generate_latest(REGISTRY)).decode()


class _OfDatabase(Collector):
    """Asked anew by every reader; what cannot be asked is left out, and ``hocba_ready`` says so."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = readiness(self._db)
        yield _gauge(
            "hocba_ready",
            "Whether each part the process needs is well",
            "part",
            {part.name: int(part.ok) for part in found.parts},
        )
        if found.parts[0].ok:
            try:
                yield from self._gauges()
            except DBAPIError as error:  # an older schema, or gone since
                log.warning("metrics.incomplete", reason=type(error).__name__)

    def _gauges(self) -> Iterator[GaugeMetricFamily]:
        with self._db.installation() as session:
            yield from _jobs(session)
            yield from _batches(session)
            yield _certificates(session)
            owed = behind_in_all(session)
            yield _gauge(
                "hocba_behind",
                "What must be true for ever and is not yet",
                "duty",
                {duty: getattr(owed, duty) for duty in ("archives", "renewals", "daily")},
            )
            yield GaugeMetricFamily("hocba_sessions", "Login sessions that are open", rows.live_sessions(session))
            yield GaugeMetricFamily(
                "hocba_workers", "Workers heard of within a minute", workers.heard_of(session, SEEN_SECONDS)
            )


def _jobs(session: Session) -> Iterator[GaugeMetricFamily]:
    states: dict[str, int] = {}
    kinds = GaugeMetricFamily("hocba_jobs_by_kind", "Jobs that are not over", labels=["kind", "state"])
    for kind, state, count in rows.live_jobs(session, LIVE):
        states[state] = states.get(state, 0) + count
        kinds.add_metric([kind, state], count)
    states["failed"] = rows.failed_jobs(session, utc_now() - FAILED_WITHIN)
    yield _gauge("hocba_jobs", "Jobs that are not over, and those that failed within a day", "state", states)
    yield kinds
    yield _gauge(
        "hocba_jobs_failing",
        "Jobs that are tried again, by the reason of their last failure",
        "code",
        {code or "": count for code, count in rows.failing_jobs(session, LIVE)},
    )
    oldest = GaugeMetricFamily(
        "hocba_oldest_job_seconds",
        "Since when the oldest job of a kind that nobody began has been due",
        labels=["kind", "priority"],
    )
    for each in backlog(session):
        oldest.add_metric([each.kind, each.priority.name.lower()], each.oldest_seconds)
    yield oldest


def _batches(session: Session) -> Iterator[GaugeMetricFamily]:
    live = rows.live_batches(session)
    yield _gauge(
        "hocba_batches", "Signing batches that are not over", "state", {state: count for state, count, _ in live}
    )
    ages = {state: (utc_now() - since).total_seconds() for state, _, since in live}
    yield _gauge("hocba_oldest_batch_seconds", "Age of the oldest batch in a state", "state", ages)
    yield _gauge(
        "hocba_batches_waiting",
        "Batches that wait for something outside, by what",
        "code",
        {code or "": count for code, count in rows.waiting_batches(session)},
    )


def _certificates(session: Session) -> GaugeMetricFamily:
    now = utc_now()
    counts = {str(days): rows.certificates_ending(session, now + timedelta(days=days)) for days in EXPIRY_DAYS}
    return _gauge("hocba_certificates_ending", "Signers' certificates that end within so many days", "days", counts)


def _gauge(name: str, help_: str, label: str, values: dict[str, int] | dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
