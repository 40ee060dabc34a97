"""Every decision has its number, the same form, and a line in the table of docs/decisions/README.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[3] / "docs" / "decisions"
DECISIONS = sorted(path for path in ROOM.glob("*.md") if path.name != "README.md")
HEADINGS = ["Status", "Context", "Decision", "Alternatives", "Consequence"]
_HEADING = re.compile(r"^\*\*([A-Z][^*\n]*)\.\*\*", re.MULTILINE)
_STATUS = re.compile(r"(?:Accepted|Replaced by \[(\d{4})\]\(\S+\); accepted), \d{4}-\d\d-\d\d[.;]")
_ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


def status_of(decision: Path) -> str:
    text = decision.read_text(encoding="utf-8")
    return " ".join(text.split("**Status.** ", 1)[1].split("\n\n", 1)[0].split())


def successors(status: str) -> list[str]:
    """The numbers a status names as what amended or replaced the decision."""
    return re.findall(r"\[(\d{4})\]", re.sub(r"replaces \[\d{4}\]\(\S+\)", "", status))


def test_numbers_are_unique_and_in_sequence() -> None:
    assert [path.name[:5] for path in DECISIONS] == [f"{number:04d}-" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_the_five_headings(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "\n#" not in text, "one decision a file"
    found = _HEADING.findall(text)
    assert found in (HEADINGS, [*HEADINGS, "Measured"])
    parts = _HEADING.split(text)[2::2]
    assert all(part.strip() for part in parts), "a heading with nothing under it"


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_status_has_its_date_and_names_the_successor(decision: Path) -> None:
    status = status_of(decision)
    assert _STATUS.match(status), status
    if re.search(r"\breplaced\b", status, re.IGNORECASE):
        successor = re.match(r"Replaced by \[(\d{4})\]", status)
        assert successor and successor[1] != decision.name[:4]
    known = {path.name[:4] for path in DECISIONS}
    assert set(successors(status)) <= known - {decision.name[:4]}


def test_the_table_has_every_decision_with_its_title_and_status() -> None:
    rows = _ROW.findall((ROOM / "README.md").read_text(encoding="utf-8"))
    assert [(number, name, title) for number, name, title, _, _ in rows] == [
        (path.name[:4], path.name, path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# "))
        for path in DECISIONS
    ]
    for (number, _, _, shown, _), decision in zip(rows, DECISIONS, strict=True):
        status = status_of(decision)
        word = "replaced" if status.startswith("Replaced") else "accepted"
        assert shown.startswith(word), number
        assert successors(shown) == successors(status), number
