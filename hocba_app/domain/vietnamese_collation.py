"""The order of a Vietnamese class list as plain text, so that both databases sort it alike without a collation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from hocba_app.domain.identifiers import clean_text

_LETTERS = {"ă": "azy", "â": "azz", "đ": "dzz", "ê": "ezz", "ô": "ozy", "ơ": "ozz", "ư": "uzz"}
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
"""Huyền, hỏi, ngã, sắc, nặng; no tone is 0."""


def sort_name(full_name: str) -> str:
    """Given name first, then family and middle names; letters before tones, as dictionaries have it (at most 200 letters)."""
    words = clean_text(full_name).lower().split()
    return " ".join(_syllable(word) for word in [*words[-1:], *words[:-1]])[:200]


def sort_title(text: str) -> str:
    """Of what is no person's name: words as they are written, numbers by their value (6A2 before 6A10); at most 200 letters."""
    padded = re.sub(r"\d{1,6}", lambda number: number.group().zfill(6), clean_text(text).lower())
    return " ".join(map(_syllable, padded.split()))[:200]


@lru_cache(maxsize=8192)
def _syllable(word: str) -> str:
    tone, letters = "0", []
    for letter in unicodedata.normalize("NFC", word):
        parts = unicodedata.normalize("NFD", letter)
        tone = next((_TONES[mark] for mark in parts if mark in _TONES), tone)
        bare = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in _TONES))
        letters.append(_LETTERS.get(bare, bare))
    return "".join(letters) + tone
