"""What tests of jobs share."""

from __future__ import annotations

import pytest

from hocba_app.services.jobs import registry


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kind of job has a function but those the test declares."""
    monkeypatch.setattr(registry, "_FUNCTIONS", {})
    monkeypatch.setattr(registry, "MODULES", ())
