"""Queries name the states of a live batch: a state they do not know would leave its documents and its key free for another."""

from __future__ import annotations

from hocba_app.models.repositories.signing import BATCH_BUSY, BATCH_LIVE, BATCH_OVER
from hocba_app.services.signing.batch import _HANDLERS


def test_every_state_that_is_worked_on_is_busy() -> None:
    assert set(BATCH_BUSY) == set(_HANDLERS)


def test_a_batch_is_live_or_over() -> None:
    assert set(BATCH_LIVE) == {"queued", *_HANDLERS}
    assert not set(BATCH_LIVE) & set(BATCH_OVER)
