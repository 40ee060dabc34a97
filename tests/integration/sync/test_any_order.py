"""The short form of ``python -m tests.crash.source``, on both databases."""

from __future__ import annotations

from hocba_app.models import Database
from tests.crash import source
from tests.integration.sync.fake_sector import FakeSector
from tests.integration.sync.test_conflicts import fake  # noqa: F401


def test_nothing_current_differs_from_the_source_without_being_called_out_of_date(
    db: Database, fake: FakeSector
) -> None:
    source.run(db, fake, examples=4, steps=25)
