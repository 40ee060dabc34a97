"""What a base revision of ours may be: the fresh layout, then one update with fields, font and manifest – nothing else.

Every signature covers the base, so it cannot be changed later; but whoever prepares one could hide in it what is shown only
after signing (scripts, actions, optional content, other annotations). So every object must match the grammar of the place
where our layout puts it (`forms.pdf_file`, `signing.base`): unknown keys, unknown objects or another order are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hocba_app.domain.errors import HocbaError
from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.append_state import FieldPlace, stage_of
from hocba_app.recordfile.base_revision import field_body
from hocba_app.recordfile.manifest import WRITERS, Manifest
from hocba_app.recordfile.pdf_syntax import obj, ref, stream
from hocba_app.recordfile.signature_font import font_objects
from hocba_app.verification.strict_pdf_objects import (
    Deviation,
    Parsed,
    read_objects,
    require_same,
    require_section,
    unpack,
)

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_N = rb"([1-9][0-9]{0,5})"
_NUM = rb"-?[0-9]{1,6}(?:\.[0-9]{1,4})?"
_HEX = rb"<FEFF(?:[0-9A-F]{4})*>"
_FONT_NAME = rb"[A-Z]{6}\+[A-Za-z0-9-]{1,40}"
_CATALOG = (
    b"<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) /Metadata 4 0 R /OutputIntents [6 0 R] "
    b"/ViewerPreferences << /DisplayDocTitle true >> >>"
)
_INTENT = (
    b"<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB IEC61966-2.1) "
    b"/Info (sRGB IEC61966-2.1) /DestOutputProfile 5 0 R >>"
)
_TREE = re.compile(rb"<< /Type /Pages /Count (\d{1,3}) /Kids \[(" + _N + rb" 0 R(?: [0-9]+ 0 R)*)\] >>")
_INFO = re.compile(rb"<< /Title " + _HEX + rb" /Producer " + _HEX + rb" /Creator " + _HEX + rb" >>")
_METADATA = re.compile(rb"<< /Type /Metadata /Subtype /XML /Length \d+ >>")
_PROFILE = re.compile(rb"<< /N 3 /Filter /FlateDecode /Length \d+ >>")
_FONT_FILE = re.compile(rb"<< /Length1 (\d{1,7}) /Filter /FlateDecode /Length \d+ >>")
_DESCRIPTOR = re.compile(
    rb"<< /Type /FontDescriptor /FontName /("
    + _FONT_NAME
    + rb") /Flags \d{1,6} /FontBBox \[(?:"
    + _NUM
    + rb" ?){4}\] /ItalicAngle "
    + _NUM
    + rb" /Ascent "
    + _NUM
    + rb" /Descent "
    + _NUM
    + rb" /CapHeight "
    + _NUM
    + rb" /StemV "
    + _NUM
    + rb" /FontFile2 "
    + _N
    + rb" 0 R >>"
)
_DESCENDANT = re.compile(
    rb"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /(" + _FONT_NAME + rb") /FontDescriptor " + _N + rb" 0 R "
    rb"/CIDSystemInfo << /Registry \(Adobe\) /Ordering \(Identity\) /Supplement 0 >> /CIDToGIDMap /Identity /W \[[-0-9. \[\]]*\] >>"
)
_PACKED = re.compile(rb"<< /Filter /FlateDecode /Length \d+ >>")
_TYPE0 = re.compile(
    rb"<< /Type /Font /Subtype /Type0 /BaseFont /("
    + _FONT_NAME
    + rb") /Encoding /Identity-H /DescendantFonts \["
    + _N
    + rb" 0 R\] /ToUnicode "
    + _N
    + rb" 0 R >>"
)
_IMAGE = re.compile(
    rb"<< /Type /XObject /Subtype /Image /Width (\d{1,4}) /Height (\d{1,4}) /ColorSpace /(DeviceRGB|DeviceGray) "
    rb"/BitsPerComponent ([148]) /Filter /(DCTDecode|FlateDecode) /Length \d+ >>"
)
_RESOURCES = re.compile(
    rb"<< /Font << ((?:/[A-Za-z0-9]+ [0-9]+ 0 R ?)*) ?>> /XObject << ((?:/[A-Za-z0-9]+ [0-9]+ 0 R ?)*) ?>> >>"
)
_PAGE = re.compile(
    rb"<< /Type /Page /Parent 2 0 R /MediaBox \[0 0 ("
    + _NUM
    + rb") ("
    + _NUM
    + rb")\] /Resources "
    + _N
    + rb" 0 R /Contents "
    + _N
    + rb" 0 R >>"
)
_DRAWING = re.compile(
    rb"(?:[-0-9.\[\] \n]++|<[0-9A-F]*+>|/[A-Za-z0-9]{1,20}(?=[ \n])"
    rb"|(?:q|Q|cm|w|J|j|d|M|m|l|c|h|re|S|s|f|B|n|W|BT|ET|Tf|Td|Tj|TJ|Tc|Tw|Tz|RG|rg|G|g|K|k|Do)(?=[ \n]|\Z))*+\Z"
)
_TRAILER = re.compile(
    rb"trailer\n<< /Size (\d+) /Root 1 0 R /Info 3 0 R /ID (\[<([0-9a-f]{32})> <([0-9a-f]{32})>\]) >>\nstartxref\n(\d+)\n%%EOF\n"
)
_REFS = re.compile(rb"(\d+) 0 R")
_FIELD = re.compile(
    rb"<</Type /Annot /Subtype /Widget /FT /Sig /T \(([A-Za-z0-9_-]{1,60})\)(?: /Parent "
    + _N
    + rb" 0 R)? /F 132 /Rect \[((?:"
    + _NUM
    + rb" ?){4})\] /P "
    + _N
    + rb" 0 R /AP <</N "
    + _N
    + rb" 0 R>>"
)
_GROUP = re.compile(rb"<</T \(([A-Za-z0-9_-]{1,60})\)(?: /Parent " + _N + rb" 0 R)? /Kids \[([0-9 R]*)\]>>")
MOST_CONTENT, MOST_FONT, MOST_MANIFEST, MOST_IMAGE = 2 << 20, 2 << 20, 256 << 10, 16 << 20
MOST_PAGES, MOST_FONTS, MOST_IMAGES = 20, 12, 4
"""Together they bound what the fast way ever unpacks of a base."""


WIDEST_FIELD, HIGHEST_FIELD = 160.0, 120.0
"""Points. A signature may draw in its own field only; one that covers the marks has no place in a record."""


class OtherWriter(NotShown):
    """A record of another version of this software."""


@dataclass(slots=True)
class Base:
    """What the updates build on. The bodies change as archive updates come."""

    manifest: Manifest
    length: int
    startxref: int
    size: int
    file_id: bytes
    root: int
    root_body: bytes
    form: int
    form_fields: list[int]
    own_fields: int
    """Top-level fields of the base; those after them are document time stamps."""
    font: int
    pages: list[int]
    page_bodies: dict[int, bytes]
    annotations: dict[int, list[int]]
    fields: dict[str, FieldPlace]
    signed: set[str] = field(default_factory=set)

    @property
    def info(self) -> bytes:
        """The trailer's entry, as every update repeats it."""
        return b" /Info 3 0 R"


