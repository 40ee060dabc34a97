"""Where a check of types or style is turned off for a line, the line says why."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SILENT = re.compile(r"# (type: ignore(\[[a-z, -]+\])?|noqa(: [A-Z0-9, ]+)?)\s*$")


def test_nothing_is_turned_off_without_a_reason() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("hocba_app", "bench", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if SILENT.search(line)
    ]
    assert found == []
