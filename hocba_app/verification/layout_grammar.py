"""The fresh layout of a record, as `forms.pdf_file` writes it: the first half of a base revision (writer versions 1 and 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from hocba_app.forms.page import PAGE_HEIGHT, PAGE_WIDTH
from hocba_app.forms.pdf_file import PRODUCER
from hocba_app.forms.pdfa import SRGB_PROFILE, xmp
from hocba_app.pki.not_shown import NotShown
from hocba_app.verification.page_geometry import Boxes, require_clear
from hocba_app.verification.page_grammar import TEXT_BEGINS, ShownText, Table, font_table, page_texts
from hocba_app.verification.strict_pdf_objects import Parsed, read_objects, unpack

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
N = rb"([1-9][0-9]{0,5})"
NUM = rb"-?[0-9]{1,6}(?:\.[0-9]{1,4})?"
_HEX = rb"<FEFF((?:[0-9A-F]{4})*)>"
_FONT_NAME = rb"[A-Z]{6}\+[A-Za-z0-9-]{1,40}"
CATALOG = (
    b"<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) /Metadata 4 0 R /OutputIntents [6 0 R] "
    b"/ViewerPreferences << /DisplayDocTitle true >> >>"
)
_INTENT = (
    b"<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB IEC61966-2.1) "
    b"/Info (sRGB IEC61966-2.1) /DestOutputProfile 5 0 R >>"
)
_TREE = re.compile(rb"<< /Type /Pages /Count (\d{1,3}) /Kids \[(" + N + rb" 0 R(?: [0-9]+ 0 R)*)\] >>")
_INFO = re.compile(rb"<< /Title " + _HEX + rb" /Producer " + _HEX + rb" /Creator " + _HEX + rb" >>")
_METADATA = re.compile(rb"<< /Type /Metadata /Subtype /XML /Length \d+ >>")
_PROFILE = re.compile(rb"<< /N 3 /Filter /FlateDecode /Length \d+ >>")
_FONT_FILE = re.compile(rb"<< /Length1 (\d{1,7}) /Filter /FlateDecode /Length \d+ >>")
_DESCRIPTOR = re.compile(
    rb"<< /Type /FontDescriptor /FontName /("
    + _FONT_NAME
    + rb") (/Flags [-0-9A-Za-z./ \[\]]{1,200}) /FontFile2 "
    + N
    + rb" 0 R >>"
)
_DESCENDANT = re.compile(
    rb"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /(" + _FONT_NAME + rb") /FontDescriptor " + N + rb" 0 R "
    rb"/CIDSystemInfo << /Registry \(Adobe\) /Ordering \(Identity\) /Supplement 0 >> /CIDToGIDMap /Identity /W \[([-0-9. \[\]]*)\] >>"
)
_PACKED = re.compile(rb"<< /Filter /FlateDecode /Length \d+ >>")
_TYPE0 = re.compile(
    rb"<< /Type /Font /Subtype /Type0 /BaseFont /("
    + _FONT_NAME
    + rb") /Encoding /Identity-H /DescendantFonts \["
    + N
    + rb" 0 R\] /ToUnicode "
    + N
    + rb" 0 R >>"
)
_IMAGE = re.compile(
    rb"<< /Type /XObject /Subtype /Image /Width (\d{1,4}) /Height (\d{1,4}) /ColorSpace /(DeviceRGB|DeviceGray) "
    rb"/BitsPerComponent ([148]) /Filter /(DCTDecode|FlateDecode) /Length \d+ >>"
)
_RESOURCES = re.compile(
    rb"<< /Font << ((?:/[A-Za-z0-9]+ [0-9]+ 0 R ?)*) ?>> /XObject << ((?:/Photo [0-9]+ 0 R ?)?(?:/Qr [0-9]+ 0 R ?)?(?:/Photo [0-9]+ 0 R)?) ?>> >>"
)
_PAGE = re.compile(
    rb"<< /Type /Page /Parent 2 0 R /MediaBox \[0 0 %.2f %.2f\] /Resources " % (PAGE_WIDTH, PAGE_HEIGHT)
    + N
    + rb" 0 R /Contents "
    + N
    + rb" 0 R >>"
)
_TRAILER = re.compile(
    rb"trailer\n<< /Size (\d+) /Root 1 0 R /Info 3 0 R /ID (\[<([0-9a-f]{32})> <([0-9a-f]{32})>\]) >>\nstartxref\n(\d+)\n%%EOF\n"
)
_QR = re.compile(rb"/Qr (\d+) 0 R")
_REFS = re.compile(rb"(\d+) 0 R")
MAX_CONTENT, MAX_FONT, MAX_IMAGE = 2 << 20, 2 << 20, 16 << 20
MAX_PAGES, MAX_FONTS, MAX_IMAGES = 20, 12, 4
"""Together they bound what the fast way ever unpacks of a base."""


class QrModules(NamedTuple):
    """A QR code as the file has it, one dot a module."""

    side: int
    rows: bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """What the update with the fields builds on."""

    objects: list[Parsed]
    end: int
    startxref: int
    file_id: bytes
    pages: list[int]
    texts: list[list[ShownText]]
    """What each page shows."""
    boxes: list[Boxes]
    """Where each page's texts stand."""
    title: str
    """What a viewer shows as the window's title."""
    qr: QrModules | None
    """The picture of the QR code at the foot of every page."""


