"""The base revision: every signature field, the font of names and the manifest, in one update of the fresh layout.

A field or a page added after a signature would make viewers call the earlier signatures invalid, so everything is here
before the first one (`docs/core-decisions.md`, rule 1).
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.append_state import AppendState, FieldPlace, stage_of
from hocba_app.recordfile.incremental_hash import prefix_hashes
from hocba_app.recordfile.manifest import Manifest
from hocba_app.recordfile.pdf_reader import ClassicFile, dictionary_entry
from hocba_app.recordfile.pdf_syntax import Update, number, obj, ref, stream
from hocba_app.recordfile.signature_fields import RenderedDocument, SignatureField
from hocba_app.recordfile.signature_font import signature_face

_REF = re.compile(rb"(\d+) 0 R")
_FIELD_NAME = re.compile(r"(s\.[A-Za-z0-9_-]+\.[0-9]+|homeroom|principal|seal|archive\.[0-9]+)\Z")


def build_base(rendered: RenderedDocument, manifest: Manifest) -> bytes:
    """Make a freshly laid out document ready for its signatures.

    Args:
        rendered: the layout and the places of its fields.
        manifest: who must sign; its slots and the fields must be the same.

    Returns:
        The layout with one update appended.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FILE_STRUCTURE.
    """
    return base_with_tip(rendered, manifest)[0]


def base_with_tip(rendered: RenderedDocument, manifest: Manifest) -> tuple[bytes, AppendState]:
    """:func:`build_base` and the tip of what it makes, as `tip.read_tip` would read it: nobody knows it better than its maker.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FILE_STRUCTURE.
    """
    names = [field.name for field in rendered.fields]
    fields = {field.name: field for field in rendered.fields}
    if sorted(names) != sorted(slot.field for slot in manifest.slots) or len(set(names)) != len(names):
        raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH)
    reader = ClassicFile(rendered.pdf)
    last = reader.sections[-1]
    root, size = last.integer(b"Root"), last.integer(b"Size")
    if root is None or size is None:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="trailer")
    trailer = b"<<" + last.trailer.strip().removeprefix(b"<<")
    info, file_id = dictionary_entry(trailer, b"/Info"), dictionary_entry(trailer, b"/ID")
    pages = _pages(reader, root)
    form, manifest_number, empty, font = size, size + 1, size + 2, size + 3
    font_parts = signature_face(manifest.writer).objects(font)
    first_field = font + len(font_parts)
    numbers = {field.name: first_field + index for index, field in enumerate(rendered.fields)}
    groups = _groups(names, first_field + len(names))

    pdf = rendered.pdf if rendered.pdf.endswith(b"\n") else rendered.pdf + b"\n"
    update = Update(len(pdf))
    update.add(
        root,
        obj(root, _with_entries(reader.body(root), b"/AcroForm %s /HBManifest %s" % (ref(form), ref(manifest_number)))),
    )
    update.add(
        form,
        obj(
            form,
            b"<</Fields [%s] /SigFlags 3 /DR <</Font <</F %s>>>>>>"
            % (_references(_kids("", names, groups), numbers, groups), ref(font)),
        ),
    )
    update.add(
        manifest_number,
        stream(manifest_number, b"/Type /HBManifest /Filter /FlateDecode", zlib.compress(manifest.dumps(), 9)),
    )
    update.add(empty, stream(empty, b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources <<>>", b""))
    for part_number, part in font_parts:
        update.add(part_number, part)
    for path, number_of_group in groups.items():
        update.add(
            number_of_group,
            obj(number_of_group, _group_body(path, _references(_kids(path, names, groups), numbers, groups), groups)),
        )
    for field in rendered.fields:
        parent = groups.get(_parent(field.name))
        body = field_body(field.name, pages[field.page], field.rect, empty, parent=parent)
        update.add(numbers[field.name], obj(numbers[field.name], body))
    for index, page in enumerate(pages):
        own = [ref(numbers[field.name]) for field in rendered.fields if field.page == index]
        if own:
            update.add(page, obj(page, _with_entries(reader.body(page), b"/Annots [%s]" % b" ".join(own))))
    size, in_trailer, startxref = (
        first_field + len(numbers) + len(groups),
        b" /Info %s" % info if info else b"",
        update.xref_offset,
    )
    base = pdf + update.finish(size=size, root=root, info=in_trailer, file_id=file_id or b"[]", previous=last.at)
    state = hashlib.sha256(base)
    prefix_hashes.keep(state, len(base))
    return base, AppendState(
        length=len(base),
        sha256=state.hexdigest(),
        startxref=startxref,
        size=size,
        root=root,
        info=in_trailer.decode(),
        file_id=(file_id or b"[]").decode("latin-1"),
        form=form,
        font=font,
        fields={name: _place(fields[name], pages, numbers[name], groups) for name in _in_tree_order("", names, groups)},
        writer=manifest.writer,
        dated=manifest.dated,
    )


def _place(field: SignatureField, pages: list[int], number_of_field: int, groups: dict[str, int]) -> FieldPlace:
    rect = tuple(float(number(edge)) for edge in field.rect)
    return FieldPlace(
        number=number_of_field,
        page=pages[field.page],
        parent=groups.get(_parent(field.name)),
        rect=rect,  # type: ignore[arg-type] # four edges
        stage=stage_of(field.name),
    )


def _in_tree_order(path: str, names: list[str], groups: dict[str, int]) -> Iterator[str]:
    """Field names as a reader meets them who walks the tree."""
    for kid in _kids(path, names, groups):
        if kid in groups:
            yield from _in_tree_order(kid, names, groups)
        else:
            yield kid


@lru_cache(maxsize=4096)
def field_body(
    name: str,
    page: int,
    rect: tuple[float, float, float, float],
    appearance: int,
    *,
    parent: int | None,
    value: int | None = None,
) -> bytes:
    """A signature field merged with its widget, unsigned or with its value; the one form both writer and replay use.

    A name like ``s.TOAN.1`` is a path: its parts are nested fields, because a part must not contain a period.
    """
    if not _FIELD_NAME.match(name):
        raise HocbaError(ErrorCode.FORM_SLOT_MISMATCH)
    return b"<</Type /Annot /Subtype /Widget /FT /Sig /T (%s)%s /F 132 /Rect [%s] /P %s /AP <</N %s>>%s%s>>" % (
        name.rpartition(".")[2].encode(),
        b" /Parent %s" % ref(parent) if parent is not None else b"",
        b" ".join(number(edge) for edge in rect),
        ref(page),
        ref(appearance),
        b" /Lock <</Type /SigFieldLock /Action /All /P 1>>" if name == "seal" else b"",
        b" /V %s" % ref(value) if value is not None else b"",
    )


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _groups(names: list[str], first: int) -> dict[str, int]:
    """Non-terminal fields by path, numbered from ``first``: ``s``, ``s.TOAN``, …"""
    paths: dict[str, None] = {}
    for name in names:
        parts = name.split(".")
        paths.update(dict.fromkeys(".".join(parts[:depth]) for depth in range(1, len(parts))))
    return {path: first + index for index, path in enumerate(paths)}


def _kids(path: str, names: list[str], groups: dict[str, int]) -> list[str]:
    return [kid for kid in (*groups, *names) if _parent(kid) == path]


def _references(kids: list[str], numbers: dict[str, int], groups: dict[str, int]) -> bytes:
    return b" ".join(ref(groups[kid] if kid in groups else numbers[kid]) for kid in kids)


def _group_body(path: str, kids: bytes, groups: dict[str, int]) -> bytes:
    parent = groups.get(_parent(path))
    return b"<</T (%s)%s /Kids [%s]>>" % (
        path.rpartition(".")[2].encode(),
        b" /Parent %s" % ref(parent) if parent is not None else b"",
        kids,
    )


def _with_entries(body: bytes, entries: bytes) -> bytes:
    if not body.startswith(b"<<") or not body.endswith(b">>"):
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="dictionary")
    return body[:-2].rstrip() + b" " + entries + b">>"


def _pages(reader: ClassicFile, root: int) -> list[int]:
    """Object numbers of the pages; our layout has one flat page tree."""
    tree = _REF.match(dictionary_entry(reader.body(root), b"/Pages") or b"")
    kids = dictionary_entry(reader.body(int(tree.group(1))), b"/Kids") if tree else None
    if not kids:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="pages")
    return [int(page) for page in _REF.findall(kids)]


__all__ = ["SignatureField", "build_base", "field_body"]
