"""In a child: a foreign workbook's cells as text with what the cell was. openpyxl reads .xlsx, calamine .xls, .xlsb and .ods.

The package is gone through first: what is not well formed, unpacks to too much or carries macros, links or foreign files is
refused before a library sees it (docs/decisions/0030-workbooks.md).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from xml.parsers import expat

from hocba_app.services.workbooks.text_tables import SHIFTED, text_tables
from hocba_app.services.workbooks.workbook_facts import Facts, facts_of

MAX_PART = 120 * 1024 * 1024
MAX_PARTS = 500
MAX_CELLS = 2_000_000
MAX_COLUMNS = 200
MAX_TEXT = 10_000
HEAD_ROWS, MAX_MERGED = 40, 2000
"""Rows whose merged cells are all read, for they divide the heads of a wide sheet (below them those over several rows), and how many."""
NUMBER, DATE, UNSURE, ROUNDED = "n", "d", "u", "r:"
"""What a cell was, where it was not text: a number as it is shown; a date or time; a number whose shown form is not known;
a number that is shown with fewer decimals, with that form behind the colon."""
_REFUSED = {
    "macros": re.compile(r"vbaProject|macrosheets|^Basic/|^Scripts/", re.IGNORECASE),
    "links": re.compile(r"externalLink|/connections\.(?:xml|bin)|queryTables", re.IGNORECASE),
    "objects": re.compile(r"/embeddings/|/activeX|\.exe$|^Object ", re.IGNORECASE),
}
_XML = re.compile(r"\.(?:xml|rels)$", re.IGNORECASE)
_SHEET = re.compile(r"sheets?[^/]*/[^/]+\.xml$", re.IGNORECASE)
MAX_BLANKS = 50_000
_BLANK = re.compile(
    rb'<(?:\w+:)?(?:c r="[A-Z]+[0-9]+"|row r="[0-9]+")(?:\s[\w:]+="[^"<>]*")*(?:\s*/>|></(?:\w+:)?(?:c|row)>)'
)
"""Cells and rows that are only formatted. Somebody drew a frame round a million of them: so many are taken out before they are read."""
_CELL, _FORMULA = re.compile(rb"<(?:\w+:)?c[\s/>]"), re.compile(rb"<(?:\w+:)?f[\s/>]")
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\s[^<>]*\bt=["']e["']""")
_STALE = re.compile(rb"""<(?:\w+:)?calcPr[^<>]*\sfullCalcOnLoad=["'](?:1|true)""")
"""Whoever wrote it has not computed its formulas: a zero there only keeps a value's place."""
_ERROR = re.compile(r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!|ERROR!|LỖI!)|Err:[0-9]{3}|#{3,}")
"""An error of a spreadsheet as text: files of text tell it so, and so do pasted values. A column too narrow is ####."""
_STRICT = (
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (b"http://purl.oclc.org/ooxml/drawingml/main", b"http://schemas.openxmlformats.org/drawingml/2006/main"),
)
"""Names of Strict Open XML and what the same is called elsewhere; openpyxl knows only the latter."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNDERSCORE, _KEPT = re.compile(rb"_x005F_", re.IGNORECASE), "\ufdd0"
_HALF, _KEPT_HALF = "x005F_", "\ufdd1"
"""An escaped underscore and its second half, with what replaces each while openpyxl reads, for it takes that half away."""
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_TYPED_AS_TEXT = re.compile(r"^'(?=[0-9])")
"""The sign by which people keep a number as text; some exports write it out."""
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(slots=True)
class RawSheet:
    """One sheet as it is in the file."""

    name: str
    hidden: bool = False
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    kinds: dict[int, dict[str, str]] = field(default_factory=dict)
    """By row and column, of cells that were not text."""
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    """Row, column, "formula" (without a computed value) or "error"."""
    computed: list[tuple[int, str]] = field(default_factory=list)
    """Row and column of formulas that are read by the value that was computed last."""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[str] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def raw_sheets(data: bytes) -> list[RawSheet]:
    """Every sheet of a workbook.

    Raises:
        Exception: of many kinds, when it is no workbook, is damaged or encrypted, or holds what it must not.
    """
    found = _sheets(data)
    if not found:
        raise ValueError("no sheet")
    return found


def _sheets(data: bytes) -> list[RawSheet]:
    if data.startswith(_COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Locked
        if "_VBA_PROJECT".encode("utf-16-le") in data:
            raise Unwelcome("macros")
        return _by_calamine(data)
    if not data.startswith(b"PK"):
        return _by_text(data)
    package = _Package(data)
    if not package.is_xlsx:
        return _by_calamine(data)
    try:
        return _by_openpyxl(package)
    except Exception:  # a style or a rule of validation that openpyxl does not take; the cells may be sound
        if package.formulas or package.errors:
            raise
        return _by_calamine(package.bytes, told=False)


class Locked(ValueError):
    """Nobody can read it without a password."""


class Unwelcome(ValueError):
    """It holds what an import does not take: ``macros``, ``links``, ``objects``, or more than its ``size`` may be."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class _Package:
    """A zip of parts, read once to its end within limits."""

    def __init__(self, data: bytes) -> None:
        self.bytes, cells, blanks, unusual = data, 0, 0, False
        self.formulas = self.errors = self.stale = False
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = file.infolist()
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > 2 * MAX_PART:
                raise Unwelcome("size")
            self.is_xlsx = "[Content_Types].xml" in file.namelist() and not any(
                name.lower().endswith("workbook.bin") for name in file.namelist()
            )
            for entry in entries:
                if entry.flag_bits & 1:
                    raise Locked
                for what, parts in _REFUSED.items():
                    if parts.search(entry.filename):
                        raise Unwelcome(what)
                content = _bounded(file, entry)
                if entry.filename == "META-INF/manifest.xml" and b"encryption-data" in content:
                    raise Locked
                if not _XML.search(entry.filename):
                    continue
                _well_formed(content)
                if entry.filename == "[Content_Types].xml" and b"macroEnabled" in content:
                    raise Unwelcome("macros")
                blanks += sum(1 for _ in _BLANK.finditer(content)) if _SHEET.search(entry.filename) else 0
                unusual = (
                    unusual
                    or blanks > MAX_BLANKS
                    or _STRICT[0][0] in content[:4096]
                    or re.search(rb"x005F_", content, re.IGNORECASE) is not None
                )
                if _SHEET.search(entry.filename):
                    cells += sum(1 for _ in _CELL.finditer(content))
                    self.formulas = self.formulas or _FORMULA.search(content) is not None
                    self.errors = self.errors or _ERROR_CELL.search(content) is not None
                self.stale = self.stale or _STALE.search(content) is not None
            if cells - blanks > MAX_CELLS:
                raise Unwelcome("size")
            self.for_openpyxl = _usual(file) if unusual else data


