"""When two spellings are one name: lists, certificates and registers write the same person's name differently."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from hocba_app.domain.search_text import fold


@lru_cache(maxsize=8192)
def normal_name(text: str) -> str:
    """One spelling for what differs only in composition, case, blanks or invisible characters."""
    visible = "".join(letter for letter in unicodedata.normalize("NFC", text) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.casefold().split()))


@lru_cache(maxsize=8192)
def plain_name(text: str) -> str:
    """:func:`normal_name` without marks: what "Hoà", "Hòa" and "Hoa" have in common."""
    return fold(normal_name(text))
