"""Names that a newcomer knows: limits begin with MAX_, and what screens share knows no screen."""

from __future__ import annotations

import re
from pathlib import Path

PRODUCT = Path(__file__).resolve().parents[3] / "hocba_app"
_LIMIT = re.compile(
    r"^_?(MOST|LONGEST|LARGEST)(_[A-Z_0-9]+)?\b.*=|^_?([A-Z_]*AT_ONCE|[A-Z_]*AT_A_TIME|[A-Z_]*STANDS(_[A-Z]+)?|PATIENCE)\b",
    re.MULTILINE,
)


def test_limits_are_named_alike() -> None:
    found = {
        path.relative_to(PRODUCT).as_posix()
        for path in PRODUCT.rglob("*.py")
        if _LIMIT.search(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_only_the_mixin_follows_the_database() -> None:
    users = {
        path.name
        for path in (PRODUCT / "state").rglob("*.py")
        if re.search(r"\bfollow\(|\bfollowing\b", path.read_text(encoding="utf-8"))
    }
    assert users == {"live_screen.py"}


def test_what_screens_share_knows_no_screen() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (PRODUCT / "state" / "shared").glob("*.py"))
    assert not re.findall(r"from hocba_app\.state(?!\.shared)[.\w]* import", text)
