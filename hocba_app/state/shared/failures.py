"""What a person reads when an event of a page fails: a sentence, whatever it was."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import reflex as rx
import structlog
from reflex.event import EventSpec
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models.database import is_busy

log = structlog.get_logger()


def shown_failure(exception: Exception) -> EventSpec | None:
    """A toast with the sentence; a defect is logged under the reference the person sees."""
    return rx.toast.error(refusal_of(exception).sentence)


@contextmanager
def refusal_shown(state: rx.State, variable: str = "problem") -> Iterator[None]:
    """What is refused inside ends there, its sentence in this variable of the page."""
    try:
        yield
    except HocbaError as error:
        setattr(state, variable, error.sentence)


def refusal_of(error: Exception) -> HocbaError:
    """The refusal that an exception of a page's event is for the person in front of it."""
    if isinstance(error, HocbaError):
        return error
    if isinstance(error, StoreUnavailable):
        log.warning("state.store_unavailable", reason=error.refusal.code.value)
        return error.refusal
    if isinstance(error, DBAPIError) and is_busy(error):
        log.warning("state.database_busy")
        return HocbaError(ErrorCode.BUSY)
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("state.database_unreachable", reason=type(error.orig).__name__)
        return HocbaError(ErrorCode.SERVICE_PAUSED)
    reference = uuid.uuid4().hex[:8]
    logging.getLogger("reflex").error("state.defect %s", reference, exc_info=error)  # bounded: `logs`
    return HocbaError(ErrorCode.INTERNAL, reference=reference)
