"""The tables of states: every walk stays in them, all of them lead to an end, and nothing else sets a state."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.batch_lifecycle import BATCH, BATCH_BUSY, BATCH_LIVE, BATCH_OVER, ITEM, LIVE_ITEM
from hocba_app.domain.document_lifecycle import DOCUMENT
from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.transitions import Cause, InvalidTransition, Machine

ROOT = Path(__file__).parents[3]
MACHINES: dict[str, Machine[Any]] = {"document": DOCUMENT, "batch": BATCH, "item": ITEM}
OWNERS = {
    "hocba_app/domain/transitions.py",
    "hocba_app/domain/document_lifecycle.py",
    "hocba_app/models/repositories/document_state.py",
    "hocba_app/models/repositories/batch_state.py",
}
OTHER_LIVES = {
    "hocba_app/services/unlocking/unlock.py": "an unlock request",
    "hocba_app/services/attached/": "an attached record",
    "hocba_app/services/objections/": "an objection to a record",
    "hocba_app/services/accounts/": "an account, a leadership proposal",
    "hocba_app/services/jobs/": "a job",
    "hocba_app/models/repositories/jobs.py": "a job",
    "hocba_app/models/repositories/school_merger.py": "leadership proposals of a school that ends",
    "hocba_app/services/sync/": "a job",
}
"""Rows with a life of their own; none of these modules writes a document or a batch."""


@pytest.mark.parametrize("name", MACHINES)
@given(data=st.data())
def test_every_walk_stays_in_the_table(name: str, data: st.DataObject) -> None:
    machine = MACHINES[name]
    state = next(iter(machine.states))
    for _ in range(30):
        to, by = data.draw(st.sampled_from(list(machine.states))), data.draw(st.sampled_from(list(Cause)))
        step = machine.steps.get((state, to))
        if step is not None and by in step.by:
            assert machine.move(state, to, by) is to
            state = to
            continue
        with pytest.raises(InvalidTransition) as refused:
            machine.move(str(state), to, by)
        assert refused.value.code is ErrorCode.STATE_CHANGED
        assert (refused.value.source, refused.value.target) == (state, to)


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_led_to_an_end(name: str) -> None:
    machine = MACHINES[name]
    first = next(iter(machine.states))
    reached, ends = {first}, set(machine.final()) or {first}
    for _ in machine.states:
        reached |= {target for source, target in machine.steps if source in reached}
        ends |= {source for source, target in machine.steps if target in ends}
    assert reached == set(machine.states) == ends


def test_the_batches_asked_for_by_name_are_all_batches() -> None:
    assert {*BATCH_LIVE, *BATCH_OVER} == set(BATCH.states) and not set(BATCH_LIVE) & set(BATCH_OVER)
    assert set(BATCH_BUSY) < set(BATCH_LIVE)
    assert {str(state) for state in BATCH_OVER} == {"committed", "ended"}
    assert {str(state) for state in LIVE_ITEM} == {"claimed", "prepared", "answered", "stamped"}


def test_the_documentation_shows_the_tables() -> None:
    text = (ROOT / "docs/workflow.md").read_text(encoding="utf-8")
    for machine in MACHINES.values():
        assert machine.as_markdown() in text, machine.as_markdown()


def test_nothing_else_sets_a_state() -> None:
    found = []
    for folder in ("domain", "models", "services", "routes"):
        for path in sorted((ROOT / "hocba_app" / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name not in OWNERS and not name.startswith(tuple(OTHER_LIVES)):
                found += [f"{name}:{line}" for line in _sets_state(ast.parse(path.read_text(encoding="utf-8")))]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "batch.state = 'ended'",
        "batch.state, batch.note = 'ended', None",
        "set_rows(session, BatchItem, [{'id': i, 'state': 'failed'}])",
        "Batch(state='ended')",
        "update(Document).values(state='open')",
        "setattr(batch, 'state', 'ended')",
    ],
)
def test_the_check_sees_every_way(source: str) -> None:
    assert list(_sets_state(ast.parse(source)))


def _sets_state(tree: ast.Module) -> Iterator[int]:
    shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store):
            yield node.lineno
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            named = [keyword.arg for keyword in node.keywords]
            if called in ("Document", "Batch", "BatchItem", "values", "replace") and "state" in named:
                yield node.lineno
            if called == "setattr" and any(isinstance(arg, ast.Constant) and arg.value == "state" for arg in node.args):
                yield node.lineno
        elif isinstance(node, ast.Dict) and id(node) not in shown:
            # A dictionary that is no table of words: the columns of a row.
            yield from (key.lineno for key in node.keys if isinstance(key, ast.Constant) and key.value == "state")
