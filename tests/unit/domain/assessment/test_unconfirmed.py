"""The unconfirmed readings: one place in code, one page made from it, and no name that leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

from hocba_app.domain.assessment.unconfirmed import READINGS, page

ROOT = Path(__file__).parents[4]
_NAMED = re.compile(r"unconfirmed: (\w+)")


def test_the_page_is_the_one_made_from_the_code() -> None:
    assert (ROOT / "docs/unconfirmed-rules.md").read_text(encoding="utf-8") == page()


def test_every_reading_the_rules_name_is_listed() -> None:
    modules = [path for path in (ROOT / "hocba_app/domain/assessment").glob("*.py") if path.name != "unconfirmed.py"]
    named = {name for path in modules for name in _NAMED.findall(path.read_text(encoding="utf-8"))}
    names = [reading.name for reading in READINGS]
    assert named and named <= set(names) and len(names) == len(set(names))
    assert not any("verify)" in path.read_text(encoding="utf-8") for path in modules), "an open question has its place"
