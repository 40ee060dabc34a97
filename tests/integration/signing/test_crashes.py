"""The slow part: a real process killed at every point of a batch in turn, and at two hundred random instants."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.conftest import POSTGRES

ROOT = Path(__file__).resolve().parents[3]


def crash(*arguments: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-m", "tests.crash", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr[:4000]}\n…\n{done.stderr[-2000:]}"  # what failed, then the steps to it
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_every_point_in_turn() -> None:
    told = crash("--steps")
    assert told["killed"] == told["points"] and told["points"] > 40
    for name in (
        "start.before",
        "start.after",
        "poll.after",
        "tokens.after",
        "store.after",
        "transaction.before_commit",
        "transaction.committed",
    ):
        assert name in told["names"]  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_two_hundred_random_instants() -> None:
    told = crash("--runs", "200")
    assert told["runs"] == 200 and told["killed"] > 100  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("db", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
@pytest.mark.parametrize(
    ("machine", "examples"), [("machine", {"sqlite": 8, "postgresql": 3}), ("whole", {"sqlite": 6, "postgresql": 2})]
)
def test_any_order_of_acts_jobs_and_failures(db: str, machine: str, examples: dict[str, int]) -> None:
    """The short form; ``python -m tests.crash.machine --examples 500`` is the long one, and so is ``tests.crash.whole``."""
    arguments = [sys.executable, "-m", f"tests.crash.{machine}", "--examples", str(examples[db])]
    with new_database(db) as url:
        done = subprocess.run([*arguments, "--database", url], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "ok", (done.stdout + done.stderr)[-4000:]


@contextmanager
def new_database(kind: str) -> Iterator[str]:
    """URL of an empty database; "" for a file that the machine makes itself."""
    if kind == "sqlite":
        yield ""
        return
    if not POSTGRES:
        pytest.skip("no PostgreSQL server (HOCBA_TEST_POSTGRES_URL)")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'create database "{name}"')
    try:
        yield POSTGRES.replace("postgresql://", "postgresql+psycopg://").rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f'drop database "{name}" with (force)')
