"""The few pieces of PDF syntax the incremental writer emits, in one fixed form (writer version 1).

Everything here is part of the stored format: verification replays an update and compares bytes, so not a blank may change.
"""

from __future__ import annotations

from collections.abc import Mapping

EOF = b"%%EOF\n"


def obj(number: int, body: bytes) -> bytes:
    """An indirect object, generation 0."""
    return b"%d 0 obj\n%s\nendobj\n" % (number, body)


def stream(number: int, entries: bytes, data: bytes) -> bytes:
    """A stream object; ``entries`` are the dictionary's entries besides ``/Length``."""
    return obj(number, b"<<%s /Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data))


def ref(number: int) -> bytes:
    """A reference to object ``number``."""
    return b"%d 0 R" % number


def text_string(text: str) -> bytes:
    """A text string: ASCII as a literal, anything else as UTF-16BE in hex."""
    if text.isascii() and text.isprintable():
        return b"(" + text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode() + b")"
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be")).hex().upper().encode() + b">"


def number(value: float) -> bytes:
    """A number with at most two decimals, in its shortest form."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return (text if text not in ("-0", "") else "0").encode()


def xref_section(
    offsets: Mapping[int, int], *, size: int, root: int, info: bytes, file_id: bytes, previous: int, at: int
) -> bytes:
    """A classic cross-reference section with its trailer.

    Args:
        offsets: object number → offset in the file.
        size: one more than the highest object number in use.
        info: the trailer's ``/Info`` entry as it is in the base, or empty.
        file_id: the trailer's ``/ID`` array as it is in the base.
        previous: offset of the section before.
        at: offset of this section.
    """
    lines = [b"xref\n"]
    numbers = sorted(offsets)
    start = 0
    while start < len(numbers):
        end = start
        while end + 1 < len(numbers) and numbers[end + 1] == numbers[end] + 1:
            end += 1
        lines.append(b"%d %d\n" % (numbers[start], end - start + 1))
        lines += [b"%010d 00000 n \n" % offsets[numbers[index]] for index in range(start, end + 1)]
        start = end + 1
    lines.append(
        b"trailer\n<</Size %d /Root %d 0 R%s /ID %s /Prev %d>>\nstartxref\n%d\n%s"
        % (size, root, info, file_id, previous, at, EOF)
    )
    return b"".join(lines)


class Update:
    """One incremental update being written: objects in order, then the cross-reference section."""

    def __init__(self, base_length: int) -> None:
        self._base = base_length
        self._parts: list[bytes] = []
        self._length = 0
        self.offsets: dict[int, int] = {}

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._length

    def add(self, number: int, data: bytes) -> None:
        """Add an object already serialised by :func:`obj` or :func:`stream`."""
        self.offsets[number] = self._base + self._length
        self._parts.append(data)
        self._length += len(data)

    def finish(self, *, size: int, root: int, info: bytes, file_id: bytes, previous: int) -> bytes:
        """The whole update."""
        at = self._base + self._length
        section = xref_section(self.offsets, size=size, root=root, info=info, file_id=file_id, previous=previous, at=at)
        return b"".join([*self._parts, section])

    @property
    def xref_offset(self) -> int:
        """Where the cross-reference section begins."""
        return self._base + self._length
