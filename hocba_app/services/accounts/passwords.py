"""Passwords: Argon2id, and what we accept as one."""

from __future__ import annotations

import secrets
import unicodedata

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.process_scope import per_process
from hocba_app.services.accounts.login_names import plain

MINIMUM = 10
MAXIMUM = 200
"""Longer input is refused before hashing, so that nobody buys our CPU with a megabyte."""

_COMMON = (
    "password",
    "passw0rd",
    "p@ssw0rd",
    "matkhau",
    "mat khau",
    "mật khẩu",
    "hocba",
    "hocbadientu",
    "truonghoc",
    "giaovien",
    "qwertyuiop",
    "qwerty",
    "abcdefghij",
    "abc",
    "admin",
    "iloveyou",
    "anhyeuem",
    "emyeuanh",
    "vietnam",
    "1234567890",
    "0123456789",
    "0987654321",
    "123456",
    "123123",
    "111111",
    "000000",
)


@per_process
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@per_process
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(24))


def hash_password(password: str) -> str:
    """Argon2id hash. Takes tens of milliseconds of CPU: never inside a transaction."""
    return _hasher().hash(_typed(password))


def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Compare in the same time whether or not there is a stored hash.

    Args:
        stored: the account's hash; None for an unknown or not activated account, which costs the same work.

    Returns:
        Whether it fits, and a new hash to store when the parameters have moved on.
    """
    fits, renewed = _hasher().verify_and_update(_typed(password[:MAXIMUM]), stored or _nobodys_hash())
    good = fits and stored is not None and len(password) <= MAXIMUM
    return good, renewed if good else None


def check_policy(password: str, username: str) -> None:
    """Refuse a password that is short, the login name, or one everybody tries first.

    Raises:
        HocbaError: PASSWORD_WEAK.
    """
    typed = _typed(password)
    bare = plain(typed).replace(" ", "")
    own = {plain(username), plain(username.split("@")[0])}
    if not MINIMUM <= len(typed) <= MAXIMUM or bare in own or len(set(bare)) < 4 or _is_common(bare):
        raise HocbaError(ErrorCode.PASSWORD_WEAK, minimum=MINIMUM)


def _is_common(bare: str) -> bool:
    """A common word, alone or repeated, with nothing but digits and signs around it."""
    rest = bare
    for word in sorted({plain(word).replace(" ", "") for word in _COMMON}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != bare and sum(letter.isalpha() for letter in rest) == 0 and len(rest) <= 4


def _typed(password: str) -> str:
    """NFC: keyboards differ in how they compose Vietnamese letters (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)
