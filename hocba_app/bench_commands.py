"""``hocba bench``: the measurements under ``bench/``, one module each with ``run(as_json) -> dict``. Never part of the tests."""

from __future__ import annotations

import ast
import io
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def names() -> list[str]:
    """Benchmarks there are: modules that define ``run``."""
    return [file.stem for file in sorted((ROOT / "bench").glob("*.py")) if _defines_run(file)]


def run(name: str, *, as_json: bool) -> tuple[dict[str, Any], str]:
    """Run one.

    Returns:
        Its numbers, and what it said in words (empty when it says nothing or JSON was asked for).

    Raises:
        KeyError: there is no such benchmark.
    """
    if name not in names():
        raise KeyError(name)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    said = io.StringIO()
    with redirect_stdout(said):  # with --json standard output carries one document and nothing else
        numbers = import_module(f"bench.{name}").run(as_json)
    return numbers, "" if as_json else said.getvalue()


def _defines_run(file: Path) -> bool:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body)
