"""Pages into a file: classic cross-reference table, one object after the other, PDF/A-2b, no clock and no chance.

Written for what comes after it: the signing core appends classic updates to this file, and its strict reader knows this
shape. Equal pages give equal bytes.
"""

from __future__ import annotations

import functools
import hashlib
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hocba_app.forms.fonts import Face
from hocba_app.forms.page import PAGE_HEIGHT, PAGE_WIDTH, Page
from hocba_app.forms.pdfa import SRGB_PROFILE, xmp

PRODUCER = "Học bạ điện tử"
_PROFILE = zlib.compress(SRGB_PROFILE, 9)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as the file stores it."""

    width: int
    height: int
    colour_space: str
    bits: int
    stream_filter: str
    data: bytes


class _Objects:
    """Objects in order of number; their references are known when they are added or reserved."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def reserve(self) -> int:
        self._bodies.append(b"")
        return len(self._bodies)

    def put(self, number: int, body: str | bytes) -> int:
        self._bodies[number - 1] = body.encode("ascii") if isinstance(body, str) else body
        return number

    def add(self, body: str | bytes) -> int:
        return self.put(self.reserve(), body)

    def stream(self, entries: str, data: bytes) -> int:
        head = f"<< {entries} /Length {len(data)} >>\nstream\n".encode("ascii")
        return self.add(head + data + b"\nendstream")

    def file(self, root: int, info: int, identity: str) -> bytes:
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        table = [b"0000000000 65535 f \n"]
        for number, body in enumerate(self._bodies, 1):
            table.append(b"%010d 00000 n \n" % len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(out)
        out += b"xref\n0 %d\n" % len(table) + b"".join(table)
        out += (
            f"trailer\n<< /Size {len(table)} /Root {root} 0 R /Info {info} 0 R /ID [<{identity}> <{identity}>] >>\n"
            f"startxref\n{start}\n%%EOF\n"
        ).encode("ascii")
        return bytes(out)


def write_pdf(pages: list[Page], pictures: dict[str, Picture], *, title: str, identity: bytes) -> bytes:
    """The finished file.

    Args:
        pages: in order; they name fonts by face and pictures by name.
        pictures: every picture the pages place.
        title: shown by viewers as the window's title.
        identity: what this document is; its hash becomes the file's ID.
    """
    objects = _Objects()
    catalog, tree, info = objects.reserve(), objects.reserve(), objects.reserve()
    metadata = objects.stream("/Type /Metadata /Subtype /XML", xmp(title, PRODUCER))
    profile = objects.stream("/N 3 /Filter /FlateDecode", _PROFILE)
    intent = objects.add(
        "<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB IEC61966-2.1) "
        f"/Info (sRGB IEC61966-2.1) /DestOutputProfile {profile} 0 R >>"
    )
    fonts = {face.key: _font(objects, face, letters) for face, letters in _letters(pages)}
    images = {name: _picture(objects, picture) for name, picture in pictures.items()}
    resources = objects.add(f"<< /Font << {_names(fonts)} >> /XObject << {_names(images)} >> >>")
    kids = [_page(objects, page, tree, resources) for page in pages]
    objects.put(
        catalog,
        f"<< /Type /Catalog /Pages {tree} 0 R /Lang (vi-VN) /Metadata {metadata} 0 R /OutputIntents [{intent} 0 R] "
        "/ViewerPreferences << /DisplayDocTitle true >> >>",
    )
    objects.put(tree, f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>")
    producer = _text(PRODUCER)
    objects.put(info, f"<< /Title {_text(title)} /Producer {producer} /Creator {producer} >>")
    return objects.file(catalog, info, hashlib.sha256(identity).hexdigest()[:32])


def _letters(pages: list[Page]) -> list[tuple[Face, tuple[str, ...]]]:
    used: dict[Face, set[str]] = {}
    for page in pages:
        for face, letters in page.letters.items():
            used.setdefault(face, set()).update(letters)
    return sorted(((face, tuple(sorted(letters))) for face, letters in used.items()), key=lambda item: item[0].key)


def _page(objects: _Objects, page: Page, tree: int, resources: int) -> int:
    content = objects.stream("/Filter /FlateDecode", zlib.compress(page.content(), 6))
    return objects.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {PAGE_WIDTH:.2f} {PAGE_HEIGHT:.2f}] "
        f"/Resources {resources} 0 R /Contents {content} 0 R >>"
    )


def _picture(objects: _Objects, picture: Picture) -> int:
    return objects.stream(
        f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} "
        f"/ColorSpace /{picture.colour_space} /BitsPerComponent {picture.bits} /Filter /{picture.stream_filter}",
        picture.data,
    )


def _font(objects: _Objects, face: Face, letters: tuple[str, ...]) -> int:
    # Where two letters share a glyph (blank and no-break blank), the plainer one is read back.
    glyphs = {face.glyph(letter): letter for letter in reversed(letters)}
    program = face.subset(set(glyphs))
    tag = (
        hashlib.sha256("".join(letters).encode())
        .hexdigest()[:6]
        .translate(str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP"))
    )
    name = f"{tag}+{face.name}"
    font_file = objects.stream(f"/Length1 {len(program)} /Filter /FlateDecode", zlib.compress(program, 6))
    descriptor = objects.add(
        f"<< /Type /FontDescriptor /FontName /{name} {face.descriptor} /FontFile2 {font_file} 0 R >>"
    )
    descendant = objects.add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /FontDescriptor {descriptor} 0 R "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        f"/CIDToGIDMap /Identity /W [{widths(face, glyphs)}] >>"
    )
    letter_map = objects.stream("/Filter /FlateDecode", zlib.compress(to_unicode(glyphs), 6))
    return objects.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [{descendant} 0 R] /ToUnicode {letter_map} 0 R >>"
    )


def widths(face: Face, glyphs: Collection[int]) -> str:
    """The advances of glyphs as a font's ``/W`` has them."""
    return " ".join([_width(face, glyph) for glyph in sorted(glyphs)])


@functools.lru_cache(maxsize=8192)
def _width(face: Face, glyph: int) -> str:
    return f"{glyph} [{face.thousandths(glyph):g}]"


@functools.lru_cache(maxsize=8192)
def _pair(glyph: int, letter: str) -> str:
    return f"<{glyph:04X}> <{letter.encode('utf-16-be').hex().upper()}>"


def to_unicode(glyphs: Mapping[int, str]) -> bytes:
    """The map from glyph back to letter, in blocks of at most a hundred as the format allows."""
    pairs = [_pair(glyph, letter) for glyph, letter in sorted(glyphs.items())]
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    ).encode("ascii")


def _names(numbers: dict[str, int]) -> str:
    return " ".join(f"/{name} {number} 0 R" for name, number in numbers.items())


def _text(text: str) -> str:
    """A text string of the document: UTF-16 with its mark, in hexadecimal."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"
