"""One form of what names a person, a class or a subject, whoever typed it: used wherever identifiers are stored, compared or found."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_D = str.maketrans({"\u00d0": "\u0110", "\u0189": "\u0110", "\u00f0": "\u0111", "\u0256": "\u0111"})
"""Eth and the African D look like Đ and come from old Vietnamese fonts and keyboards."""
_LATIN = str.maketrans("АВЕІЈКМНОРСТУХаеіјорсухѕԁһΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEIJKMHOPCTYXaeijopcyxsdhABEZHIKMNOPTYXo")
"""Cyrillic and Greek letters that look like Latin ones; no code of a school has the former."""
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))


@lru_cache(maxsize=8192)
def clean_text(text: str) -> str:
    """Text in NFC without invisible characters (zero-width, direction, byte order) and with the Vietnamese Đ; blanks stay."""
    composed = unicodedata.normalize("NFC", text)
    visible = (
        composed
        if composed.isascii()
        else "".join(letter for letter in composed if unicodedata.category(letter) != "Cf")
    )
    return unicodedata.normalize("NFC", visible.translate(_D))


@lru_cache(maxsize=8192)
def identifier(text: str) -> str:
    """A code as it is stored: Latin letters of common width, no blanks at its ends, single ones inside; case stays."""
    latin = clean_text(unicodedata.normalize("NFKC", text)).translate(_LATIN).translate(_DASHES)
    return " ".join(latin.split())


def latin_twins(text: str) -> str:
    """Text with Latin letters among which somebody typed Cyrillic or Greek ones that look the same, in Latin ones throughout."""
    if text.isascii() or not re.search("[A-Za-z]", text):
        return text
    return text.translate(_LATIN)


@lru_cache(maxsize=8192)
def identifier_key(text: str) -> str:
    """What two spellings of one code have in common: also case and blanks put aside."""
    return "".join(identifier(text).casefold().split())


def near_key(text: str) -> str:
    """What codes have in common that a person must tell apart: leading zeros, which spreadsheets drop."""
    return identifier_key(text).lstrip("0") or "0"
