"""Every act of the log is one of the enum, with words of the school's; nobody writes one as a bare string."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hocba_app.domain.audit_wording import GROUPS, Action, action_text, details_text

PRODUCT = Path(__file__).resolve().parents[3] / "hocba_app"


@pytest.mark.parametrize("action", Action)
def test_every_act_has_words_and_a_group(action: Action) -> None:
    assert action.words and action_text(action.value) == action.words
    assert action.value.partition(".")[0] in GROUPS


def test_no_act_is_written_as_a_bare_string() -> None:
    """Log lines for the operator ("store.damaged") are no acts: their first argument is the event's name."""
    found = []
    for path in sorted(PRODUCT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        log_lines = {
            id(node.args[0])
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).startswith("log.")
        }
        found += [
            f"{path.relative_to(PRODUCT)}:{node.lineno} {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and path.name != "audit_wording.py"
            and node.value in set(Action)
            and id(node) not in log_lines
        ]
    assert not found


def test_an_act_of_another_version_is_shown_all_the_same() -> None:
    assert action_text("record.eaten") == "Hồ sơ (record.eaten)"
    assert action_text("x") == "Khác (x)"


def test_particulars() -> None:
    assert details_text({"kind": "results", "version": 2, "snapshot": "ff"}) == "KQHT · bản 2"
    assert details_text({"documents": ["a", "b"], "reason": "Sai điểm"}) == "2 hồ sơ · «Sai điểm»"
    assert details_text({"committed": 0, "failed": 3, "error": "signing_rejected"}) == "đã ký 0 · chưa ký 3"
    assert details_text({"kind": ["history"], "version": None, "reason": None}) == ""
