"""Stored credentials: unreadable without the key, and a wrong key says so."""

from __future__ import annotations

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services import credential_cipher
from hocba_app.settings import Settings


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    use(monkeypatch, "a long sentence that nobody guesses")
    return monkeypatch


def use(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setattr(credential_cipher, "settings", lambda: Settings(secret_key=secret, _env_file=None))


def test_round_trip_and_no_two_alike(key: pytest.MonkeyPatch) -> None:
    stored = credential_cipher.encrypt("bí mật SMAS")
    assert "SMAS" not in stored and stored != credential_cipher.encrypt("bí mật SMAS")
    assert credential_cipher.decrypt(stored) == "bí mật SMAS"
    assert credential_cipher.encrypt("") == credential_cipher.decrypt("") == ""


def test_another_key_damage_and_nonsense_are_told(key: pytest.MonkeyPatch) -> None:
    stored = credential_cipher.encrypt("x" * 40)
    flipped = stored[:30] + ("A" if stored[30] != "A" else "B") + stored[31:]
    for broken in (flipped, stored[:-6], "plain text", "v1.", "v2" + stored[2:]):
        assert code_of(broken) is ErrorCode.SECRET_KEY_WRONG
    use(key, "another sentence")
    assert code_of(stored) is ErrorCode.SECRET_KEY_WRONG
    use(key, "")
    assert code_of(stored) is ErrorCode.SECRET_KEY_MISSING
    with pytest.raises(HocbaError):
        credential_cipher.encrypt("x")


def code_of(stored: str) -> ErrorCode:
    with pytest.raises(HocbaError) as caught:
        credential_cipher.decrypt(stored)
    return caught.value.code


def test_the_stored_format_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written by the first version: every later one must read it."""
    use(monkeypatch, "golden key of the tests")
    assert credential_cipher.decrypt(GOLDEN) == "golden secret"


GOLDEN = "v1.O3yMRj1AG_yPybLakQOerTTrBDFnyYCH_TnK3rjCW2HvkJ1nW7LNHm8="
