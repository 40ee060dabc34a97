"""What the operator's page names exists: settings, commands, error codes, numbers for monitoring, words of the screens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from hocba_app.cli import app
from hocba_app.domain.errors import ErrorCode
from hocba_app.settings import Settings
from tests.unit.docs.test_guide import LINK, stands_in, words_of

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "administration.md"
METRICS = "".join(
    (ROOT / "hocba_app" / name).read_text(encoding="utf-8") for name in ("services/metrics.py", "outside_calls.py")
)
TEXT = PAGE.read_text(encoding="utf-8")


def test_settings_exist() -> None:
    known = {f"HOCBA_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"HOCBA_[A-Z0-9_]*[A-Z0-9]", TEXT)) - known == set()


def test_commands_exist() -> None:
    root = get_command(app)
    named = re.findall(
        r"hocba (db|school|user) ([a-z-]+)|hocba ([a-z]+)",
        re.sub(r"```sql.*?```|^create role.*$", "", TEXT, flags=re.DOTALL | re.MULTILINE),
    )
    assert named
    for group, sub, plain in named:
        command = root.commands[group or plain]  # type: ignore[attr-defined]
        assert not sub or sub in command.commands, f"{group} {sub}"


def test_error_codes_and_metrics_exist() -> None:
    codes = {code.value for code in ErrorCode}
    named = re.findall(r"`([a-z]+_[a-z_]+)`", TEXT)
    metrics = re.findall(r"`(hocba_[a-z_]+)\{?", TEXT)
    programs = {"pg_dump", "pg_restore", "archive_command", "recovery_target_time"}
    assert set(named) - set(metrics) - programs <= codes
    assert [name for name in metrics if name.removesuffix("_total") not in METRICS] == []


def test_screens_are_named_as_they_are() -> None:
    """Vietnamese in straight quotes is a page's, a button's or a message's name."""
    quoted = [words for words in re.findall(r'"([^"\n]+)"', TEXT) if not words.isascii()]
    assert quoted
    assert [words for words in quoted if not stands_in(words, words_of("product"))] == []


@pytest.mark.parametrize("address", [address for _, _, address in LINK.findall(TEXT)])
def test_links_lead_somewhere(address: str) -> None:
    assert (PAGE.parent / address).is_file()


def _code(text: str) -> set[str]:
    """Commands, settings, paths and codes: text between backticks, and code blocks."""
    return set(re.findall(r"`([^`\n]+)`", text)) | set(re.findall(r"```\n(.*?)```", text, flags=re.DOTALL))


def test_the_vietnamese_page_says_the_same() -> None:
    """Same headings in the same order, same commands, settings and codes, same rows of every table, same links."""
    own = (ROOT / "docs" / "administration.vi.md").read_text(encoding="utf-8")

    def levels(text: str) -> list[int]:
        return [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]

    assert levels(own) == levels(TEXT)
    assert _code(own) ^ _code(TEXT) == set()
    assert own.count("\n|") == TEXT.count("\n|") and own.count("\n- ") == TEXT.count("\n- ")
    leads = [
        {address for _, _, address in LINK.findall(text)} - {"administration.md", "administration.vi.md"}
        for text in (own, TEXT)
    ]
    assert leads[0] == leads[1]
    assert {words for words in re.findall(r'"([^"\n]+)"', own)} >= {
        words for words in re.findall(r'"([^"\n]+)"', TEXT) if not words.isascii()
    }
