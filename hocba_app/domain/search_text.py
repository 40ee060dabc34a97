"""Finding by what people type: without regard to capitals and Vietnamese marks, words in any order."""

from __future__ import annotations

import unicodedata

from hocba_app.domain.identifiers import clean_text


def fold(text: str) -> str:
    """``"Đặng Ỷ Lan"`` → ``"dang y lan"``."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFD", clean_text(text)) if not unicodedata.combining(letter)
    )
    return " ".join(bare.casefold().replace("đ", "d").split())


def matches(search: str, *texts: str) -> bool:
    """Whether each word of the search begins a word of one of the texts; an empty search matches everything."""
    words = [word for text in texts for word in fold(text).split()]
    return all(any(word.startswith(part) for word in words) for part in fold(search).split())