def _bounded(file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A part that stops at its limit, whatever its header says."""
    with file.open(entry) as part:
        data = part.read(MAX_PART + 1)
    if len(data) > MAX_PART:
        raise Unwelcome("size")
    return data


def _well_formed(content: bytes) -> None:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise ValueError("a document type has no place here")

    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(content, True)


def _usual(file: zipfile.ZipFile) -> bytes:
    """The package in the dialect that openpyxl knows."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as copy:
        for entry in file.infolist():
            content = file.read(entry)
            if _XML.search(entry.filename):
                for strict, usual in _STRICT:
                    content = content.replace(strict, usual)
                if _SHEET.search(entry.filename):
                    content = _BLANK.sub(b"", content)
                content = _UNDERSCORE.sub(_KEPT.encode(), content).replace(_HALF.encode(), _KEPT_HALF.encode())
            copy.writestr(entry.filename, content)
    return out.getvalue()


def _by_openpyxl(package: _Package) -> list[RawSheet]:
    from openpyxl import load_workbook

    formulas: dict[str, set[tuple[int, int]]] = {}
    if package.formulas:  # read twice: openpyxl gives either formulas or what they came to
        for sheet in load_workbook(io.BytesIO(package.for_openpyxl), keep_links=False).worksheets:
            formulas[sheet.title] = {at for at, cell in sheet._cells.items() if cell.data_type == "f"}
    book = load_workbook(io.BytesIO(package.for_openpyxl), keep_links=False, data_only=True)
    return [_worksheet(sheet, formulas.get(sheet.title, set()), package.stale) for sheet in book.worksheets]


def _worksheet(sheet: Any, formulas: Collection[tuple[int, int]], stale: bool) -> RawSheet:
    found = RawSheet(str(sheet.title), sheet.sheet_state != "visible")
    # Only the cells that are there: iter_rows would make every cell up to a lonely one at XFD1048576.
    for (number, place), cell in sorted(sheet._cells.items()):
        if cell.data_type == "e":
            found.wrong.append((number, column_name(place - 1), "error"))
            continue
        if (number, place) in formulas:
            # An empty text says its type; a formula that nobody has computed has neither a type nor a value.
            if (cell.value is None and cell.data_type != "str") or (stale and cell.value == 0):
                found.wrong.append((number, column_name(place - 1), "formula"))
                continue
            found.computed.append((number, column_name(place - 1)))
        if cell.value is not None:
            _store_cell(found, number, place - 1, cell.value, cell.number_format)
    found.hidden_rows = sorted(
        number for number, row in sheet.row_dimensions.items() if row.hidden and number in found.rows
    )
    for place in sheet.merged_cells.ranges:
        _merge(found, place.min_row, place.min_col - 1, place.max_row, place.max_col - 1)
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden and dimension.min:
            found.hidden_columns += [
                column_name(place - 1) for place in range(dimension.min, min(dimension.max, MAX_COLUMNS) + 1)
            ]
    return found


def _by_calamine(data: bytes, *, told: bool = True) -> list[RawSheet]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_object(io.BytesIO(data))
    known = facts_of(data) if told else [Facts() for _ in book.sheets_metadata]
    found = []
    for sheet_info, facts in zip(book.sheets_metadata, known, strict=True):
        if sheet_info.typ == SheetTypeEnum.WorkSheet:
            sheet = RawSheet(sheet_info.name, sheet_info.visible != SheetVisibleEnum.Visible)
            read = book.get_sheet_by_name(sheet_info.name)
            for number, row in enumerate(read.to_python(skip_empty_area=False), 1):
                for place, value in enumerate(row):
                    if value != "":
                        _store_cell(sheet, number, place, value, None)
            for (top, left), (bottom, right) in read.merged_cell_ranges or ():  # .xlsx and .xls only
                _merge(sheet, top + 1, left, bottom + 1, right)
            _add_facts(sheet, facts)
            found.append(sheet)
    return found


def _add_facts(sheet: RawSheet, facts: Facts) -> None:
    for span in facts.merged:
        _merge(sheet, *span)
    for what, places in (("formula", facts.uncomputed), ("error", facts.errors)):
        for number, place in places:
            sheet.rows.get(number, {}).pop(column_name(place), None)
            sheet.wrong.append((number, column_name(place), what))
    sheet.computed += [(number, column_name(place)) for number, place in facts.computed]
    sheet.hidden_rows = sorted(number for number in facts.hidden_rows if number in sheet.rows)
    for first, last in facts.hidden_columns:
        sheet.hidden_columns += [column_name(place) for place in range(first, min(last + 1, MAX_COLUMNS))]


def _by_text(data: bytes) -> list[RawSheet]:
    found = []
    for name, cells in text_tables(data):
        sheet = RawSheet(name)
        for number, place, text, rows, columns, what in cells:
            if what == SHIFTED:
                sheet.wrong.append((number, column_name(place), SHIFTED))
                continue
            _store_cell(sheet, number, place, _typed(text, what), None)
            if what.startswith("="):
                sheet.computed.append((number, column_name(place)))
            if rows > 1 or columns > 1:
                _merge(sheet, number, place, number + rows - 1, place + columns - 1)
        found.append(sheet)
    return found


def _typed(text: str, what: str) -> Any:
    """A cell of Excel 2003's XML as what it says it is."""
    try:
        match what.removeprefix("="):
            case "Number":
                return float(text)
            case "DateTime":
                return datetime.fromisoformat(text)
            case "Boolean":
                return text == "1"
    except ValueError:
        pass
    return text


def _merge(sheet: RawSheet, top: int, left: int, bottom: int, right: int) -> None:
    if (top <= HEAD_ROWS or bottom > top) and right < MAX_COLUMNS and len(sheet.merged) < MAX_MERGED:
        sheet.merged.append((top, left, bottom, right))


def _store_cell(sheet: RawSheet, number: int, place: int, value: Any, shown_as: str | None) -> None:
    if place >= MAX_COLUMNS:
        raise ValueError("too many columns")
    text, kind = _text_of(value, shown_as)
    text = _TYPED_AS_TEXT.sub("", text[:MAX_TEXT].strip())
    if _ERROR.fullmatch(text):
        sheet.wrong.append((number, column_name(place), "error"))
    elif text:
        sheet.rows.setdefault(number, {})[column_name(place)] = text
        if kind:
            sheet.kinds.setdefault(number, {})[column_name(place)] = kind


def _text_of(value: Any, shown_as: str | None) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("có" if value else "không"), ""
    if isinstance(value, int | float):
        return shown_number(
            Decimal(repr(float(value))), shown_as
        )  # 8.0999999999999996 in the file is 8.1 on the screen
    if isinstance(value, datetime):
        return value.date().isoformat(), DATE
    if isinstance(value, date | time):
        return value.isoformat(), DATE
    if isinstance(value, timedelta):
        return str(value), DATE
    # Only openpyxl leaves these: what Excel writes for a carriage return inside a cell.
    return (_unescaped(str(value)) if shown_as is not None else str(value)), ""


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text).replace(_KEPT, "_").replace(_KEPT_HALF, _HALF)


