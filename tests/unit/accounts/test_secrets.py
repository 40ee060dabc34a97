"""Stored credentials: unreadable without the key, and a wrong key says so."""

from __future__ import annotations

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services import secrets
from hocba_app.settings import Settings


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    use(monkeypatch, "a long sentence that nobody guesses")
    return monkeypatch


def use(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setattr(secrets, "settings", lambda: Settings(secret_key=secret, _env_file=None))


def test_round_trip_and_no_two_alike(key: pytest.MonkeyPatch) -> None:
    stored = secrets.encrypt("bí mật SMAS")
    assert "SMAS" not in stored and stored != secrets.encrypt("bí mật SMAS")
    assert secrets.decrypt(stored) == "bí mật SMAS"
    assert secrets.encrypt("") == secrets.decrypt("") == ""


def test_another_key_damage_and_nonsense_are_told(key: pytest.MonkeyPatch) -> None:
    stored = secrets.encrypt("x" * 40)
    flipped = stored[:30] + ("A" if stored[30] != "A" else "B") + stored[31:]
    for broken in (flipped, stored[:-6], "plain text", "v1.", "v2" + stored[2:]):
        assert code_of(broken) is ErrorCode.SECRET_KEY_WRONG
    use(key, "another sentence")
    assert code_of(stored) is ErrorCode.SECRET_KEY_WRONG
    use(key, "")
    assert code_of(stored) is ErrorCode.SECRET_KEY_MISSING
    with pytest.raises(HocbaError):
        secrets.encrypt("x")


def code_of(stored: str) -> ErrorCode:
    with pytest.raises(HocbaError) as caught:
        secrets.decrypt(stored)
    return caught.value.code


def test_the_stored_format_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by the first version: every later one must read it."""
    use(monkeypatch, "golden key of the tests")
    assert secrets.decrypt(GOLDEN) == "golden secret"


GOLDEN = "v1.O3yMRj1AG_yPybLakQOerTTrBDFnyYCH_TnK3rjCW2HvkJ1nW7LNHm8="