def read_base(file: bytes) -> Base:
    """Read the base revision.

    Raises:
        NotShown: the file does not begin like one of ours at all, or its manifest names another writer.
        Deviation: it does, but something in its base is not what we write.
    """
    if not file.startswith(HEADER + b"1 0 obj\n<< /Type /Catalog "):
        raise NotShown("foreign")
    try:
        layout = _layout(file)
        return _fields_and_manifest(file, layout)
    except OtherWriter:
        raise
    except Exception as error:
        # Whatever a hostile base does to the reader, not only what it refuses: it was not shown to be ours.
        raise Deviation("base", str(error)) from error


@dataclass(frozen=True, slots=True)
class _Layout:
    objects: list[Parsed]
    end: int
    startxref: int
    file_id: bytes
    pages: list[int]
    box: tuple[float, float]


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


def _layout(file: bytes) -> _Layout:
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
    walk.exactly(_CATALOG, "catalog")
    tree = walk.take(_TREE, "page tree")[1]
    walk.take(_INFO, "info")
    if len(walk.take(_METADATA, "metadata", has_stream=True)[0].data or b"") > 1 << 16:
        raise NotShown("metadata")
    unpack(walk.take(_PROFILE, "colour profile", has_stream=True)[0].data, 1 << 16)
    walk.exactly(_INTENT, "output intent")
    fonts: list[int] = []
    images: list[int] = []
    pages: list[int] = []
    box = (0.0, 0.0)
    while walk.is_at(_FONT_FILE) and len(fonts) <= MOST_FONTS:
        fonts.append(_font(walk))
    while walk.is_at(_IMAGE) and len(images) <= MOST_IMAGES:
        images.append(_image(walk))
    if len(fonts) > MOST_FONTS or len(images) > MOST_IMAGES:
        raise NotShown("fonts or images")
    resources, found = walk.take(_RESOURCES, "resources")
    if _numbers(found.group(1)) != fonts or sorted(_numbers(found.group(2))) != images:
        raise NotShown("resources")
    while not walk.finished and len(pages) <= MOST_PAGES:
        number, box = _page(walk, resources.number, box)
        pages.append(number)
    if _numbers(tree.group(2)) != pages or int(tree.group(1)) != len(pages) or not 1 <= len(pages) <= MOST_PAGES:
        raise NotShown("pages")
    return _Layout(objects, trailer.end(), at, trailer.group(2), pages, box)


