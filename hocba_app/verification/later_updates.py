"""What follows a signature, read from the bytes and not from one parser's view of them.

A parser follows the last cross-reference section it finds; another may find a later one, or read objects that none lists.
So everything behind the first signature must be updates, one after the other, in which each byte belongs to an object that
the update's own section lists, to that section, or is white space or a comment. Whatever else is there, some reader may show.
"""

from __future__ import annotations

import io
import re
from enum import Enum

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import read_non_whitespace
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSection, XRefSectionType

_GAP = re.compile(rb"(?:[\0\t\n\f\r ]+|%(?!%EOF|PDF)(?:(?!obj)[^\r\n])*+(?=[\r\n]))*+")
_WHITE = re.compile(rb"[\0\t\n\f\r ]*+")
_OBJECT = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj")
_TABLE = re.compile(
    rb"xref[\0\t\n\f\r ]+(?:\d+ +\d+[ ]*[\r\n]+(?:\d{10} \d{5} [nf][ \r\n]{1,2}[\r\n]?)*)*[\0\t\n\f\r ]*trailer"
)
_END = re.compile(rb"startxref[\0\t\n\f\r ]+(\d{1,10})[\0\t\n\f\r ]+%%EOF")
MAX_OBJECTS = 20_000
_NEVER_FREED = 65_535
"""The generation of numbers that a hybrid table only keeps for its stream."""
WHITE = b"\0\t\n\f\r "
"""What PDF calls white space."""


class Following(Enum):
    """The updates after a signature."""

    NOTHING = "nothing"
    """White space at most."""
    UPDATES = "updates"
    """Updates, every byte of which is accounted for; what they change is judged by the difference analysis."""
    ADDED = "added"
    """Something behind the last update, or that no update accounts for: other readers may show it."""
    UNCLEAR = "unclear"
    """Updates in a form that leaves open what readers make of them."""


class _Unclear(Exception):
    pass


def following(data: bytes, start: int, reader: PdfFileReader, *, is_strict: bool) -> Following:
    """Read everything behind a signature.

    Args:
        data: the file.
        start: first byte that the signature does not cover.
        reader: of the file.
        is_strict: whether the reader found nothing to forgive.
    """
    if not data[start:].strip(WHITE):
        return Following.NOTHING
    position, forgiving, reader.strict = start, reader.strict, True
    sections = [section for section in reader.xrefs._xref_sections if section.meta_info.start_location >= start]
    sections.sort(key=lambda section: section.meta_info.start_location)
    try:
        for section in sections:
            position = _update(data, position, section, reader)
    except _Unclear:
        return Following.UNCLEAR
    except Exception:
        # What hostile bytes do to the parser of objects: they are not accounted for.
        return Following.UNCLEAR
    finally:
        reader.strict = forgiving
    if data[position:].strip(WHITE):
        return Following.ADDED
    if not is_strict and not _is_consistent(reader.xrefs._xref_sections, sections):
        return Following.UNCLEAR
    return Following.UPDATES


def _update(data: bytes, position: int, section: XRefSection, reader: PdfFileReader) -> int:
    """One update: its objects, its section, its end.

    Returns:
        The first byte behind it.

    Raises:
        _Unclear: something in it is not accounted for.
    """
    meta = section.meta_info
    if meta.xref_section_type == XRefSectionType.HYBRID_MAIN:
        raise _Unclear("two tables in one")
    begin = position
    found, position = _objects(data, position, reader)
    stream = meta.stream_ref
    if stream is None:
        table = _TABLE.match(data, position)
        if table is None or not position < meta.start_location <= position + len(
            b"xref "
        ):  # pyHanko's is behind the word
            raise _Unclear("table")
        body = io.BytesIO(data)
        body.seek(_gap(data, table.end()))
        generic.DictionaryObject.read_from_stream(body, generic.TrailerReference(reader))
        position = _gap(data, body.tell())
    elif found.get(stream.idnum) != (stream.generation, meta.start_location):
        raise _Unclear("stream of the table")
    _require_all_listed(found, begin, section, reader)
    end = _END.match(data, position)
    if end is None or int(end.group(1)) != meta.declared_startxref:
        raise _Unclear("end")
    return end.end()


