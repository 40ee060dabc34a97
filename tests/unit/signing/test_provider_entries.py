"""Every signing service is whole in one entry, and nobody else knows one by its name."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from hocba_app.models import School
from hocba_app.services.signing.progress import BatchView
from hocba_app.services.signing.providers.registry import PROVIDERS, USUAL, words_of
from hocba_app.settings import Settings
from hocba_app.state.batch_cards import batch_card

ROOT = Path(__file__).parents[3] / "hocba_app"


def test_every_service_is_whole() -> None:
    assert next(iter(PROVIDERS)) == USUAL
    for name, entry in PROVIDERS.items():
        assert entry.name == name and entry.setting in Settings.model_fields
        words = entry.words
        assert words.title and all(words.account) and words.confirming
        assert not (words.at_once and any("điện thoại nhận" in line for line in words.confirming))
        assert all(column in School.model_fields for column in entry.school_columns or ())
        assert not entry.simulator or importlib.util.find_spec(entry.simulator) is not None
        if entry.webhook is not None:
            assert (entry.webhook.name, entry.webhook.school_columns) == (name, entry.school_columns)


def test_a_service_nobody_knows_any_more_is_called_by_its_name() -> None:
    assert (words_of("gone").title, words_of("gone").confirming, words_of("gone").app) == ("gone", (), "ký số")


def _compared(source: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            sides += [each for side in sides if isinstance(side, ast.Tuple | ast.List | ast.Set) for each in side.elts]
            if any(isinstance(side, ast.Constant) and side.value in PROVIDERS for side in sides):
                yield node.lineno
        elif isinstance(node, ast.Dict):
            yield from (key.lineno for key in node.keys if isinstance(key, ast.Constant) and key.value in PROVIDERS)


@pytest.mark.parametrize("source", ["key.provider == 'pkcs11'", "name in ('pkcs11', 'pkcs12')", "{'smartca': 1}"])
def test_the_check_sees_it(source: str) -> None:
    assert list(_compared(source))


def test_nobody_else_asks_which_service_it_is() -> None:
    beside = ("services/signing/providers/", "simulators/", "school_commands.py", "demo.py")
    found = [
        f"{name}:{line}"
        for path in sorted(ROOT.rglob("*.py"))
        if not (name := path.relative_to(ROOT).as_posix()).startswith(beside)
        for line in _compared(path.read_text(encoding="utf-8"))
    ]
    assert not found


def view(**values: object) -> BatchView:
    given = {field.name: None for field in fields(BatchView)} | {
        "id": "b",
        "stage": "subject",
        "provider": "mysign",
        "state": "queued",
        "total": 2,
        "committed": 0,
        "failed": 0,
        "confirmed": False,
        "stop_asked": False,
        "ahead": 1,
        "wait_seconds": 60,
        "your_turn": False,
        "after_own": False,
        "over": False,
        "about": (),
        "created_at": "",
    }
    return BatchView(**(given | values))  # type: ignore[arg-type]


def test_ones_own_next_batch_is_no_queue() -> None:
    ordinary, second = batch_card(view()), batch_card(view(ahead=0, after_own=True))
    assert "1 lượt ký của người khác phía trước" in ordinary.queue_text and ordinary.may_split
    assert "tự gửi" in second.queue_text and "phía trước" not in second.queue_text
    assert not second.may_split, "nothing of it goes out before the first is signed"
    assert "người khác phía trước" in batch_card(view(ahead=1, after_own=True)).queue_text


def test_nobody_is_sent_to_a_phone_that_is_not_asked() -> None:
    assert "điện thoại" in batch_card(view(your_turn=True)).queue_text
    assert "điện thoại" not in batch_card(view(your_turn=True, provider="pkcs11")).queue_text
