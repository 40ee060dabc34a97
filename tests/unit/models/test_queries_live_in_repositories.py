"""Statements are made in `models/repositories`: whoever reads a service sees what is asked, not how, and nobody forgets the school."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "hocba_app"
MADE_OF = {"select", "text", "update", "delete", "insert", "func", "exists", "union", "or_", "and_", "case", "literal"}
RUN_BY = {"exec", "execute", "scalars", "scalar", "query"}


def _statements(source: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("sqlalchemy", "sqlmodel"):
            yield from (node.lineno for each in node.names if each.name in MADE_OF)
        elif isinstance(node, ast.Attribute) and node.attr in RUN_BY and "session" in ast.unparse(node.value).lower():
            yield node.lineno


def _found() -> dict[str, list[int]]:
    files = [path for part in ("services", "state", "pages", "routes") for path in (ROOT / part).rglob("*.py")]
    found = {
        path.relative_to(ROOT).as_posix(): list(_statements(path.read_text(encoding="utf-8"))) for path in sorted(files)
    }
    return {name: lines for name, lines in found.items() if lines}


def test_nobody_else_makes_statements() -> None:
    assert _found() == {}


@pytest.mark.parametrize(
    "source",
    [
        "from sqlmodel import Session, select",
        "from sqlalchemy import text",
        "session.exec(query)",
        "self._session.execute(statement)",
        "session.connection().execute(statement)",
    ],
)
def test_the_check_sees_every_way(source: str) -> None:
    assert list(_statements(source))