def _font(walk: _Walk) -> int:
    program, _ = walk.take(_FONT_FILE, "font program", has_stream=True)
    unpack(program.data, MOST_FONT)
    descriptor, names = walk.take(_DESCRIPTOR, "font descriptor")
    descendant, second = walk.take(_DESCENDANT, "font")
    to_unicode, _ = walk.take(_PACKED, "font map", has_stream=True)
    unpack(to_unicode.data, 1 << 20)
    font, third = walk.take(_TYPE0, "font")
    if int(names.group(2)) != program.number or int(second.group(2)) != descriptor.number:
        raise NotShown("font references")
    if (int(third.group(2)), int(third.group(3))) != (descendant.number, to_unicode.number):
        raise NotShown("font references")
    return font.number


def _image(walk: _Walk) -> int:
    image, found = walk.take(_IMAGE, "image", has_stream=True)
    width, height, depth = int(found.group(1)), int(found.group(2)), int(found.group(4))
    if found.group(5) == b"FlateDecode":
        channels = 3 if found.group(3) == b"DeviceRGB" else 1
        size = (width * channels * depth + 7) // 8 * height
        if size > MOST_IMAGE or len(unpack(image.data, size)) != size:
            raise NotShown("image")
    return image.number


def _page(walk: _Walk, resources: int, box: tuple[float, float]) -> tuple[int, tuple[float, float]]:
    drawing, _ = walk.take(_PACKED, "page content", has_stream=True)
    if _DRAWING.match(unpack(drawing.data, MOST_CONTENT)) is None:
        raise NotShown("page content")
    page, found = walk.take(_PAGE, "page")
    size = float(found.group(1)), float(found.group(2))
    if (int(found.group(3)), int(found.group(4))) != (resources, drawing.number) or (box != (0.0, 0.0) and box != size):
        raise NotShown("page")
    return page.number, size


def _numbers(references: bytes) -> list[int]:
    return [int(number) for number in _REFS.findall(references)]


