"""How a signature looks: the handwritten image, the name, the time; the seal: the red image alone.

An appearance is a pure function of the image, the texts and the rectangle (writer version 1): verification replays it.
The image is appearance only; the legal signature is the digital one.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hocba_app.domain.calendar import local_text
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.pdf_syntax import number, ref, stream
from hocba_app.recordfile.signature_font import glyph_hex, text_width

_MAGIC = b"HBI1"
MAX_SIDE = 1200
_NAME_SIZE, _SMALLEST, _CAPTION_SIZE, _TIME_SIZE = 8.0, 4.0, 6.5, 4.8
_LEADING = 1.25


@dataclass(frozen=True, slots=True)
class InkImage:
    """A normalised signature image: one ink colour and a 4-bit mask of how much ink lies on each dot.

    Attributes:
        width: dots, 1 to :data:`MAX_SIDE`.
        height: dots, 1 to :data:`MAX_SIDE`.
        colour: red, green, blue, 0–255.
        mask: zlib stream of the 4-bit mask, rows padded to bytes; 15 is full ink.
    """

    width: int
    height: int
    colour: tuple[int, int, int]
    mask: bytes

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE):
            raise HocbaError(ErrorCode.IMAGE_TOO_LARGE, megapixels=1)

    def dumps(self) -> bytes:
        """The stored form."""
        return _MAGIC + struct.pack(">HHBBB", self.width, self.height, *self.colour) + self.mask

    @classmethod
    def loads(cls, data: bytes) -> InkImage:
        """Read the stored form.

        Raises:
            HocbaError: STORED_FILE_DAMAGED.
        """
        if data[:4] != _MAGIC or len(data) < 12:
            raise HocbaError(ErrorCode.STORED_FILE_DAMAGED)
        width, height, red, green, blue = struct.unpack(">HHBBB", data[4:11])
        return cls(width, height, (red, green, blue), data[11:])

    @classmethod
    def from_mask(cls, width: int, height: int, colour: tuple[int, int, int], levels: bytes) -> InkImage:
        """Pack a mask of one byte a dot (0 paper … 255 full ink) into the stored form."""
        rows = []
        for top in range(0, width * height, width):
            row = [level >> 4 for level in levels[top : top + width]]
            if width % 2:
                row.append(0)
            rows.append(bytes(high << 4 | low for high, low in zip(row[::2], row[1::2], strict=True)))
        return cls(width, height, colour, zlib.compress(b"".join(rows), 9))


SealImage = InkImage
"""The seal is stored the same way: one red, a mask."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What is drawn in a signature's rectangle."""

    image: InkImage
    name: str
    """Under the image; "" for the seal, which is the image alone."""
    caption_lines: tuple[str, ...]
    """Above the image: "KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"."""
    signed_at: datetime


def appearance_objects(
    look: Appearance, rect: tuple[float, float, float, float], first: int, font: int
) -> list[tuple[int, bytes]]:
    """The form, its image and the image's mask as objects numbered from ``first``."""
    width, height = rect[2] - rect[0], rect[3] - rect[1]
    content = _content(look, width, height)
    resources = b"<</XObject <</I %s>>" % ref(first + 1)
    if look.name or look.caption_lines:
        resources += b" /Font <</F %s>>" % ref(font)
    form = stream(
        first,
        b"/Type /XObject /Subtype /Form /BBox [0 0 %s %s] /Resources %s"
        % (number(width), number(height), resources + b">>"),
        content,
    )
    image = look.image
    picture = stream(
        first + 1,
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace [/Indexed /DeviceRGB 0 <%s>] /BitsPerComponent 1 "
        b"/Filter /FlateDecode /SMask %s"
        % (image.width, image.height, bytes(image.colour).hex().upper().encode(), ref(first + 2)),
        _one_colour(image.width, image.height),
    )
    mask = stream(
        first + 2,
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 4 /Filter /FlateDecode"
        % (image.width, image.height),
        image.mask,
    )
    return [(first, form), (first + 1, picture), (first + 2, mask)]


@lru_cache(maxsize=256)
def _one_colour(width: int, height: int) -> bytes:
    """Index 0 everywhere: the mask alone makes the picture."""
    return zlib.compress(bytes((width + 7) // 8 * height), 9)


@lru_cache(maxsize=512)
def _content(look: Appearance, width: float, height: float) -> bytes:
    """What is drawn; the same on every record of a batch, and so drawn once."""
    lines: list[bytes] = [b"q"]
    top, bottom = height, 0.0
    for caption in look.caption_lines:
        size = _fit(caption, _CAPTION_SIZE, width)
        top -= size * _LEADING
        lines.append(_text(caption, size, width, top + size * 0.3))
    if look.name:
        stamp = local_text(look.signed_at)
        size = _fit(stamp, _TIME_SIZE, width)
        lines.append(_text(stamp, size, width, bottom + size * 0.3))
        bottom += size * _LEADING
        size = _fit(look.name, _NAME_SIZE, width)
        lines.append(_text(look.name, size, width, bottom + size * 0.3))
        bottom += size * _LEADING
    lines.append(_image(look.image, width, bottom, top))
    lines.append(b"Q")
    return b"\n".join(lines)


def _fit(text: str, size: float, width: float) -> float:
    """A long name shrinks to its rectangle, never out of it and never below what can be read on paper."""
    wide = text_width(text, size)
    return size if wide <= width else max(_SMALLEST, round(size * width / wide - 0.05, 1))


def _text(text: str, size: float, width: float, y: float) -> bytes:
    x = max(0.0, (width - text_width(text, size)) / 2)
    return b"BT /F %s Tf 0.13 0.13 0.13 rg %s %s Td %s Tj ET" % (number(size), number(x), number(y), glyph_hex(text))


def _image(image: InkImage, width: float, bottom: float, top: float) -> bytes:
    space = max(top - bottom, 1.0)
    scale = min(width / image.width, space / image.height)
    wide, high = image.width * scale, image.height * scale
    x, y = (width - wide) / 2, bottom + (space - high) / 2
    return b"q %s 0 0 %s %s %s cm /I Do Q" % (number(wide), number(high), number(x), number(y))
