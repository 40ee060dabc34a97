"""What a signature's byte range covers, read from the file: pyHanko compares lengths only."""

from __future__ import annotations

import os
from typing import Literal

from pyhanko.sign.validation import EmbeddedPdfSignature

from hocba_app.verification.later_updates import WHITE


def lies_in_the_file(signature: EmbeddedPdfSignature) -> bool:
    """Whether the byte range is one at all: pairs of offset and length within the file."""
    try:
        numbers = [int(part) for part in signature.byte_range]
    except (TypeError, ValueError):
        return False
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    size = signature.reader.stream.seek(0, os.SEEK_END)
    return (
        len(numbers) % 2 == 0
        and len(pairs) > 1
        and all(start >= 0 and length >= 0 and start + length <= size for start, length in pairs)
    )


def left_out(signature: EmbeddedPdfSignature) -> Literal["itself", "itself, spaced", "more"]:
    """What the gap in a byte range of two pairs holds: the signature's own digits (with white space between them), or more."""
    first, before, after, _ = (int(part) for part in signature.byte_range)
    stream = signature.reader.stream
    stream.seek(before)
    gap, digits = stream.read(max(after - before, 0)).lower(), bytes(signature.pkcs7_content).hex().encode()
    if first == 0 and gap == b"<%s>" % digits:
        return "itself"
    return "itself, spaced" if first == 0 and gap.translate(None, WHITE) == b"<%s>" % digits else "more"
