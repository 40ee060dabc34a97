"""Honest records to attack: one small (five signatures, archived twice), one of full size, made once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.records import snapshot_of
from bench.sealed_record import Record, World, open_record, staff
from tests import samples
from tests.integration.verification.judging import small_snapshot


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("authority"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def sealed(world: World) -> Record:
    """Two subject teachers, homeroom teacher, principal, seal; archived and renewed."""
    record = open_record(world, small_snapshot(), staff(world, small_snapshot()))
    record.sign_all()
    record.archive()
    record.archive()
    return record


@pytest.fixture
def opened(world: World, sealed: Record) -> Record:
    """The same record with nothing signed yet."""
    return open_record(world, small_snapshot(), dict(sealed.signers))


@pytest.fixture
def brief(world: World, sealed: Record) -> Record:
    """A record of two slots, principal and seal, with nothing signed yet: for many attacks on one signature."""
    return open_record(
        world, samples.history_snapshot(), {slot: sealed.signers[slot] for slot in ("principal", "seal")}
    )


@pytest.fixture(scope="session")
def seventeen(world: World) -> Record:
    """A record of seventeen signatures, archived: what is measured and attacked in full size."""
    snapshot = snapshot_of(0)
    record = open_record(world, snapshot, staff(world, snapshot))
    record.sign_all()
    record.archive()
    assert len(record.manifest.slots) == 17
    return record


@pytest.fixture(scope="session")
def large(world: World) -> Record:
    """A results document as a school has it: sixteen signatures, archived."""
    snapshot = samples.results_snapshot()
    record = open_record(world, snapshot, staff(world, snapshot))
    record.sign_all()
    record.archive()
    return record
