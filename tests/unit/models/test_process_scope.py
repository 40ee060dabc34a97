"""Whatever a process keeps is closed with one call: nothing depends on settings, a file or the database beside that scope."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hocba_app import process_scope
from hocba_app.process_scope import close_process_scope, on_close, per_process, per_process_open

PRODUCT = Path(__file__).resolve().parents[3] / "hocba_app"
REGISTRIES = {"_FUNCTIONS", "OTHER_SOURCES", "_loaded_in"}
"""Filled once at import, or true of the process whatever its settings are."""
DEPENDS = {"settings", "database", "configured", "get", "open_store", "trust_roots", "open", "certificates_of"}
"""A function that calls one of these is not a function of its arguments alone."""


@pytest.fixture(autouse=True)
def empty_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_scope, "_closers", [])


def test_what_uses_another_is_closed_before_it_and_made_anew_afterwards() -> None:
    ended: list[str] = []

    @per_process_open(lambda name: ended.append(name))
    def engine(name: str) -> str:
        return f"engine {name}"

    @per_process
    def cached() -> object:
        return object()

    on_close(lambda: ended.append("watcher"))
    first = cached()
    assert engine("a") is engine("a") and engine("b") == "engine b" and cached() is first
    close_process_scope()
    assert ended == ["watcher", "engine b", "engine a"] and cached() is not first
    close_process_scope()
    assert ended[3:] == ["watcher"], "closed once"


def product() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PRODUCT.rglob("*.py")):
        if path.parent.name not in ("simulators", "rehearsal") and path.name != "process_scope.py":
            yield path.relative_to(PRODUCT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def called(node: ast.AST) -> set[str]:
    """Functions of the product that a function calls by their bare name."""
    return {each.func.id for each in ast.walk(node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}


def closed_names(module: ast.Module) -> set[str]:
    """What ``on_close(NAME.clear)`` and the functions under ``@on_close`` name."""
    found: set[str] = set()
    for each in ast.walk(module):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "on_close":
            found |= {name.id for name in ast.walk(each) if isinstance(name, ast.Name)}
        if isinstance(each, ast.FunctionDef) and any(ast.unparse(by) == "on_close" for by in each.decorator_list):
            found |= {name.id for name in ast.walk(each) if isinstance(name, ast.Name)}
    return found


def test_functools_caches_only_functions_of_their_arguments() -> None:
    found = [
        f"{path}: {each.name}"
        for path, module in product()
        for each in ast.walk(module)
        if isinstance(each, ast.FunctionDef)
        and any(ast.unparse(by).startswith(("cache", "lru_cache")) for by in each.decorator_list)
        and called(each) & DEPENDS
        and each.name not in closed_names(module)
    ]
    assert found == []


def test_what_modules_fill_or_open_is_in_the_scope() -> None:
    found = []
    for path, module in product():
        closed = closed_names(module)
        for each in module.body:
            if not isinstance(each, ast.Assign | ast.AnnAssign) or each.value is None:
                continue
            name = ast.unparse(each.targets[0] if isinstance(each, ast.Assign) else each.target)
            value = ast.unparse(each.value)
            if value in ("{}", "[]", "set()", "dict()", "OrderedDict()") and name not in closed | REGISTRIES:
                found.append(f"{path}: {name}")
            if value.startswith(("ThreadPoolExecutor(", "httpx.Client(", "create_engine(", "Database(")):
                found.append(f"{path}: {name} is opened at import")
        for each in ast.walk(module):
            if isinstance(each, ast.Global):
                found += [f"{path}: {name}" for name in each.names if name not in closed]
    assert found == []
