"""Every kind of job has its row and a function that answers with a type."""

from __future__ import annotations

from typing import get_type_hints

from hocba_app.services.jobs import registry
from hocba_app.services.jobs.kinds import KINDS
from hocba_app.services.jobs.results import Done, Result, RetryAfter


def test_every_kind_has_its_row_and_a_function_that_answers_with_a_type() -> None:
    registry.function_of("batch")
    for kind in KINDS:
        answer = get_type_hints(registry.function_of(kind))["return"]
        assert answer == RetryAfter if KINDS[kind].daily else answer in (Done, RetryAfter, Result), kind
    assert set(registry._FUNCTIONS) == set(KINDS)
