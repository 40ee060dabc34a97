"""How a signature looks: the handwritten image, the name, the time; the seal: the red image alone.

An appearance is a pure function of the image, the texts, the rectangle and the writer's version: verification replays it. Since
version 3 all names have one size, in the face of the forms, and one signature of a record writes its day into the form's line.
The image is appearance only; the legal signature is the digital one.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.recordfile import date_line
from hocba_app.recordfile.pdf_syntax import number, ref, stream
from hocba_app.recordfile.signature_font import SignatureFace, signature_face

_MAGIC = b"HBI1"
MAX_SIDE = 1200
_NAME_SIZE, _SMALLEST, _CAPTION_SIZE, _TIME_SIZE = 8.0, 4.0, 6.5, 4.8
_LEADING = 1.25
_ONE_SIZE, _CLOCK_SIZE, _NAME_LEADING = 7.5, 5.0, 1.15
"""Of names and captions, of times, between two lines of a name: since writer version 3."""


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
    writer: int = 2
    """Whose way of drawing; the writer sets it, and the next, as the file asks."""
    dated: bool = False
    """The day stands in the form's line as well, which the rectangle's upper part lies over."""


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
    face = signature_face(look.writer)
    texts = _texts_in_fitted_sizes if look.writer < 3 else _texts_in_one_size
    shown, bottom, top = texts(look, face, width, height)
    return b"\n".join([b"q", *shown, _image(look.image, width, bottom, top), b"Q"])


def _texts_in_fitted_sizes(
    look: Appearance, face: SignatureFace, width: float, height: float
) -> tuple[list[bytes], float, float]:
    """Lines of text, and the room they leave: writer versions 1 and 2."""
    lines: list[bytes] = []
    top, bottom = height, 0.0
    for caption in look.caption_lines:
        size = _fit(caption, _CAPTION_SIZE, width, face)
        top -= size * _LEADING
        lines.append(_text(caption, size, width, top + size * 0.3, face, _RGB))
    if look.name:
        for text, largest in ((local_text(look.signed_at), _TIME_SIZE), (look.name, _NAME_SIZE)):
            size = _fit(text, largest, width, face)
            lines.append(_text(text, size, width, bottom + size * 0.3, face, _RGB))
            bottom += size * _LEADING
    return lines, bottom, top


def _texts_in_one_size(
    look: Appearance, face: SignatureFace, width: float, height: float
) -> tuple[list[bytes], float, float]:
    """The same since version 3: the day in its blanks, captions, the time, the name from its last line up."""
    lines: list[bytes] = []
    top, bottom = height, 0.0
    if look.dated:
        lines += _day(look.signed_at, width, height - date_line.BASELINE, face)
        top -= date_line.HEAD
    for caption in look.caption_lines:
        size = _fit(caption, _ONE_SIZE, width, face)
        top -= size * _LEADING
        lines.append(_text(caption, size, width, top + size * 0.3, face))
    if look.name:
        lines.append(_text(local_text(look.signed_at), _CLOCK_SIZE, width, bottom + _CLOCK_SIZE * 0.3, face))
        bottom += _CLOCK_SIZE * _LEADING
        parts = name_lines(look.name, width)
        size = min(_fit(part, _ONE_SIZE, width, face) for part in parts)
        for part in reversed(parts):
            lines.append(_text(part, size, width, bottom + size * 0.3, face))
            bottom += size * _NAME_LEADING
    return lines, bottom, top


def name_lines(name: str, width: float) -> list[str]:
    """A name on one line, or a longer one on two of about the same length (writer version 3)."""
    face = signature_face(3)
    words = name.split(" ")
    if len(words) == 1 or face.text_width(name, _ONE_SIZE) <= width:
        return [name]
    pairs = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return list(min(pairs, key=lambda pair: max(face.text_width(part, _ONE_SIZE) for part in pair)))


def lines_around_captions(name: str, width: float, writer: int, *, dated: bool) -> tuple[int, int]:
    """How many lines of text an appearance has before and after its captions."""
    if writer < 3:
        return 0, 2 if name else 0
    return len(date_line.WORDS) if dated else 0, 1 + len(name_lines(name, width)) if name else 0


def _day(instant: datetime, width: float, y: float, face: SignatureFace) -> list[bytes]:
    """Each number in the middle of its blank."""
    size, found = date_line.SIZE, []
    for digits, (left, right) in zip(date_line.digits(instant), date_line.BLANKS, strict=True):
        x = width - (left + right) / 2 - face.text_width(digits, size) / 2
        found.append(_at(digits, size, x, y, face))
    return found


def _fit(text: str, size: float, width: float, face: SignatureFace) -> float:
    """A long name shrinks to its rectangle, never out of it and never below what can be read on paper."""
    wide = face.text_width(text, size)
    return size if wide <= width else max(_SMALLEST, round(size * width / wide - 0.05, 1))


_RGB, _GREY = b"0.13 0.13 0.13 rg", b"0.13 g"
"""The colour of texts; the shorter since writer version 3."""


def _text(text: str, size: float, width: float, y: float, face: SignatureFace, colour: bytes = _GREY) -> bytes:
    return _at(text, size, max(0.0, (width - face.text_width(text, size)) / 2), y, face, colour)


def _at(text: str, size: float, x: float, y: float, face: SignatureFace, colour: bytes = _GREY) -> bytes:
    shown = face.glyph_hex(text)
    return b"BT /F %s Tf %s %s %s Td %s Tj ET" % (number(size), colour, number(x), number(y), shown)


def _image(image: InkImage, width: float, bottom: float, top: float) -> bytes:
    space = max(top - bottom, 1.0)
    scale = min(width / image.width, space / image.height)
    wide, high = image.width * scale, image.height * scale
    x, y = (width - wide) / 2, bottom + (space - high) / 2
    return b"q %s 0 0 %s %s %s cm /I Do Q" % (number(wide), number(high), number(x), number(y))
