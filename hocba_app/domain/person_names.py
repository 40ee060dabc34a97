"""When two spellings are one name: lists, certificates and registers write the same person's name differently."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=8192)
def normal_name(text: str) -> str:
    """One spelling for what differs only in composition, case, blanks or invisible characters."""
    visible = "".join(letter for letter in unicodedata.normalize("NFC", text) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.casefold().split()))


@lru_cache(maxsize=8192)
def plain_name(text: str) -> str:
    """:func:`normal_name` without marks: what "Hoà", "Hòa" and "Hoa" have in common.

    Records keep salted hashes of both forms, so neither may ever change; other uses take :mod:`hocba_app.domain.identifiers`.
    """
    bare = "".join(
        letter for letter in unicodedata.normalize("NFD", normal_name(text)) if not unicodedata.combining(letter)
    )
    return " ".join(bare.casefold().replace("đ", "d").split())
