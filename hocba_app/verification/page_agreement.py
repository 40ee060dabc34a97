"""Whether the pages show the record that the manifest names: its school, pupil, kind and code; and the window's title that of the pages.

The manifest is what machines judge, the pages what people read; a file in which they differ says two things at once. What an older
layout did not print – the pupil's code on the pages of results – cannot be judged in its files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hocba_app.forms.cover import TITLE as COVER_TITLE
from hocba_app.forms.form_version import Form, find_form
from hocba_app.forms.header_footer import CODE_LABEL, PUPIL_LABEL, SITE_LABEL, qr_modules
from hocba_app.forms.wording import LEVEL_NAMES, printable
from hocba_app.recordfile.manifest import Manifest
from hocba_app.verification.layout_grammar import Layout, QrModules
from hocba_app.verification.page_grammar import ShownText
from hocba_app.verification.strict_pdf_objects import Deviation

Page = Sequence[ShownText]
_TITLES = {"cover": COVER_TITLE, "history": "Quá trình học tập", "results": "Kết quả học tập"}
_HEAD_BEGINS = "HỌC BẠ"
_SECONDARY = tuple(LEVEL_NAMES[level].upper() for level in ("lower_secondary", "upper_secondary"))
_DEPARTURE = "Thay đổi trong năm học:"
_FIRST_ANCHORS = ("ngàyghitạichữkýsố",)
_FIRST_FORMS = {"cover": "cover/1", "history": "history/1", "results": "results-TT22/1"}
"""Whose labels the pages have where the manifest names no form."""
_SITE = SITE_LABEL.partition("{host}")
_MAX_HEAD, _MAX_FOOT = 24, 12
"""Lines of text in which head and foot must be found."""


def require_agreement(layout: Layout, manifest: Manifest) -> None:
    """The pages show what the manifest says; title and QR code what the pages show.

    Args:
        layout: with the trailer's file ID, which our layout makes of the snapshot.
        manifest: whose fields are of the types they should be.

    Raises:
        Deviation: ``pages`` where they do not, ``slots`` where the manifest asks for less than such pages must have.
        NotShown: a glyph that shows nothing.
    """
    pages = layout.texts
    if layout.file_id[2:34] != manifest.snapshot_sha256[:32].encode():
        raise Deviation("pages", "snapshot")
    for number, page in enumerate(pages, 1):
        site = _foot(page, number, len(pages), manifest)
        if layout.qr is not None:
            _require_address(layout.qr, site, manifest.code)
        if manifest.kind == "cover":
            _cover(page, number, manifest)
        else:
            _head(page, manifest)
    form = _form(manifest)
    if (missing := missing_word(pages, form)) is not None:
        raise Deviation("pages", f"words of another form: {missing}")
    _require_title(layout, manifest, form)
    if manifest.kind == "results" and not any(slot.stage == "subject" for slot in manifest.slots):
        _require_no_subjects(pages)


def _form(manifest: Manifest) -> Form | None:
    """The form that the manifest names; None for one of before forms had versions, and its regime is not known either.

    Raises:
        Deviation: it is none for such a record.
    """
    if manifest.format < 3:
        return None
    form = find_form(manifest.form)
    if form is None or form.name.partition("-")[0] != manifest.kind:
        raise Deviation("pages", "form")
    return form


def missing_word(pages: Sequence[Page], form: Form | None) -> str | None:
    """A word of the form that its pages do not show; None when all are there.

    Args:
        form: None: the first, of which only its line for the day is looked for, for early layouts differed in the rest.
    """
    shown = "".join("".join(line.text for page in pages for line in page).split())
    anchors = form.anchors if form is not None else _FIRST_ANCHORS
    return next((each for each in anchors if each not in shown), None)


def _foot(page: Page, number: int, total: int, manifest: Manifest) -> str:
    """Check a page's foot.

    Returns:
        Its line that says where to look the record up.
    """
    lines = [line.text for line in page[-_MAX_FOOT:]]
    try:
        at = len(lines) - 1 - lines[::-1].index(CODE_LABEL)
        code = lines[at + 1]
    except (ValueError, IndexError):
        raise Deviation("pages", "foot") from None
    if code != manifest.code:
        raise Deviation("pages", "code")
    if not any(line.startswith(_TITLES[manifest.kind]) for line in lines[at + 2 :]):
        raise Deviation("pages", "kind")
    if f"Trang {number}/{total}" not in lines[at + 2 :]:
        raise Deviation("pages", "page number")
    labelled = "".join(lines[at + 2 :]).partition(PUPIL_LABEL)[2]
    if labelled and _together(labelled) != _together(manifest.student_code):
        raise Deviation("pages", "pupil")
    return next(iter(lines[at + 2 :]), "")


def _head(page: Page, manifest: Manifest) -> None:
    """Every page of results and history begins with the school's name and the kind of record."""
    school = "".join(_until_head(page))
    if _together(school) != _together(printable(manifest.school.name).upper()):
        raise Deviation("pages", "school")
    if manifest.kind == "history":
        for line in page[:_MAX_HEAD]:
            _pupil(line.text.partition(" · ")[0], manifest)


