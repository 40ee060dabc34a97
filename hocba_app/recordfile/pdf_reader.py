"""A strict reader of the one kind of PDF this product writes: classic cross-reference sections, plain objects.

It accepts what our layout and our writer emit and refuses everything else; foreign files never come here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hocba_app.domain.errors import ErrorCode, HocbaError

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_SUBSECTION = re.compile(rb"(\d+) (\d+)\s*\n")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])[ \r]?[\n\r]")
_OBJECT = re.compile(rb"(\d+) 0 obj\s*")
_TRAILER_INT = {key: re.compile(rb"/" + key + rb"\s+(\d+)") for key in (b"Size", b"Prev", b"Root")}
MAX_SECTIONS = 200


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference section: one revision."""

    at: int
    offsets: dict[int, int]
    trailer: bytes
    end: int
    """First byte after the revision's ``%%EOF`` line."""

    def integer(self, key: bytes) -> int | None:
        """An integer or reference number in the trailer."""
        found = _TRAILER_INT[key].search(self.trailer)
        return int(found.group(1)) if found else None


class ClassicFile:
    """A file of ours: its revisions, oldest first, and its objects.

    Raises:
        HocbaError: FILE_STRUCTURE on anything that our writer would not have written.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sections = self._read_sections()
        self.offsets: dict[int, int] = {}
        for section in self.sections:
            self.offsets.update(section.offsets)

    def _read_sections(self) -> list[Section]:
        tail = _START.search(self.data, max(0, len(self.data) - 64))
        if tail is None:
            raise _broken("startxref")
        at: int | None = int(tail.group(1))
        end = len(self.data)
        sections: list[Section] = []
        while at is not None:
            if len(sections) >= MAX_SECTIONS or not 0 < at < end:
                raise _broken("xref chain")
            section = self._section(at, end)
            sections.append(section)
            previous = section.integer(b"Prev")
            if previous is not None and previous >= at:
                raise _broken("xref loop")
            end = self._end_of(previous) if previous is not None else 0
            at = previous
        return sections[::-1]

    def _section(self, at: int, end: int) -> Section:
        if self.data[at : at + 5] != b"xref\n":
            raise _broken("xref")
        position, offsets = at + 5, {}
        while (head := _SUBSECTION.match(self.data, position)) is not None:
            first, count = int(head.group(1)), int(head.group(2))
            position = head.end()
            for index in range(count):
                entry = _ENTRY.match(self.data, position)
                if entry is None:
                    raise _broken("xref entry")
                if entry.group(3) == b"n":
                    offsets[first + index] = int(entry.group(1))
                position = entry.end()
        stop = self.data.find(b"startxref", position, end)
        if not self.data.startswith(b"trailer", position) or stop < 0:
            raise _broken("trailer")
        return Section(at=at, offsets=offsets, trailer=self.data[position + 7 : stop], end=self._end_of(at))

    def _end_of(self, at: int) -> int:
        marker = self.data.find(b"%%EOF", at)
        if marker < 0:
            raise _broken("%%EOF")
        end = marker + 5
        return end + 1 if self.data[end : end + 1] == b"\n" else end

    def body(self, number: int) -> bytes:
        """The bytes between ``obj`` and ``endobj`` of the newest object of this number."""
        offset = self.offsets.get(number)
        head = _OBJECT.match(self.data, offset) if offset is not None else None
        if head is None or int(head.group(1)) != number:
            raise _broken(f"object {number}")
        end = self.data.find(b"endobj", head.end())
        if end < 0:
            raise _broken(f"object {number}")
        return self.data[head.end() : end].strip()

    def stream_data(self, number: int) -> bytes:
        """The raw data of a stream object with a direct ``/Length``."""
        offset = self.offsets.get(number)
        if offset is None:
            raise _broken(f"object {number}")
        start = self.data.find(b"stream\n", offset)
        length = re.search(rb"/Length (\d+)", self.data[offset:start])
        if start < 0 or length is None:
            raise _broken(f"stream {number}")
        return self.data[start + 7 : start + 7 + int(length.group(1))]


def dictionary_entry(body: bytes, key: bytes) -> bytes | None:
    """The raw value of a top-level entry of a dictionary body ``<<…>>``: a token, or a balanced array or dictionary."""
    depth, position = 0, 0
    while position < len(body):
        two = body[position : position + 2]
        if two == b"<<":
            depth, position = depth + 1, position + 2
        elif two == b">>":
            depth, position = depth - 1, position + 2
        elif body[position : position + 1] == b"(":
            position = _after_string(body, position)
        elif (
            depth == 1
            and body.startswith(key, position)
            and _is_delimiter(body[position + len(key) : position + len(key) + 1])
        ):
            start = position + len(key)
            return body[start : _after_value(body, start)].strip()
        else:
            position += 1
    return None


def _is_delimiter(byte: bytes) -> bool:
    return byte in (b"", b" ", b"\n", b"\r", b"\t", b"/", b"<", b"[", b"(")


def _after_string(body: bytes, position: int) -> int:
    depth = 0
    while position < len(body):
        byte = body[position : position + 1]
        if byte == b"\\":
            position += 2
            continue
        depth += (byte == b"(") - (byte == b")")
        position += 1
        if depth == 0:
            return position
    raise _broken("string")


def _after_value(body: bytes, position: int) -> int:
    """The value ends at the next key or the dictionary's end on its own level."""
    depth = 0
    begun = False
    while position < len(body):
        two, byte = body[position : position + 2], body[position : position + 1]
        if byte == b"(":
            position, begun = _after_string(body, position), True
            continue
        if two == b"<<" or byte == b"[":
            depth, position, begun = depth + 1, position + (2 if two == b"<<" else 1), True
            continue
        if two == b">>" or byte == b"]":
            if depth == 0:
                return position
            depth, position = depth - 1, position + (2 if two == b">>" else 1)
            continue
        if byte == b"/" and depth == 0 and begun:
            return position
        begun = begun or not byte.isspace()
        position += 1
    raise _broken("value")


def _broken(what: str) -> HocbaError:
    return HocbaError(ErrorCode.FILE_STRUCTURE, detail=what)