def shown_number(value: Decimal, shown_as: str | None) -> tuple[str, str]:
    """A number as text, and its kind.

    Args:
        shown_as: the cell's number format; None where the reader does not tell it.

    Raises:
        ValueError: it is no number.
    """
    if not value.is_finite():
        raise ValueError("not a number")
    whole = value == value.to_integral_value()
    text = str(int(value)) if whole and abs(value) < 10**15 else format(value.normalize(), "f")
    if shown_as is None or abs(value) >= 10**15:  # more digits than Excel keeps
        return text, UNSURE
    pattern = _LITERAL.sub("", shown_as.split(";")[0]).replace(",", "").strip()
    if re.fullmatch(r"0{2,}", pattern) and whole and value >= 0:
        return text.zfill(len(pattern)), NUMBER
    if found := re.fullmatch(r"#*0?(?:\.(0*))?", pattern):
        decimals = len(found[1] or "")
        rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        return text, NUMBER if rounded == value else f"{ROUNDED}{rounded:f}"
    return text, NUMBER if pattern.casefold() in ("general", "@", "") else UNSURE


def column_name(place: int) -> str:
    """0 → "A", 26 → "AA"."""
    name = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        name = chr(65 + letter) + name
    return name


def in_pieces(sheet: RawSheet, size: int) -> Iterator[list[tuple[int, Mapping[str, str], Mapping[str, str]]]]:
    """Rows with their kinds, some at a time; at least one piece."""
    rows: list[tuple[int, Mapping[str, str], Mapping[str, str]]] = [
        (number, cells, sheet.kinds.get(number, {})) for number, cells in sorted(sheet.rows.items())
    ]
    for start in range(0, max(1, len(rows)), size):
        yield rows[start : start + size]
