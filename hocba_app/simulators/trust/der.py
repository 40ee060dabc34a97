"""Just enough DER to write a time-stamp token from a template and to read a request: a token costs one signature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT_ID, UTF8 = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C
GENERALIZED_TIME, SEQUENCE, SET, BOOLEAN = 0x18, 0x30, 0x31, 0x01


class DerError(ValueError):
    """Bytes that are not the DER we expect."""


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element: tag, shortest length, the parts joined."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(value: int) -> bytes:
    """A non-negative INTEGER in its shortest form."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@cache
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        body += bytes(reversed(groups))
    return tlv(OBJECT_ID, bytes(body))


def read(data: bytes, position: int = 0) -> tuple[int, int, int]:
    """Where the element at ``position`` lies.

    Returns:
        Its tag, the offset of its content and the offset behind it.

    Raises:
        DerError: truncated, or a length form DER does not allow.
    """
    try:
        tag, size = data[position], data[position + 1]
    except IndexError:
        raise DerError("truncated") from None
    start = position + 2
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 4 or start + octets > len(data):
            raise DerError("length")
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if start + size > len(data):
        raise DerError("truncated")
    return tag, start, start + size


def children(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, content and whole encoding of every element between two offsets."""
    while start < end:
        tag, content, behind = read(data, start)
        if behind > end:
            raise DerError("truncated")
        yield tag, data[content:behind], data[start:behind]
        start = behind
