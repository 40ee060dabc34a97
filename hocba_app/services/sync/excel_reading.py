"""Workbooks (.xlsx) read as plain text cells, with every trick of the format refused: formulas, macros, links, bombs.

A small strict reader over zipfile and lxml rather than a library: what it does not know it does not open.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from lxml import etree  # type: ignore[import-untyped]

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import Limits, decode

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_PART = 120 * 1024 * 1024
MOST_PARTS = 500
MOST_CELLS = 2_000_000
MOST_COLUMNS = 200
LIMITS = Limits(seconds=60, memory=1280 * 1024 * 1024, output=160 * 1024 * 1024)
_ROWS_AT_ONCE = 2000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REFUSED = re.compile(r"vbaProject|externalLink|/embeddings/|/activeX|macrosheets|\.bin$|\.exe$|/connections\.xml|queryTables", re.IGNORECASE)
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_BUILTIN_DATES = {14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)}
_DATE_FORMAT = re.compile(r"[dy]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with a cell, or a row (``column`` "")."""

    sheet: str
    row: int
    column: str
    reason: str


@dataclass(slots=True)
class Sheet:
    """One sheet: rows of text by their number in the file (from 1); column letters to text."""

    name: str
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


def read_workbook(data: bytes) -> list[Sheet]:
    """Every sheet in the order of the workbook, read in a child; formulas and error values are problems of their cells.

    Raises:
        HocbaError: FILE_TOO_LARGE; FILE_TYPE when it is no workbook, is damaged or encrypted, or carries macros, links or
            more than it may unpack to; FILE_TOO_COMPLEX, BUSY.
    """
    if len(data) > LARGEST_FILE:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=LARGEST_FILE // 1024 // 1024)
    sheets: list[Sheet] = []
    for told, rows in decode(sheets_of, [data], limits=LIMITS):
        if told is not None:
            sheets.append(Sheet(str(told["name"]), problems=[CellProblem(*problem) for problem in told["problems"]]))
        sheets[-1].rows |= {int(number): cells for number, cells in json.loads(rows)}
    return sheets