def _fields_and_manifest(file: bytes, layout: _Layout) -> Base:
    objects, at = read_objects(file, layout.end)
    first = len(layout.objects) + 1
    form, manifest_number, empty, font = first, first + 1, first + 2, first + 3
    font_parts = font_objects(font)
    if len(objects) < 4 + len(font_parts):
        raise NotShown("update of the fields")
    manifest = _manifest(objects[2])
    rest = objects[3 + 1 + len(font_parts) :]
    pages_at = next((index for index, parsed in enumerate(rest) if parsed.number in layout.pages), len(rest))
    groups, fields = _field_tree(rest[:pages_at], font + len(font_parts))
    names = [slot.field for slot in manifest.slots]
    if sorted(fields) != sorted(names) or len(set(names)) != len(names):
        raise NotShown("fields and manifest differ")
    for place in fields.values():
        left, bottom, right, top = place.rect
        if right - left > WIDEST_FIELD or top - bottom > HIGHEST_FIELD:
            raise NotShown("size of a field")
        if place.page not in layout.pages or not (
            0 <= left < right <= layout.box[0] and 0 <= bottom < top <= layout.box[1]
        ):
            raise NotShown("place of a field")
    root_body = b"%s /AcroForm %s /HBManifest %s>>" % (_CATALOG[:-2].rstrip(), ref(form), ref(manifest_number))
    form_fields = _kids("", groups, fields)
    annotations = {page: [place.number for place in fields.values() if place.page == page] for page in layout.pages}
    bodies = {page: layout.objects[page - 1].line for page in layout.pages}
    expected = [
        (1, obj(1, root_body)),
        (form, obj(form, form_body(form_fields, font))),
        (manifest_number, file[objects[2].offset : objects[2].end]),
        (empty, stream(empty, b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources <<>>", b"")),
        *font_parts,
        *(
            (number, obj(number, _group_body(path, groups, _kids(path, groups, fields))))
            for path, number in groups.items()
        ),
        *(
            (place.number, obj(place.number, field_body(name, place.page, place.rect, empty, parent=place.parent)))
            for name, place in fields.items()
        ),
        *(
            (page, obj(page, with_annotations(bodies[page], annotations[page])))
            for page in layout.pages
            if annotations[page]
        ),
    ]
    require_same(file, objects, expected)
    size = first + 3 + len(font_parts) + len(fields) + len(groups)
    end = require_section(
        file, at, objects, size=size, root=1, info=b" /Info 3 0 R", file_id=layout.file_id, previous=layout.startxref
    )
    return Base(
        manifest=manifest,
        length=end,
        startxref=at,
        size=size,
        file_id=layout.file_id,
        root=1,
        root_body=root_body,
        form=form,
        form_fields=form_fields,
        own_fields=len(form_fields),
        font=font,
        pages=layout.pages,
        page_bodies=bodies,
        annotations=annotations,
        fields=fields,
    )


def form_body(fields: list[int], font: int) -> bytes:
    """The form with its top-level fields."""
    return b"<</Fields [%s] /SigFlags 3 /DR <</Font <</F %s>>>>>>" % (
        b" ".join(ref(number) for number in fields),
        ref(font),
    )


def with_annotations(page: bytes, annotations: list[int]) -> bytes:
    """A page of the layout with its widgets."""
    return b"%s /Annots [%s]>>" % (page[:-2].rstrip(), b" ".join(ref(number) for number in annotations))


def _manifest(parsed: Parsed) -> Manifest:
    if re.fullmatch(rb"<</Type /HBManifest /Filter /FlateDecode /Length \d+>>", parsed.line) is None:
        raise NotShown("manifest")
    try:
        manifest = Manifest.loads(unpack(parsed.data, MOST_MANIFEST))
    except HocbaError as error:
        raise NotShown("manifest") from error
    if manifest.writer not in WRITERS:
        raise OtherWriter("another writer")
    if manifest.writer != manifest.format:  # they came together; no writer of ours mixes them
        raise NotShown("format and writer")
    return manifest


def _field_tree(objects: list[Parsed], first: int) -> tuple[dict[str, int], dict[str, FieldPlace]]:
    """Groups by path and fields by full name, both in the order of their object numbers."""
    paths: dict[int, str] = {}
    groups: dict[str, int] = {}
    raw: list[tuple[Parsed, re.Match[bytes]]] = []
    for parsed in objects:
        if (group := _GROUP.fullmatch(parsed.line)) is not None:
            parent = int(group.group(2)) if group.group(2) else None
            if parent is not None and parent not in paths:
                raise NotShown("field tree")
            paths[parsed.number] = (f"{paths[parent]}." if parent is not None else "") + group.group(1).decode()
            groups[paths[parsed.number]] = parsed.number
        elif (found := _FIELD.match(parsed.line)) is not None:
            raw.append((parsed, found))
        else:
            raise NotShown("field")
    fields: dict[str, FieldPlace] = {}
    for parsed, found in raw:
        parent = int(found.group(2)) if found.group(2) else None
        if parent is not None and parent not in paths:
            raise NotShown("field tree")
        name = (f"{paths[parent]}." if parent is not None else "") + found.group(1).decode()
        left, bottom, right, top = (float(edge) for edge in found.group(3).split())
        fields[name] = FieldPlace(
            parsed.number, int(found.group(4)), parent, (left, bottom, right, top), stage_of(name)
        )
    numbers = [place.number for place in fields.values()] + list(groups.values())
    if numbers != list(range(first, first + len(objects))) or len(fields) != len(raw):
        raise NotShown("numbers of the fields")
    return groups, fields


def _kids(path: str, groups: dict[str, int], fields: dict[str, FieldPlace]) -> list[int]:
    kids = [number for name, number in groups.items() if name.rpartition(".")[0] == path]
    return kids + [place.number for name, place in fields.items() if name.rpartition(".")[0] == path]


def _group_body(path: str, groups: dict[str, int], kids: list[int]) -> bytes:
    above, _, own = path.rpartition(".")
    return b"<</T (%s)%s /Kids [%s]>>" % (
        own.encode(),
        b" /Parent %s" % ref(groups[above]) if above else b"",
        b" ".join(ref(number) for number in kids),
    )