def _objects(data: bytes, position: int, reader: PdfFileReader) -> tuple[dict[int, tuple[int, int]], int]:
    """``(generation, offset)`` of each object from here on, by number, and where the last one ends."""
    position = _WHITE.match(data, position).end()  # type: ignore[union-attr] # matches where there is none too
    found: dict[int, tuple[int, int]] = {}
    while (head := _OBJECT.match(data, position)) is not None:
        number, generation = int(head.group(1)), int(head.group(2))
        if number in found or len(found) >= MAX_OBJECTS:
            raise _Unclear("object twice")
        found[number] = (generation, position)
        position = _after_object(data, head.end(), generic.Reference(number, generation, reader))
    return found, position


def _require_all_listed(
    found: dict[int, tuple[int, int]], begin: int, section: XRefSection, reader: PdfFileReader
) -> None:
    """The update's table and its objects name each other, and nothing of before it is given another place."""
    entries, stream = section.xref_data, section.meta_info.stream_ref
    listed = dict(entries.standard_xrefs)
    for number, (generation, offset) in listed.items():
        if offset >= begin and found.get(number) != (generation, offset):
            raise _Unclear("entry without object")
        if offset < begin and not _says_so_already(reader, number, generation, offset, section):
            raise _Unclear("entry leads back")
    own = {stream.idnum} if stream is not None else set()
    if any(number not in listed for number in found.keys() - own):
        raise _Unclear("object without entry")
    for number, place in entries.xrefs_in_objstm.items():
        if place.obj_stream_id not in found and not _packs_so_already(reader, number, place, section):
            raise _Unclear("packed objects from elsewhere")


def _says_so_already(reader: PdfFileReader, number: int, generation: int, offset: int, section: XRefSection) -> bool:
    """Some writers repeat the whole table in every update."""
    for earlier in reader.xrefs._xref_sections:
        if earlier is section:
            return False
        if earlier.xref_data.standard_xrefs.get(number) == (generation, offset):
            return True
    return False


def _packs_so_already(reader: PdfFileReader, number: int, place: ObjStreamRef, section: XRefSection) -> bool:
    earlier = [
        each.xref_data.xrefs_in_objstm.get(number) for each in reader.xrefs._xref_sections if each is not section
    ]
    return place in earlier


def _after_object(data: bytes, position: int, reference: generic.Reference) -> int:
    body = io.BytesIO(data)
    body.seek(position)
    read_non_whitespace(body, seek_back=True)
    generic.read_object(body, reference)
    end = _gap(data, body.tell())
    if not data.startswith(b"endobj", end):
        raise _Unclear("object without end")
    return _gap(data, end + len(b"endobj"))


def _gap(data: bytes, position: int) -> int:
    found = _GAP.match(data, position)
    return found.end() if found is not None else position


def _is_consistent(sections: list[XRefSection], later: list[XRefSection]) -> bool:
    """Whether generations and sizes in the updates go on from what was before: otherwise readers take other objects.

    Only of the updates: what an odd table before them says was before the signer's eyes.
    """
    used: dict[int, int] = {}
    freed: dict[int, int] = {}
    size = 0
    for section in sections:
        entries = _entries(section)
        if section in later:
            if section.meta_info.size < size or any(number >= section.meta_info.size for number in entries):
                return False
            for number, generation in entries.items():
                free = freed.get(number, 0)
                if generation != used.get(number, 0 if free == _NEVER_FREED else free):
                    return False
        size = max(size, section.meta_info.size)
        for number, generation in section.xref_data.freed.items():
            used.pop(number, None)
            freed[number] = generation
        used.update(entries)
    return True


def _entries(section: XRefSection) -> dict[int, int]:
    """Generation by object number, of all that a section says is in use."""
    data = section.xref_data
    beside = _entries(data.hybrid) if data.hybrid is not None else {}
    packed = dict.fromkeys(data.xrefs_in_objstm, 0)
    return beside | packed | {number: generation for number, (generation, _) in data.standard_xrefs.items()}
