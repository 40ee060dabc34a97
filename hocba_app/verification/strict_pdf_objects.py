"""Objects of a file read one after the other, in the one form our layout and our writer give them.

The published grammar of writer version 1, as replay reads it: an object is ``N 0 obj``, one line with a dictionary, then
perhaps ``stream`` with exactly ``/Length`` bytes, then ``endobj``. Nothing may come between two objects.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.pdf_syntax import EOF, xref_section

_HEAD = re.compile(rb"([1-9][0-9]{0,5}) 0 obj\n")
_LENGTH = re.compile(rb" /Length (0|[1-9][0-9]{0,8}) ?>>\Z")
MAX_OBJECTS = 4096
MAX_REMEMBERED_BYTES = 32 << 10


class Deviation(NotShown):
    """A part of a record of ours that is not what our software writes.

    Attributes:
        where: ``base`` or ``update``; ``pages`` where the pages show another record than the manifest names, ``slots`` where
            the manifest asks for fewer signatures than the pages must have.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where


@dataclass(frozen=True, slots=True)
class Parsed:
    """One object as it is in the file."""

    number: int
    offset: int
    end: int
    """First byte after its ``endobj`` line."""
    line: bytes
    """Its dictionary."""
    data: bytes | None
    """Raw stream data, or None."""


def read_objects(file: bytes, position: int) -> tuple[list[Parsed], int]:
    """The objects from ``position`` on, and the offset of the first byte that begins none.

    Raises:
        NotShown: an object is not of the one form.
    """
    found: list[Parsed] = []
    while (head := _HEAD.match(file, position)) is not None:
        if len(found) == MAX_OBJECTS:
            raise NotShown("objects")
        parsed = _read(file, position, head)
        found.append(parsed)
        position = parsed.end
    return found, position


def _read(file: bytes, offset: int, head: re.Match[bytes]) -> Parsed:
    stop = file.find(b"\n", head.end())
    line = file[head.end() : stop]
    if stop < 0 or not (line.startswith(b"<<") and line.endswith(b">>")):
        raise NotShown("dictionary")
    after = stop + 1
    if file.startswith(b"endobj\n", after):
        return Parsed(int(head.group(1)), offset, after + 7, line, None)
    length = _LENGTH.search(line)
    if length is None or not file.startswith(b"stream\n", after):
        raise NotShown("stream")
    start = after + 7
    end = start + int(length.group(1))
    if not file.startswith(b"\nendstream\nendobj\n", end):
        raise NotShown("stream length")
    return Parsed(int(head.group(1)), offset, end + 18, line, file[start:end])


def unpack(data: bytes | None, most: int) -> bytes:
    """A zlib stream, whole, with nothing after it, no larger than ``most``.

    Raises:
        NotShown: it is not.
    """
    if data is None:
        raise NotShown("no stream")
    engine = zlib.decompressobj()
    try:
        plain = engine.decompress(data, most + 1)
    except zlib.error as error:
        raise NotShown("compressed data") from error
    if len(plain) > most or not engine.eof or engine.unused_data:
        raise NotShown("compressed size")
    return plain


def unpacked_length(data: bytes | None, most: int) -> int:
    """:func:`unpack`, its length alone. A signer's ink and the colour profile are the same bytes in thousands of records.

    Raises:
        NotShown: as :func:`unpack`.
    """
    if data is None or len(data) > MAX_REMEMBERED_BYTES:
        return len(unpack(data, most))
    return _remembered_length(data, most)


@lru_cache(maxsize=256)
def _remembered_length(data: bytes, most: int) -> int:
    return len(unpack(data, most))


def require_same(file: bytes, objects: Sequence[Parsed], expected: Sequence[tuple[int, bytes]]) -> None:
    """The objects are exactly the expected ones, in order.

    Compressed streams may differ in how they are packed (another zlib packs otherwise), never in what they hold.

    Raises:
        NotShown: any difference.
    """
    if len(objects) != len(expected):
        raise NotShown("number of objects")
    for parsed, (number, body) in zip(objects, expected, strict=True):
        if parsed.number != number:
            raise NotShown("object number")
        if file[parsed.offset : parsed.end] != body and not _same_content(parsed, body):
            raise NotShown(f"object {number}")


def _same_content(parsed: Parsed, body: bytes) -> bool:
    (wanted,), end = read_objects(body, 0)
    if end != len(body) or wanted.data is None or parsed.data is None or b"/FlateDecode" not in wanted.line:
        return False
    if _LENGTH.sub(b"", parsed.line) != _LENGTH.sub(b"", wanted.line):
        return False
    plain = unpack(wanted.data, 1 << 24)
    return unpack(parsed.data, len(plain)) == plain


def require_section(
    file: bytes,
    position: int,
    objects: Sequence[Parsed],
    *,
    size: int,
    root: int,
    info: bytes,
    file_id: bytes,
    previous: int,
) -> int:
    """The cross-reference section at ``position`` is the one our writer emits for these objects.

    Returns:
        The offset after it: the update's end.

    Raises:
        NotShown: any difference, or an object number twice.
    """
    offsets = {parsed.number: parsed.offset for parsed in objects}
    if len(offsets) != len(objects):
        raise NotShown("object twice")
    section = xref_section(offsets, size=size, root=root, info=info, file_id=file_id, previous=previous, at=position)
    if not file.startswith(section, position):
        raise NotShown("cross-reference section")
    return position + len(section)


__all__ = ["EOF", "Deviation", "NotShown", "Parsed", "read_objects", "require_same", "require_section", "unpack"]
