"""How the product speaks to its operator: one line an event on standard error, tracebacks without the values of variables.

A variable of ours may hold a pupil's name; a log never does.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure() -> None:
    """Set up structlog for this process. Repeating it changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
