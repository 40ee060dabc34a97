"""Signed files into one file for the printer: flattened, marked as copies, laid out on A4 or as A3 booklets.

Every signed page becomes a drawing that is placed as it is; outside the mark a page at true size prints pixel for pixel as
it was signed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.page import MM, PAGE_HEIGHT, PAGE_WIDTH, Page
from hocba_app.forms.pdf_file import write_pdf
from hocba_app.services.printing.copy_mark import draw_mark, draw_seal_pages
from hocba_app.services.printing.options import PacketOptions

_A4 = (PAGE_WIDTH, PAGE_HEIGHT)
_WHOLE = (0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT)
_A3 = (2 * PAGE_WIDTH, PAGE_HEIGHT)
_TOLERANCE = 1.0
"""Points by which a page may differ from A4 before it is brought to size (foreign records)."""


@dataclass(frozen=True, slots=True)
class PacketFile:
    """One signed document to be printed."""

    pdf: bytes
    code: str
    """Verification code of the version."""
    title: str
    """What it is, for the list on the seal page."""
    pupil_id: str
    """Files of one pupil are adjacent and make one booklet."""
    pupil: str = ""
    school: str = ""
    place: str = ""
    head: tuple[str, ...] = ()
    """Who certifies the copy, as the line above his signature says it."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One page to be placed: its drawing (None: left blank), where that lies, and the mark over it."""

    drawing: Object | None
    bounds: tuple[float, float, float, float] = (0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT)
    """Left, bottom, right, top of what is drawn, in the drawing's own units."""
    mark: Object | None = None


_BLANK = _Leaf(None)


def assemble(files: Sequence[PacketFile], options: PacketOptions) -> bytes:
    """One PDF of all files in order; a pure function of its arguments, byte for byte.

    Raises:
        HocbaError: NOTHING_TO_DO without files, FILE_STRUCTURE when a file is no PDF we can read.
    """
    if not files:
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    try:
        # Sources stay open until the packet is written: their streams are copied only then.
        with ExitStack() as stack:
            return _assemble(stack, files, options)
    except pikepdf.PdfError as error:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail=type(error).__name__) from error


def _assemble(stack: ExitStack, files: Sequence[PacketFile], options: PacketOptions) -> bytes:
    packet = stack.enter_context(pikepdf.new())
    marks = _marks(stack, packet, files)
    for _, group in groupby(files, key=lambda file: file.pupil_id):
        own = list(group)
        documents = [_leaves(stack, packet, file, marks[file.code]) for file in own]
        if options.seal_page:
            documents.append(_seal_leaves(stack, packet, own, documents))
        if options.paper == "A3":
            _add_booklet(packet, [leaf for document in documents for leaf in document], options)
        else:
            _add_pages(packet, documents, options)
    out = io.BytesIO()
    packet.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def _marks(stack: ExitStack, packet: Pdf, files: Sequence[PacketFile]) -> dict[str, Object]:
    """One drawing for each code; together they share one font."""
    codes = list(dict.fromkeys(file.code for file in files))
    return dict(zip(codes, _own_pages(stack, packet, [draw_mark(code) for code in codes], "Bản sao"), strict=True))


def _own_pages(stack: ExitStack, packet: Pdf, pages: list[Page], title: str) -> list[Object]:
    pdf = write_pdf(pages, {}, title=title, identity=title.encode())
    source = stack.enter_context(pikepdf.open(io.BytesIO(pdf)))
    return [packet.copy_foreign(page.as_form_xobject()) for page in source.pages]


def _leaves(stack: ExitStack, packet: Pdf, file: PacketFile, mark: Object) -> list[_Leaf]:
    source = stack.enter_context(pikepdf.open(io.BytesIO(file.pdf)))
    # Before anything else: a signature's picture is an annotation and would be lost when the page becomes a drawing.
    source.flatten_annotations("print")
    drawings = [packet.copy_foreign(page.as_form_xobject()) for page in source.pages]
    return [_Leaf(drawing, _bounds(drawing), mark) for drawing in drawings]


def _bounds(drawing: Object) -> tuple[float, float, float, float]:
    """The drawing's box as it is placed: turned where its page was turned, wherever its origin lay."""
    left, bottom, right, top = (float(edge) for edge in drawing.BBox)
    a, b, c, d, e, f = (float(part) for part in drawing.get(Name.Matrix, Array([1, 0, 0, 1, 0, 0])))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = zip(*corners, strict=True)
    return min(across), min(up), max(across), max(up)


