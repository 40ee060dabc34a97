"""Wake a worker for a job. Losing a wake-up costs seconds, never the job: the sweep finds every due row."""

from __future__ import annotations

from functools import cache

import structlog
from dbos import DBOSClient

QUEUE = "hocba"
WORKFLOW = "run_job"
VERSION = "1"
"""The workflow's version, fixed: DBOS's default is a hash of the source, which strands workflows at every deployment."""

log = structlog.get_logger()


@cache
def _client(url: str) -> DBOSClient:
    return DBOSClient(system_database_url=url, lazy=True, retry_connection_errors=False)


def wake(school_id: str, job_id: str, *, url: str | None = None) -> None:
    """Enqueue the durable workflow of a committed job row.

    Args:
        url: DBOS's database; by default the configured one.
    """
    if url is None:
        from hocba_app.settings import settings

        url = settings().jobs_database_url
    try:
        _client(url).enqueue(
            {"queue_name": QUEUE, "workflow_name": WORKFLOW, "app_version": VERSION}, school_id, job_id
        )
    except Exception as error:
        # Before the first worker ran there is no DBOS database yet; the row waits for its sweep.
        log.info("job.wake_missed", job=job_id, reason=type(error).__name__)