def _cover(page: Page, number: int, manifest: Manifest) -> None:
    name = printable(manifest.school.name)
    if number == 1:
        if not _together("".join(_until_head(page))).endswith(_together(name.upper())):
            raise Deviation("pages", "school")
        if not any([_pupil(line.text, manifest) for line in page[:_MAX_HEAD]]):
            raise Deviation("pages", "pupil")
    elif not _together("".join(line.text for line in page[2:_MAX_HEAD])).startswith(_together(name)):
        raise Deviation("pages", "school")


def _require_title(layout: Layout, manifest: Manifest, form: Form | None) -> None:
    """What viewers show above the pages names the pupil, and the year, of every page."""
    words = form or find_form(_FIRST_FORMS[manifest.kind])
    if words is None:
        raise Deviation("pages", "form")
    if manifest.kind == "cover":
        first, second = ([line.text for line in page] for page in layout.texts[:2])
        number = words.word("cover_number", number="").strip()
        named = [
            _between(first, words.word("cover_name"), number),
            _between(second, words.word("full_name"), words.word("sex")),
        ]
        titles = {f"{COVER_TITLE}–{name}" for name in named}
    else:
        titles = set()
        for page in layout.texts:
            lines = [line.text for line in page[:_MAX_HEAD]]
            name = _between(lines, words.word("pupil"), words.word("class"))
            year = _between(lines, words.word("year"))
            titles.add(_together(f"{_TITLES[manifest.kind]}{year}–{name}"))
    if {_capitals(title) for title in titles} != {_capitals(layout.title)}:
        raise Deviation("pages", "title")


def _between(lines: Sequence[str], label: str, next_label: str = "") -> str:
    """The value between two labels, or the line behind the one."""
    at = lines.index(label) + 1 if label in lines else len(lines)
    end = next((number for number in range(at + 1, len(lines)) if lines[number].startswith(next_label)), None)
    if end is None:
        raise Deviation("pages", label)
    return "".join(lines[at:end])


def _capitals(text: str) -> str:
    return _together(text).upper()


def _require_address(qr: QrModules, site: str, code: str) -> None:
    """The QR code leads where the line beside it says, and to this record."""
    host = site.removeprefix(_SITE[0]).removesuffix(_SITE[2])
    schemes = (
        ("http", "https") if ":" in host else ("https", "http")
    )  # the likely one first: drawing a code takes most of this
    if all(qr != qr_modules(f"{scheme}://{host}/v/{code}") for scheme in schemes):
        raise Deviation("pages", "QR code")


def _pupil(text: str, manifest: Manifest) -> bool:
    """Whether a line names the pupil by his code.

    Raises:
        Deviation: by another's.
    """
    if not text.startswith(PUPIL_LABEL):
        return False
    if not _together(manifest.student_code).startswith(_together(text.removeprefix(PUPIL_LABEL))):
        raise Deviation("pages", "pupil")
    return True


def _until_head(page: Page) -> Iterator[str]:
    for line in page[:_MAX_HEAD]:
        text = line.text
        if text.startswith(_HEAD_BEGINS):
            return
        yield text
    raise Deviation("pages", "head")


def _require_no_subjects(pages: Sequence[Page]) -> None:
    """In secondary school every subject is signed by its teacher; who left before anything was entered has none."""
    if any(line.text.startswith(_DEPARTURE) for page in pages for line in page):
        return
    for page in pages:
        if any(line.text.endswith(_SECONDARY) for line in page[:_MAX_HEAD]):
            raise Deviation("slots", "no subject teacher signs")


def _together(text: str) -> str:
    """Without blanks: where the layout breaks a long name says nothing."""
    return "".join(text.split())
