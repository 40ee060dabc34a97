"""One-time codes: short enough to read off a slip of paper, long enough not to be guessed (59 bits)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0, O, 1, I, L: they look alike in print."""
GROUPS, GROUP_LETTERS = 3, 4
VALID_FOR = timedelta(days=14)


def new_code() -> str:
    """A fresh code, ``K7QM-2RTX-9BHD``. Only its hash is stored."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))


def code_hash(typed: str) -> str:
    """SHA-256 of a code as typed: case, blanks and dashes do not matter. Enough entropy to need no slow hash."""
    return hashlib.sha256("".join(letter for letter in typed.upper() if letter.isalnum()).encode()).hexdigest()
