"""The slow part: a real process killed at every point of a batch in turn, and at two hundred random instants."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def crash(*arguments: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-m", "tests.crash", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_every_point_in_turn() -> None:
    told = crash("--steps")
    assert told["killed"] == told["points"] and told["points"] > 40
    for name in ("start.before", "start.after", "poll.after", "tokens.after", "store.after", "transaction.before_commit", "transaction.committed"):
        assert name in told["names"]  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_two_hundred_random_instants() -> None:
    told = crash("--runs", "200")
    assert told["runs"] == 200 and told["killed"] > 100  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_order_of_taps_turns_deaths_rejections_lapses_stops_unlocks_locks_reassignments_and_late_pupils() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.crash.machine"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "ok", (done.stdout + done.stderr)[-4000:]
