"""Names in comments that are not the pupil's own: a comment pasted into the wrong row is found before it is signed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = r"[^\W\d_]+"
_ADDRESSED = re.compile(rf"(?<!\w)(?:em|con|cháu|học sinh|trò)\s+({_WORD}(?:\s+{_WORD}){{0,5}})", re.IGNORECASE)


def foreign_names(comments: Iterable[str], own: str, class_list: Sequence[str]) -> list[str]:
    """Names of classmates that are written in a pupil's comments as if they were his.

    A full name counts wherever it is, and a name of two words or more at the head of the comment; a given name
    alone only after "em", "con", "cháu", "học sinh", because many given names are ordinary words. A name the pupil
    bears himself, or one that a longer name of his contains, is no finding.

    Args:
        comments: everything the teachers wrote about one pupil.
        own: his full name.
        class_list: full names of the whole class; his own may be among them.

    Returns:
        The names found, each once, in the order found.
    """
    mine = _words(own)
    others = [words for name in class_list if (words := _words(name)) and words != mine]
    found: dict[str, None] = {}
    for comment in comments:
        text = _words(comment)
        written = set(_folded(text))
        called = [_words(match.group(1)) for match in _ADDRESSED.finditer(_plain(comment))]
        for other in others:
            if other[-1].casefold() in written and (name := _named(other, mine, text, called)):
                found[name] = None
    return list(found)


def _named(other: Sequence[str], mine: Sequence[str], text: Sequence[str], called: Sequence[Sequence[str]]) -> str:
    """The longest form of a classmate's name that the comment uses as the pupil's; "" when none."""
    if _contains(_folded(text), _folded(other)) and not _contains(_folded(mine), _folded(other)):
        return " ".join(other)
    for length in range(len(other) - 1, 0, -1):
        name = other[-length:]
        begins = [words for words in (*called, *([text] if length > 1 else [])) if list(words[:length]) == list(name)]
        if begins and not _is_own(begins[0], mine) and not _contains(mine, name):
            return " ".join(name)
    return ""


def _is_own(words: Sequence[str], mine: Sequence[str]) -> bool:
    """Whether the words begin with the pupil's own name, whole or without its first parts."""
    return any(list(words[: len(mine) - start]) == list(mine[start:]) for start in range(len(mine)))


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(list(words[start : start + len(part)]) == list(part) for start in range(len(words) - len(part) + 1))


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """The words as written: a capital letter tells a name from an ordinary word."""
    return tuple(re.findall(_WORD, _plain(text)))


def _folded(words: Sequence[str]) -> list[str]:
    return [word.casefold() for word in words]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text)
