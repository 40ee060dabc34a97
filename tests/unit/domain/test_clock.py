"""The product's clock follows another one that is off, and nothing reads the machine's beside it."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta

import pytest

from hocba_app.domain import clock
from hocba_app.settings import ROOT

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock._Correction, "added", timedelta(0))


@pytest.mark.parametrize(
    ("behind", "travel", "added"),
    [
        (600, 0.1, 600),
        (-600, 0.1, -600),
        (0.9, 0.1, 0),  # within the tolerance
        (5, 8, 0),  # took too long to tell
        (600, -5, 0),  # the machine's clock was set meanwhile
    ],
)
def test_an_answer_is_believed_as_far_as_it_can_be(behind: float, travel: float, added: float) -> None:
    answered = NOON + timedelta(seconds=travel)
    clock.follow(NOON + timedelta(seconds=behind + travel / 2), NOON, answered)
    assert clock.correction() == timedelta(seconds=added)


def test_small_differences_move_nothing_and_a_mended_clock_is_taken_back() -> None:
    for behind, added in ((600, 600), (600.8, 600), (598, 598), (0.2, 0)):
        clock.follow(NOON + timedelta(seconds=behind), NOON, NOON)
        assert clock.correction() == timedelta(seconds=added)


ALLOWED = {
    "domain/clock.py": "",
    "models/job_signal.py": "touches a file; whoever watches it sees that it changed",
    "services/storage/folder_store.py": "ages of files, which the machine dates",
}
"""What may ask the machine, and why."""


def test_nothing_else_asks_the_machine_what_time_it_is() -> None:
    """A time stored or compared by a machine whose clock is wrong lets others wait as long as it is wrong."""
    found = set()
    for path in (ROOT / "hocba_app").rglob("*.py"):
        name = path.relative_to(ROOT / "hocba_app").as_posix()
        if name.startswith(("simulators/", "rehearsal/")) or name in ALLOWED:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "datetime.now",
                "datetime.utcnow",
                "date.today",
                "datetime.today",
                "time.time",
                "time.time_ns",
            ):
                found.add(f"{name}:{node.lineno}")
    assert found == set(), "hocba_app.domain.clock.utc_now, or a reason in ALLOWED"
