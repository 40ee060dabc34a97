"""An S3 server for the module, and settings of an installation whose store is chosen by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hocba_app.models import Database
from hocba_app.process_scope import close_process_scope
from hocba_app.settings import Settings, settings
from tests.s3 import FaultyS3, faulty_s3


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyS3]:
    with faulty_s3() as found:
        yield found


@pytest.fixture
def s3(server: FaultyS3) -> FaultyS3:
    server.faults, server.always, server.unlisted = [], "", set()
    server.seen.clear()
    return server


@pytest.fixture
def use(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Settings | Path], None]]:
    """Make these the process's settings, or a folder the process's store."""

    def choose(given: Settings | Path) -> None:
        chosen = given if isinstance(given, Settings) else Settings(_env_file=None, documents_url=str(given))
        for name in ("documents_url", "s3_endpoint", "s3_key_id", "s3_secret"):
            monkeypatch.setenv(f"HOCBA_{name.upper()}", getattr(chosen, name))
        settings.cache_clear()

    yield choose
    close_process_scope()
