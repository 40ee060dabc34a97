"""A write transaction that takes long is told in the log: on SQLite everybody waits for it, on PostgreSQL whoever wants its rows."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger()
MAX_WRITE_SECONDS = 0.3
_PLUMBING = ("contextlib", "hocba_app.models.", "hocba_app.services.jobs.claim", "hocba_app.services.jobs.registry")
"""Modules that open a transaction for somebody else."""


@contextmanager
def told_when_long() -> Iterator[None]:
    """Around a write transaction: a line in the log with its seconds, this thread's processor time in it, and who wrote."""
    began, computed = time.monotonic(), time.thread_time()
    yield
    if (seconds := time.monotonic() - began) > MAX_WRITE_SECONDS:
        log.info(
            "database.long_write", by=_writer(), seconds=round(seconds, 2), cpu=round(time.thread_time() - computed, 2)
        )


def _writer() -> str:
    """The innermost function on the stack that is no plumbing."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PLUMBING):
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
