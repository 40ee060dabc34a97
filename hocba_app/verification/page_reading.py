"""The finished pages of a record read as one text, value after value, in the order of the form."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.verification.page_grammar import ShownText

Cell = tuple[str, str | None]
"""A place of the record, in the school's words, and what its cell must show."""


class Reading:
    """All pages as one text without blanks: where the layout breaks a line says nothing. Read from the beginning to the end."""

    def __init__(self, pages: Sequence[Sequence[tuple[str, ShownText]]]) -> None:
        self._lines = [line for page in pages for _, line in page]
        texts = [["".join(text.split()) for text, _ in page] for page in pages]
        self._text = "".join(itertools.chain.from_iterable(texts))
        lengths = map(len, itertools.chain.from_iterable(texts))
        self._edges = {at: line for line, at in enumerate(itertools.accumulate(lengths, initial=0))}
        self._pages = [0, *itertools.accumulate(sum(map(len, page)) for page in texts)]
        self._at = 0

    @property
    def pages(self) -> range:
        """Numbers of the pages, from 0."""
        return range(len(self._pages) - 1)

    def back_to(self, page: int) -> None:
        """Go on reading at the beginning of a page."""
        self._at = self._pages[page]

    def cell(self, place: str, value: str | None, page: int | None = None) -> None:
        """One value, its next occurrence in lines of its own; see :meth:`cells`."""
        self.cells((place, value), page=page)

    def cells(self, *cells: Cell, page: int | None = None) -> list[ShownText | None]:
        """Values that follow one another with nothing between, the next time they do.

        Args:
            cells: each in one or more lines of its own; absent ones leave no trace.
            page: on which they must be; None for any.

        Returns:
            Each value's first line, and the line after the last; None where there is none.

        Raises:
            HocbaError: FORM_PAGE_DIFFERS with the first that is not there.
        """
        parts = ["".join(value.split()) if value else "" for _, value in cells]
        end = len(self._text) if page is None else self._pages[page + 1]
        offsets = self._find(parts, end)
        if offsets is None:
            shown = next((n for n in range(len(parts) - 1, 0, -1) if self._find(parts[:n], end) is not None), 0)
            raise self.differs(cells[shown][0])
        self._at = offsets[-1]
        lines = [self._line(offset) if part else None for offset, part in zip(offsets, parts, strict=False)]
        return [*lines, self._line(self._at)]

    def differs(self, place: str) -> HocbaError:
        """The finding for a value that is not where it should be, on the page that is being read."""
        page = bisect.bisect_right(self._pages, self._at, hi=len(self._pages) - 1)
        return HocbaError(ErrorCode.FORM_PAGE_DIFFERS, place=place, page=page)

    def _find(self, parts: Sequence[str], end: int) -> list[int] | None:
        """Where the parts begin, and where the last one ends."""
        sought, at = "".join(parts), self._at - 1
        while (at := self._text.find(sought, at + 1, end)) >= 0:
            offsets = list(itertools.accumulate(map(len, parts), initial=at))
            if all(offset in self._edges for offset in offsets):
                return offsets
        return None

    def _line(self, offset: int) -> ShownText | None:
        number = self._edges[offset]
        return self._lines[number] if number < len(self._lines) else None
