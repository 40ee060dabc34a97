"""The handlers know every state of a live batch: one left out would leave its documents and its key to nobody."""

from __future__ import annotations

from hocba_app.domain.batch_lifecycle import BATCH_BUSY
from hocba_app.services.signing.batch import _HANDLERS


def test_every_state_that_is_worked_on_is_busy() -> None:
    assert set(BATCH_BUSY) == set(_HANDLERS)