class _Walk:
    """The layout's objects in the order they are expected."""

    def __init__(self, objects: list[Parsed]) -> None:
        self._objects = objects
        self._at = 0

    def peek(self) -> Parsed:
        if self._at >= len(self._objects):
            raise NotShown("object missing")
        return self._objects[self._at]

    def take(
        self, grammar: re.Pattern[bytes], what: str, *, has_stream: bool = False
    ) -> tuple[Parsed, re.Match[bytes]]:
        parsed = self.peek()
        found = grammar.fullmatch(parsed.line)
        if found is None or (parsed.data is not None) != has_stream:
            raise NotShown(what)
        self._at += 1
        return parsed, found

    def exactly(self, line: bytes, what: str) -> None:
        if self.peek().line != line or self.peek().data is not None:
            raise NotShown(what)
        self._at += 1

    def is_at(self, grammar: re.Pattern[bytes]) -> bool:
        return self._at < len(self._objects) and grammar.fullmatch(self._objects[self._at].line) is not None

    @property
    def finished(self) -> bool:
        return self._at == len(self._objects)


def read_layout(file: bytes) -> Layout:
    """The layout at the beginning of a file.

    Raises:
        NotShown: something in it is not what we write.
    """
    objects, at = read_objects(file, len(HEADER))
    if [parsed.number for parsed in objects] != list(range(1, len(objects) + 1)):
        raise NotShown("numbers of the layout")
    table = b"".join([b"0000000000 65535 f \n", *(b"%010d 00000 n \n" % parsed.offset for parsed in objects)])
    section = b"xref\n0 %d\n%s" % (len(objects) + 1, table)
    trailer = _TRAILER.match(file, at + len(section))
    if not file.startswith(section, at) or trailer is None:
        raise NotShown("cross-reference table of the layout")
    if (int(trailer.group(1)), int(trailer.group(5))) != (len(objects) + 1, at) or trailer.group(3) != trailer.group(4):
        raise NotShown("trailer of the layout")
    walk = _Walk(objects)
    walk.exactly(CATALOG, "catalog")
    tree = walk.take(_TREE, "page tree")[1]
    title = _title(walk)
    if unpack(walk.take(_PROFILE, "colour profile", has_stream=True)[0].data, 1 << 16) != SRGB_PROFILE:
        raise NotShown("colour profile")  # some readers draw every colour by it
    walk.exactly(_INTENT, "output intent")
    fonts: list[int] = []
    tables: dict[str, Table] = {}
    images: dict[int, QrModules | None] = {}
    pages: list[int] = []
    texts: list[list[ShownText]] = []
    boxes: list[Boxes] = []
    while walk.is_at(_FONT_FILE) and len(fonts) <= MAX_FONTS:
        number, key, letters = _font(walk)
        fonts.append(number)
        tables[key] = letters
    while walk.is_at(_IMAGE) and len(images) <= MAX_IMAGES:
        image = walk.peek().number
        images[image] = _image(walk)
    if len(fonts) > MAX_FONTS or len(images) > MAX_IMAGES:
        raise NotShown("fonts or images")
    resources, found = walk.take(_RESOURCES, "resources")
    named = b" ".join(b"/%s %d 0 R" % (key.encode(), number) for key, number in zip(tables, fonts, strict=False))
    if found.group(1).strip() != named or len(tables) != len(fonts) or sorted(_numbers(found.group(2))) != [*images]:
        raise NotShown("resources")
    while not walk.finished and len(pages) <= MAX_PAGES:
        number, shown, stands = _page(walk, resources.number, tables)
        pages.append(number)
        texts.append(shown)
        boxes.append(stands)
    if _numbers(tree.group(2)) != pages or int(tree.group(1)) != len(pages) or not 1 <= len(pages) <= MAX_PAGES:
        raise NotShown("pages")
    qr = _QR.search(found.group(2))
    shown_qr = images[int(qr.group(1))] if qr is not None else None
    if qr is not None and shown_qr is None:
        raise NotShown("QR code")
    return Layout(objects, trailer.end(), at, trailer.group(2), pages, texts, boxes, title, shown_qr)


