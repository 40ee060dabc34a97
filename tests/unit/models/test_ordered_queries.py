"""A test that compares a query's rows with a list says their order: PostgreSQL moves rows when they are changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]


def without_order(value: ast.expr) -> bool:
    """Whether an expression is all rows of a select whose order the database chooses."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "list" and value.args:
        value = value.args[0]
    text = ast.unparse(value)
    return text.endswith(".all()") and "select(" in text and ".order_by(" not in text


def unordered_comparisons(tree: ast.AST) -> Iterator[int]:
    """Lines in which such rows, or a variable that holds them, are equal to a list of several."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        unordered = {
            ast.unparse(node.targets[0])
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and without_order(node.value)
        }
        for node in ast.walk(function):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
                continue
            sides = (node.left, node.comparators[0])
            lists = [side for side in sides if isinstance(side, ast.List) and len(side.elts) > 1]
            if lists and any(without_order(side) or ast.unparse(side) in unordered for side in sides):
                yield node.lineno


def test_rows_compared_with_a_list_have_an_order() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if "select(" in (text := path.read_text(encoding="utf-8"))
        for line in unordered_comparisons(ast.parse(text))
    ]
    assert found == [], "add order_by, or compare sets"


def test_what_is_found() -> None:
    shape = "def test():\n    rows = session.exec(select(Job.id){}).all()\n    assert {} == {}\n"
    found = [
        list(unordered_comparisons(ast.parse(shape.format(*parts))))
        for parts in (
            ("", "rows", "[1, 2]"),
            ("", "[1, 2]", "list(session.exec(select(Job.id)).all())"),
            (".order_by(Job.id)", "rows", "[1, 2]"),
            ("", "set(rows)", "{1, 2}"),
            ("", "rows", "[1]"),
        )
    ]
    assert found == [[3], [3], [], [], []]
