"""Credentials of outside systems, kept encrypted under ``HOCBA_SECRET_KEY`` (AES-256-GCM)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.process_scope import per_process
from hocba_app.settings import settings

LEAST_CHARACTERS, LEAST_DIFFERENT, LEAST_PAIRS = 22, 8, 14
"""Of a key: 22 letters of base64 are 128 bits. Fewer different letters, or pairs of letters, are no random choice.
What is stored under a weaker key can still be read; nothing is stored under one."""
_FORMAT = "v1."
_NONCE = 12
_SALT = b"hocba stored credentials v1"
"""Fixed: the stored form must be readable with the key alone, on any machine. Frozen with the format."""


def require_strong_key(*, missing: bool = True) -> None:
    """Refuse a key that somebody with a copy of the database could guess.

    Args:
        missing: refuse it too when none is set.

    Raises:
        HocbaError: SECRET_KEY_WEAK, SECRET_KEY_MISSING.
    """
    secret = settings().secret_key
    if not secret:
        if missing:
            raise HocbaError(ErrorCode.SECRET_KEY_MISSING)
        return
    pairs = set(pairwise(secret))
    if len(secret.strip()) < LEAST_CHARACTERS or len(set(secret)) < LEAST_DIFFERENT or len(pairs) < LEAST_PAIRS:
        raise HocbaError(ErrorCode.SECRET_KEY_WEAK, least=LEAST_CHARACTERS)


def encrypt(text: str) -> str:
    """The stored form of a secret; an empty one stays empty.

    Raises:
        HocbaError: SECRET_KEY_MISSING, SECRET_KEY_WEAK.
    """
    if not text:
        return ""
    require_strong_key()
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(_key()).encrypt(nonce, text.encode(), _FORMAT.encode())
    return _FORMAT + base64.urlsafe_b64encode(nonce + sealed).decode()


def revealed(setting: str) -> str:
    """The value of a setting that may be written in clear or in its stored form.

    Raises:
        HocbaError: as :func:`decrypt`.
    """
    return decrypt(setting) if setting.startswith(_FORMAT) else setting


def decrypt(stored: str) -> str:
    """The secret behind a stored form; "" when none was stored.

    Raises:
        HocbaError: SECRET_KEY_MISSING; SECRET_KEY_WRONG when it was stored under another key or is damaged.
    """
    if not stored:
        return ""
    key, before = _key(), settings().secret_key_before
    try:
        if not stored.startswith(_FORMAT):
            raise ValueError("unknown format")
        raw = base64.urlsafe_b64decode(stored.removeprefix(_FORMAT))
        try:
            return _opened(key, raw)
        except InvalidTag:
            if not before:
                raise
            return _opened(_derived(before), raw)
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise HocbaError(ErrorCode.SECRET_KEY_WRONG) from error


def _opened(key: bytes, raw: bytes) -> str:
    return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], _FORMAT.encode()).decode()


def _key() -> bytes:
    secret = settings().secret_key
    if not secret:
        raise HocbaError(ErrorCode.SECRET_KEY_MISSING)
    return _derived(secret)


@per_process
def _derived(secret: str) -> bytes:
    """Stretched once a process: an operator's key may be a sentence rather than 32 random bytes."""
    return hashlib.scrypt(secret.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)
