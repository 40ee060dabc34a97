"""Just enough DER to build a CMS by template: what is encoded here has one shape, so a general encoder would only be slow."""

from __future__ import annotations

SEQUENCE, SET, OCTETS, INTEGER, NULL = 0x30, 0x31, 0x04, 0x02, b"\x05\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element: tag, length, content."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """A SET OF, its elements in DER order."""
    return tlv(SET, *sorted(parts))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    encoded = bytearray((first * 40 + second,))
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        encoded += bytes(reversed(groups))
    return tlv(0x06, bytes(encoded))


def header_length(data: bytes, offset: int = 0) -> tuple[int, int]:
    """``(bytes of tag and length, bytes of content)`` of the element at ``offset``."""
    size = data[offset + 1]
    if size < 0x80:
        return 2, size
    count = size & 0x7F
    return 2 + count, int.from_bytes(data[offset + 2 : offset + 2 + count])


def element(data: bytes, offset: int = 0) -> bytes:
    """The whole element at ``offset``."""
    head, size = header_length(data, offset)
    return data[offset : offset + head + size]


def content(data: bytes) -> bytes:
    """What is inside an element."""
    head, size = header_length(data)
    return data[head : head + size]


def children(data: bytes) -> list[bytes]:
    """The elements inside a constructed element.

    Raises:
        ValueError, IndexError: they do not fill it exactly.
    """
    head, size = header_length(data)
    position, end, found = head, head + size, []
    while position < end:
        size = data[position + 1]
        if size < 0x80:
            size += 2
        else:
            head, size = header_length(data, position)
            size += head
        found.append(data[position : position + size])
        position += size
    if position != end or end > len(data):
        raise ValueError("an element does not end where it says")
    return found
