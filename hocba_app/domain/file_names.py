"""Codes in the names of files that are handed out."""

from __future__ import annotations


def file_word(code: str) -> str:
    """What of a code may stand in a file's name, and so in a header of the answer: ASCII letters, digits, ``-`` and ``_``.

    A code is any text the source has; a quotation mark in it would end the header's value.
    """
    return "".join(letter for letter in code if letter.isascii() and (letter.isalnum() or letter in "-_"))
