"""What a base revision of ours may be: the fresh layout, then one update with fields, font and manifest – nothing else.

Every signature covers the base, so it cannot be changed later; but whoever prepares one could hide in it what is shown only
after signing (scripts, actions, optional content, other annotations). So every object must match the grammar of the place
where our layout puts it (`forms.pdf_file`, `signing.base`): unknown keys, unknown objects or another order are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hocba_app.domain.errors import HocbaError
from hocba_app.forms.form_version import find_form
from hocba_app.forms.page import PAGE_HEIGHT, PAGE_WIDTH
from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.append_state import FieldPlace, stage_of
from hocba_app.recordfile.base_revision import field_body
from hocba_app.recordfile.manifest import WRITERS, Manifest
from hocba_app.recordfile.pdf_syntax import obj, ref, stream
from hocba_app.recordfile.signature_font import signature_face
from hocba_app.verification.layout_grammar import CATALOG, HEADER, NUM, Layout, N, read_layout
from hocba_app.verification.page_geometry import drawn_in, require_apart
from hocba_app.verification.strict_pdf_objects import (
    Deviation,
    Parsed,
    read_objects,
    require_same,
    require_section,
    unpack,
)

_FIELD = re.compile(
    rb"<</Type /Annot /Subtype /Widget /FT /Sig /T \(([A-Za-z0-9_-]{1,60})\)(?: /Parent "
    + N
    + rb" 0 R)? /F 132 /Rect \[((?:"
    + NUM
    + rb" ?){4})\] /P "
    + N
    + rb" 0 R /AP <</N "
    + N
    + rb" 0 R>>"
)
_GROUP = re.compile(rb"<</T \(([A-Za-z0-9_-]{1,60})\)(?: /Parent " + N + rb" 0 R)? /Kids \[([0-9 R]*)\]>>")
MAX_MANIFEST = 256 << 10


WIDEST_FIELD, HIGHEST_FIELD, HIGHEST_DATED = 160.0, 120.0, 170.0
"""Points; the last where a field reaches up to the line for the day. A signature may draw in its own field only; one that covers the marks has no place in a record."""


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
    layout: Layout
    """Texts of the pages, title, QR code: what a reader shows."""
    signed: set[str] = field(default_factory=set)

    @property
    def dated(self) -> str:
        """The field whose signature writes its day into the form's line."""
        return self.manifest.dated

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
        layout = read_layout(file)
        return _fields_and_manifest(file, layout)
    except (OtherWriter, Deviation):
        raise
    except Exception as error:
        # Whatever a hostile base does to the reader, not only what it refuses: it was not shown to be ours.
        raise Deviation("base", str(error)) from error


def _fields_and_manifest(file: bytes, layout: Layout) -> Base:
    objects, at = read_objects(file, layout.end)
    first = len(layout.objects) + 1
    form, manifest_number, empty, font = first, first + 1, first + 2, first + 3
    if len(objects) < 4:
        raise NotShown("update of the fields")
    manifest = _manifest(objects[2])
    font_parts = signature_face(manifest.writer).objects(font)
    if len(objects) < 4 + len(font_parts):
        raise NotShown("update of the fields")
    rest = objects[3 + 1 + len(font_parts) :]
    pages_at = next((index for index, parsed in enumerate(rest) if parsed.number in layout.pages), len(rest))
    groups, fields = _field_tree(rest[:pages_at], font + len(font_parts))
    names = [slot.field for slot in manifest.slots]
    if sorted(fields) != sorted(names) or len(set(names)) != len(names):
        raise NotShown("fields and manifest differ")
    for place in fields.values():
        left, bottom, right, top = place.rect
        if right - left > WIDEST_FIELD or top - bottom > (HIGHEST_FIELD if manifest.writer < 3 else HIGHEST_DATED):
            raise NotShown("size of a field")
        if place.page not in layout.pages or not (0 <= left < right <= PAGE_WIDTH and 0 <= bottom < top <= PAGE_HEIGHT):
            raise NotShown("place of a field")
    for page, boxes in zip(layout.pages, layout.boxes, strict=True):
        here = {name: place.rect for name, place in fields.items() if place.page == page}
        require_apart(boxes, [area for name in here for area in drawn_in(here[name], is_dated=name == manifest.dated)])
    root_body = b"%s /AcroForm %s /HBManifest %s>>" % (CATALOG[:-2].rstrip(), ref(form), ref(manifest_number))
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
        layout=layout,
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
        manifest = Manifest.loads(unpack(parsed.data, MAX_MANIFEST))
    except HocbaError as error:
        raise NotShown("manifest") from error
    if manifest.writer not in WRITERS:
        raise OtherWriter("another writer")
    if manifest.writer != manifest.format:  # they came together; no writer of ours mixes them
        raise NotShown("format and writer")
    if manifest.format > 2:
        form = find_form(manifest.form)
        if form is None:
            raise OtherWriter("another form")
        if form.dated != manifest.dated:
            raise NotShown("dated field")
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
