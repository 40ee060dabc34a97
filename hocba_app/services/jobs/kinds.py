"""Kinds of jobs: how urgent, how they are treated, how long their rows are kept. One row each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hocba_app.models.jobs import Priority

_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of a kind are treated."""

    priority: Priority = Priority.PERSON
    computes: bool = True
    """It keeps a processor busy; others wait for people and services most of their time, and a worker holds many of them."""
    daily: bool = False
    """One row a school, which never ends but waits for its next day. Its function never returns ``Done``."""
    tried_again: bool = False
    """Nobody asks for it a second time: after a defect (not a refusal, which says what is wrong) it is tried again."""
    quiet: bool = False
    """Only its batch's signer watches it: beginning and end are no news to the rest of the school."""
    cancellable: bool = True
    kept: timedelta | None = None
    """How long after its end the row stays; None: for ever, it is shown in a history or is evidence."""


KINDS = {
    "batch": Kind(computes=False, quiet=True, cancellable=False, kept=_MONTH),  # the batch says itself when it may end
    "images": Kind(),
    "lock": Kind(),
    "print": Kind(),
    "sync": Kind(computes=False),
    "workbook_check": Kind(),
    "attached": Kind(tried_again=True, kept=_MONTH),
    "recheck_keys": Kind(kept=_MONTH),
    "connect_keys": Kind(computes=False, kept=_MONTH),
    "archive": Kind(Priority.LATER, computes=False, tried_again=True, quiet=True, kept=_MONTH),
    "packet_end": Kind(Priority.LATER, tried_again=True, kept=_MONTH),
    "reminder_mail": Kind(Priority.LATER, computes=False, tried_again=True, kept=_MONTH),
    "reset_letter": Kind(Priority.LATER, computes=False, kept=_MONTH),
    "anchor": Kind(Priority.NIGHTLY, daily=True),
    "integrity": Kind(Priority.NIGHTLY, daily=True),
    "packet_sweep": Kind(Priority.NIGHTLY, daily=True),
    "recheck_daily": Kind(Priority.NIGHTLY, daily=True),
    "renewal": Kind(Priority.NIGHTLY, daily=True),
    "sync_daily": Kind(Priority.NIGHTLY, computes=False, daily=True),
}
DAILY = tuple(name for name, kind in KINDS.items() if kind.daily)
_OTHER = Kind()


def kind_of(name: str) -> Kind:
    """How jobs of a kind are treated; one that is not listed as something a person waits for."""
    return KINDS.get(name, _OTHER)
