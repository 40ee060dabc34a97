"""A snapshot and its photo into the pages that are signed: a pure function, byte for byte repeatable."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot, canonical_json
from hocba_app.forms.cover import TITLE as COVER_TITLE
from hocba_app.forms.cover import draw_cover
from hocba_app.forms.form_version import form_of
from hocba_app.forms.header_footer import QR_NAME, qr_picture
from hocba_app.forms.history import draw_history
from hocba_app.forms.letters import require_printable, texts_of, unprintable
from hocba_app.forms.page import Page
from hocba_app.forms.pdf_file import write_pdf
from hocba_app.forms.personal_page import PHOTO_NAME
from hocba_app.forms.photo import photo_picture
from hocba_app.forms.results_primary import draw_results as draw_primary_results
from hocba_app.forms.results_secondary import draw_results as draw_secondary_results
from hocba_app.forms.signature_layout import fields_of
from hocba_app.forms.wording import printable, school_year
from hocba_app.recordfile.signature_fields import RenderedDocument

RESULTS_LAYOUTS: dict[str, Callable[[Snapshot], list[Page]]] = {
    "TT22": draw_secondary_results,
    "TT26": draw_secondary_results,
    "TT27": draw_primary_results,
    "TT43": draw_secondary_results,
}
"""Layout of the year's results by assessment regime; a regime is added here and nowhere else."""

_LONG = {"cover": (60, 450), "history": (90, 3000), "results": (290, 20_000)}
"""Letters in one text, and in all of a record: within these no form refuses a text, were it all capital W (`test_letters.py`)."""
_LONG_NAME, _LONG_CLASS = 36, 8
_A_LINE = 60
"""A line end takes as much room as a line of so many letters."""


def render(snapshot: Snapshot, *, photo: bytes | None = None) -> RenderedDocument:
    """Lay out one document.

    Args:
        snapshot: the frozen content; nothing else decides what is printed.
        photo: the picture whose SHA-256 the cover's snapshot names; None for the other kinds.

    Returns:
        An unsigned PDF/A-2b with a classic cross-reference table, and one field for every slot of the snapshot.

    Raises:
        HocbaError: FORM_REGIME_UNKNOWN, FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG,
            FORM_PHOTO_MISMATCH, FORM_PHOTO_UNREADABLE, IMAGE_TOO_LARGE.
    """
    require_printable(snapshot)
    identity = canonical_json(snapshot)
    content: Snapshot = printable(snapshot)
    pictures = {QR_NAME: qr_picture(content["verification"]["url"])}
    if content["kind"] == "cover" and (picture := photo_picture(photo, content["student"].get("photo_sha256"))):
        pictures[PHOTO_NAME] = picture
    pages = draw_pages(content, has_photo=PHOTO_NAME in pictures)
    fields = fields_of(pages, content["slots"])
    pdf = write_pdf(pages, pictures, title=_title(content), identity=identity)
    return RenderedDocument(pdf, fields, content.get("form", ""), form_of(content).dated)


def layout_faults(snapshot: Snapshot) -> list[HocbaError]:
    """Why a snapshot's texts cannot be laid out, every place of it; none where :func:`render` will not refuse them."""
    found = [
        HocbaError(ErrorCode.FORM_TEXT_UNSUPPORTED, place=each.place, character=each.words)
        for each in unprintable(snapshot)
    ]
    if not found and is_long(
        snapshot["kind"], texts_of(snapshot), snapshot["student"]["full_name"], snapshot["class_name"] or ""
    ):
        try:
            draw_pages(printable(snapshot), has_photo=False)
        except HocbaError as error:
            return [error]
    return found


def is_long(kind: str, texts: Iterable[str], name: str, class_name: str) -> bool:
    """Whether texts may be too long for their places, so that only laying them out can tell: ordinary ones never are."""
    one, together = _LONG[kind]
    lengths = [len(text) + _A_LINE * len(text.splitlines()[1:]) for text in texts]
    return (
        len(name) > _LONG_NAME
        or len(class_name) > _LONG_CLASS
        or max(lengths, default=0) > one
        or sum(lengths) > together
    )


def draw_pages(snapshot: Snapshot, *, has_photo: bool) -> list[Page]:
    """The drawn pages of a snapshot, before they are written to a file; see :func:`render` for what can go wrong."""
    kind = snapshot["kind"]
    if kind == "cover":
        return draw_cover(snapshot, has_photo)
    if kind == "history":
        return draw_history(snapshot)
    regime = snapshot["results"]["regime"]
    layout = RESULTS_LAYOUTS.get(regime)
    if layout is None:
        raise HocbaError(ErrorCode.FORM_REGIME_UNKNOWN, regime=regime)
    return layout(snapshot)


def _title(snapshot: Snapshot) -> str:
    name = snapshot["student"]["full_name"]
    if snapshot["kind"] == "cover":
        return f"{COVER_TITLE} – {name}"
    words = "Quá trình học tập" if snapshot["kind"] == "history" else "Kết quả học tập"
    return f"{words} {school_year(snapshot['school_year'])} – {name}"
