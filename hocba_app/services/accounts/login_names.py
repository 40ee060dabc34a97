"""Login names as people type them: one spelling in the database, whatever the keyboard made of it."""

from __future__ import annotations

import unicodedata

MAX_LENGTH = 80


def login_name(typed: str) -> str:
    """The stored form of a login name: NFC, lower case, no blanks at the ends."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", typed).strip().lower())


def staff_login_name(staff_code: str, school_code: str, number: int = 1) -> str:
    """The login name of a member of staff, ``<staff code>@<school code>``.

    Args:
        number: 2, 3, … when the name is taken already (a code given out again after somebody left).
    """
    ending = f"{'' if number == 1 else f'.{number}'}@{login_name(school_code)}"
    return login_name(staff_code)[: MAX_LENGTH - len(ending)] + ending


def plain(text: str) -> str:
    """Text for searching: lower case, without Vietnamese marks, so that "nguyen" finds "Nguyễn"."""
    marks_apart = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in marks_apart if not unicodedata.combining(letter))
