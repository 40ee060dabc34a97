"""A short run of the fuzzer; the long one is ``python -m tests.fuzz``."""

from __future__ import annotations

from tests.fuzz.inputs import fuzz


def test_damaged_workbooks_and_pictures_give_values_or_a_refusal() -> None:
    found = fuzz(30, seed=18)
    assert found.failures == []
    assert sum(found.outcomes.values()) == 60 and len(found.outcomes) > 1, "some are read, some are refused"