def _seal_leaves(stack: ExitStack, packet: Pdf, files: list[PacketFile], documents: list[list[_Leaf]]) -> list[_Leaf]:
    listed = [(file.title, file.code, len(document)) for file, document in zip(files, documents, strict=True)]
    first = files[0]
    pages = draw_seal_pages(first.school, first.place, first.head, first.pupil, listed)
    return [_Leaf(drawing) for drawing in _own_pages(stack, packet, pages, "Sao y")]


def _add_pages(packet: Pdf, documents: Iterable[list[_Leaf]], options: PacketOptions) -> None:
    for document in documents:
        padded = [*document, _BLANK] if options.double_sided and len(document) % 2 else document
        for number, leaf in enumerate(padded):
            back = options.double_sided and number % 2 == 1
            shift = options.binding_mm * MM * (-1 if back else 1)
            _add_sheet(packet, _A4, [_Placed(leaf, 0.0, shift)], options)


def _add_booklet(packet: Pdf, leaves: list[_Leaf], options: PacketOptions) -> None:
    """Sheets folded once and laid into each other: outermost first, front then back; blanks come before the end."""
    padded = [*leaves, *[_BLANK] * (-len(leaves) % 4)]
    for left, right in booklet_order(len(padded)):
        _add_sheet(packet, _A3, [_Placed(padded[left], 0.0), _Placed(padded[right], PAGE_WIDTH)], options)


def booklet_order(count: int) -> Iterator[tuple[int, int]]:
    """Pages (from 0) that lie left and right on each side of each sheet; ``count`` is a multiple of four."""
    for sheet in range(count // 4):
        yield count - 1 - 2 * sheet, 2 * sheet
        yield 2 * sheet + 1, count - 2 - 2 * sheet


@dataclass(frozen=True, slots=True)
class _Placed:
    """A leaf on a sheet: x of its half, and how far it is moved for the binding."""

    leaf: _Leaf
    left: float
    shift: float = 0.0


def _add_sheet(packet: Pdf, size: tuple[float, float], placed: list[_Placed], options: PacketOptions) -> None:
    content: list[str] = []
    drawings = Dictionary()
    for number, place in enumerate(placed):
        if place.leaf.drawing is None:
            continue
        name = f"/P{number}"
        drawings[name] = place.leaf.drawing
        content.append(f"q {_matrix(place, options, place.leaf.bounds)} cm {name} Do Q")
        if place.leaf.mark is not None:
            drawings[f"/M{number}"] = place.leaf.mark
            content.append(f"q {_matrix(place, options, _WHOLE)} cm /M{number} Do Q")
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, _decimal(size[0]), _decimal(size[1])]),
        Resources=Dictionary(XObject=drawings),
        Contents=packet.make_stream("\n".join(content).encode("ascii")),
    )
    packet.pages.append(pikepdf.Page(packet.make_indirect(page)))


def _matrix(place: _Placed, options: PacketOptions, bounds: tuple[float, float, float, float]) -> str:
    """Scaled into the half less its margins, in its middle; the identity where nothing is asked for."""
    margin = options.margin_mm * MM
    left, bottom, width, height = bounds[0], bounds[1], bounds[2] - bounds[0], bounds[3] - bounds[1]
    if (
        max(abs(edge - wanted) for edge, wanted in zip(bounds, _WHOLE, strict=True)) < _TOLERANCE
        and not margin
        and not place.shift
    ):
        return f"1 0 0 1 {place.left:.4f} 0"
    room_width, room_height = PAGE_WIDTH - 2 * margin - abs(place.shift), PAGE_HEIGHT - 2 * margin
    if width <= 0 or height <= 0:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="MediaBox")
    scale = min(room_width / width, room_height / height)
    x = place.left + margin + max(place.shift, 0.0) + (room_width - scale * width) / 2 - scale * left
    y = margin + (room_height - scale * height) / 2 - scale * bottom
    return f"{scale:.5f} 0 0 {scale:.5f} {x:.3f} {y:.3f}"


def _decimal(value: float) -> float:
    return round(value, 2)
