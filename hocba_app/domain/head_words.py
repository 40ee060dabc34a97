"""What a school calls its head in what its people read: "Hiệu trưởng", "Giám đốc", "Quyền Hiệu trưởng", "Phó Giám đốc phụ trách".

Sentences are made far from any school (an error's, a table's), so the words of whoever reads are kept for the task at hand, as a
language would be: set once where it becomes known who asks or whose job runs, taken where the sentence is made. Words for the role in
general ("người đứng đầu cơ sở giáo dục") are not these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from hocba_app.domain.signing_titles import OFFICES, called

_LEADERS = {"principal": "Ban giám hiệu", "director": "Ban giám đốc"}


@dataclass(frozen=True, slots=True)
class HeadWords:
    """A school's words on one day."""

    office: str
    """The post: "Giám đốc"."""
    head: str
    """Who heads the school that day: the post, or in which capacity somebody acts for it."""
    deputy: str
    """The post beside it: "Phó Giám đốc"."""
    leaders: str
    """Head and deputies together: "Ban giám đốc"."""

    def as_params(self) -> dict[str, object]:
        """By the names that sentences use."""
        return {"office": self.office, "head": self.head, "deputy": self.deputy, "leaders": self.leaders}


def head_words(office: str, capacity: str = "") -> HeadWords:
    """The words of a school.

    Args:
        office: a key of :data:`OFFICES`.
        capacity: of who acts for the head by a decision in force, one of `signing_titles.AS_HEAD`; "" for the head himself.
    """
    post = OFFICES[office]
    return HeadWords(post, called(office, capacity), f"Phó {post}", _LEADERS[office])


USUAL = head_words("principal")
_words: ContextVar[HeadWords] = ContextVar("head_words", default=USUAL)


def spoken() -> HeadWords:
    """The words of who reads what is made now; a school's usual ones where nobody is known."""
    return _words.get()


def speak(words: HeadWords) -> None:
    """From here on in this task: these words."""
    _words.set(words)


@contextmanager
def speaking(words: HeadWords) -> Iterator[None]:
    """These words inside the block."""
    before = _words.set(words)
    try:
        yield
    finally:
        _words.reset(before)