def _title(walk: _Walk) -> str:
    """The title, which the properties and the metadata packet name alike, and nothing else in them."""
    info = walk.take(_INFO, "info")[1]
    try:
        title, *writers = (bytes.fromhex(found.decode()).decode("utf-16-be") for found in info.groups())
    except UnicodeDecodeError as error:
        raise NotShown("info") from error
    packet = walk.take(_METADATA, "metadata", has_stream=True)[0].data
    if writers != [PRODUCER, PRODUCER] or packet != xmp(title, PRODUCER):
        raise NotShown("metadata")
    return title


def _font(walk: _Walk) -> tuple[int, str, Table]:
    program, _ = walk.take(_FONT_FILE, "font program", has_stream=True)
    outlines = unpack(program.data, MAX_FONT)
    descriptor, names = walk.take(_DESCRIPTOR, "font descriptor")
    descendant, second = walk.take(_DESCENDANT, "font")
    to_unicode, _ = walk.take(_PACKED, "font map", has_stream=True)
    letters = unpack(to_unicode.data, 1 << 20)
    font, third = walk.take(_TYPE0, "font")
    if int(names.group(3)) != program.number or int(second.group(2)) != descriptor.number:
        raise NotShown("font references")
    if (int(third.group(2)), int(third.group(3))) != (descendant.number, to_unicode.number):
        raise NotShown("font references")
    if not names.group(1) == second.group(1) == third.group(1):
        raise NotShown("font names")
    key, table = font_table(
        names.group(1).decode().partition("+")[2], outlines, names.group(2).decode(), second.group(3), letters
    )
    return font.number, key, table


def _image(walk: _Walk) -> QrModules | None:
    """Check an image.

    Returns:
        What it shows, if it can be a QR code.
    """
    image, found = walk.take(_IMAGE, "image", has_stream=True)
    width, height, depth = int(found.group(1)), int(found.group(2)), int(found.group(4))
    if found.group(5) == b"FlateDecode":
        channels = 3 if found.group(3) == b"DeviceRGB" else 1
        size = (width * channels * depth + 7) // 8 * height
        if size > MAX_IMAGE or len(rows := unpack(image.data, size)) != size:
            raise NotShown("image")
        if (width, channels, depth) == (height, 1, 1):
            return QrModules(width, rows)
    return None


def _page(walk: _Walk, resources: int, tables: dict[str, Table]) -> tuple[int, list[ShownText], Boxes]:
    drawing, _ = walk.take(_PACKED, "page content", has_stream=True)
    content = unpack(drawing.data, MAX_CONTENT)
    shown = page_texts(content, tables)
    stands = require_clear(shown, content.partition(TEXT_BEGINS)[0])
    page, found = walk.take(_PAGE, "page")
    if (int(found.group(1)), int(found.group(2))) != (resources, drawing.number):
        raise NotShown("page")
    return page.number, shown, stands


def _numbers(references: bytes) -> list[int]:
    return [int(number) for number in _REFS.findall(references)]