def sheets_of(files: Sequence[bytes]) -> Iterator[tuple[dict[str, Any] | None, bytes]]:
    """In a child: each sheet's name and problems with its first rows, then None with more of them."""
    for sheet in _read(files[0]):
        told: dict[str, Any] | None = {"name": sheet.name, "problems": [astuple(problem) for problem in sheet.problems]}
        rows = list(sheet.rows.items())
        for start in range(0, max(1, len(rows)), _ROWS_AT_ONCE):
            yield told, json.dumps(rows[start : start + _ROWS_AT_ONCE], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            told = None


def _read(data: bytes) -> list[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return _Book(file).sheets()
    except (zipfile.BadZipFile, etree.LxmlError, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted="tệp Excel .xlsx không có macro, không hỏng, không đặt mật khẩu") from error


class _Part(io.RawIOBase):
    """A part of the package that stops at its limit, whatever its header says."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._left, self._name, self._head = file, LARGEST_PART, name, b""

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if size > 0 else 65536)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"{self._name} unpacks to too much")
        return data


class _Book:
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        entries = file.infolist()
        if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > 2 * LARGEST_PART:
            raise ValueError("too much in the package")
        for entry in entries:
            if entry.flag_bits & 1 or _REFUSED.search(entry.filename):
                raise ValueError(f"refused part {entry.filename}")
        self._names = {entry.filename for entry in entries}
        self._cells = 0

    def sheets(self) -> list[Sheet]:
        if b"macroEnabled" in self._bytes("[Content_Types].xml"):
            raise ValueError("macros")
        book = self._tree("xl/workbook.xml")
        targets = {row.get("Id"): row.get("Target") for row in self._tree("xl/_rels/workbook.xml.rels") if row.get("TargetMode") != "External"}
        properties = book.find(f"{_MAIN}workbookPr")
        self._epoch = date(1904, 1, 1) if properties is not None and properties.get("date1904") in ("1", "true") else date(1899, 12, 30)
        self._dates = self._date_styles()
        self._strings = self._shared()
        found = []
        for entry in book.iter(f"{_MAIN}sheet"):
            target = (targets.get(entry.get(_REL)) or "").lstrip("/")
            name = target if target.startswith("xl/") else f"xl/{target}"
            if "worksheets/" in name and name in self._names:
                found.append(self._sheet(str(entry.get("name", ""))[:60], name))
        return found

    def _bytes(self, name: str) -> bytes:
        with self._file.open(name) as raw:
            part, data = _Part(raw, name), bytearray()
            while piece := part.read():
                data += piece
        return bytes(data)

    def _tree(self, name: str) -> Any:
        data = self._bytes(name)
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise ValueError("a document type has no place here")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        return etree.fromstring(data, parser)

    def _elements(self, name: str, tag: str) -> Iterator[Any]:
        """Elements one by one, each forgotten after use; a document type's entities are never resolved."""
        with self._file.open(name) as raw:
            events = etree.iterparse(
                _Part(raw, name), tag=f"{_MAIN}{tag}", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
            )
            for _, element in events:
                if element.getroottree().docinfo.doctype:
                    raise ValueError("a document type has no place here")
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]

    def _shared(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._names:
            return []
        return [_text(element) for element in self._elements("xl/sharedStrings.xml", "si")]

    def _date_styles(self) -> set[int]:
        """Indices of cell formats that show a number as a date."""
        if "xl/styles.xml" not in self._names:
            return set()
        styles = self._tree("xl/styles.xml")
        custom = {
            int(entry.get("numFmtId", 0)) for entry in styles.iter(f"{_MAIN}numFmt")
            if _DATE_FORMAT.search(_QUOTED.sub("", entry.get("formatCode", "")))
        }
        formats = styles.find(f"{_MAIN}cellXfs")
        kinds = [int(entry.get("numFmtId", 0)) for entry in formats] if formats is not None else []
        return {index for index, kind in enumerate(kinds) if kind in _BUILTIN_DATES or kind in custom}

    def _sheet(self, title: str, name: str) -> Sheet:
        sheet = Sheet(title)
        for row in self._elements(name, "row"):
            cells: dict[str, str] = {}
            number = 0
            for cell in row.iter(f"{_MAIN}c"):
                found = _CELL.fullmatch(cell.get("r") or "")
                if found is None:
                    raise ValueError("a cell without its place")
                column, number = found[1], int(found[2])
                self._cells += 1
                if self._cells > MOST_CELLS or len(cells) > MOST_COLUMNS:
                    raise ValueError("too many cells")
                if cell.find(f"{_MAIN}f") is not None:
                    sheet.problems.append(CellProblem(title, number, column, "ô chứa công thức; hãy dán lại dạng giá trị"))
                elif cell.get("t") == "e":
                    sheet.problems.append(CellProblem(title, number, column, "ô báo lỗi của Excel"))
                elif (value := self._value(cell)) is not None and value.strip():
                    cells[column] = value.strip()
            if cells:
                sheet.rows[number] = cells
        return sheet

    def _value(self, cell: Any) -> str | None:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find(f"{_MAIN}is")
            return _text(inline) if inline is not None else None
        text = cell.findtext(f"{_MAIN}v")
        if text is None:
            return None
        if kind == "s":
            return self._strings[int(text)] if 0 <= int(text) < len(self._strings) else None
        if kind in ("str", "d"):
            return str(text)
        if kind == "b":
            return "có" if text == "1" else "không"
        return self._number(text, int(cell.get("s") or 0))

    def _number(self, text: str, style: int) -> str:
        try:
            value = Decimal(repr(float(text)))  # 8.0999999999999996 in the file is 8.1 on the screen
        except (ValueError, InvalidOperation):
            raise ValueError("not a number") from None
        if not value.is_finite():
            raise ValueError("not a number")
        if style in self._dates and 1 <= value < 200_000:
            return (self._epoch + timedelta(days=int(value))).isoformat()
        return str(int(value)) if value == value.to_integral_value() and abs(value) < 10**15 else format(value.normalize(), "f")


def _text(element: Any) -> str:
    """The text of a string with its formatted runs; phonetic hints are not part of it."""
    parts = []
    for child in element:
        if child.tag == f"{_MAIN}t":
            parts.append(child.text or "")
        elif child.tag == f"{_MAIN}r":
            parts.append(child.findtext(f"{_MAIN}t") or "")
    return "".join(parts)[:10_000]
