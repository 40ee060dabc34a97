"""Names as the phone can show them: MySign takes base64 of ``[a-zA-Z0-9_\\- ]``, under 100 characters of base64."""

from __future__ import annotations

import base64
import re
import unicodedata

MAX_LENGTH = 72
"""Letters. Base64 grows by whole groups of three: 73 letters would be 100 characters, one too many."""
_OTHER = re.compile(r"[^a-zA-Z0-9_\- ]+")


def plain_name(text: str) -> str:
    """Vietnamese letters without their marks, any other sign as a blank, at most :data:`MAX_LENGTH` letters."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_OTHER.sub(" ", plain).split())[:MAX_LENGTH].rstrip()


def encoded_name(text: str) -> str:
    """:func:`plain_name` in base64, as it goes over the wire."""
    return base64.b64encode(plain_name(text).encode("ascii")).decode("ascii")
