"""Two schools of the SMAS simulator, each in a service of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.simulators.smas_rig import School, smas


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """A year that is over, with special cases and known errors."""
    with smas(tmp_path, "lower_secondary:students=40,seed=4") as schools:
        yield schools[0]


@pytest.fixture
def september(tmp_path: Path) -> Iterator[School]:
    """A year that begins, with nothing special in it."""
    with smas(tmp_path, "lower_secondary:students=20,seed=4,special=0,moment=september") as schools:
        yield schools[0]
