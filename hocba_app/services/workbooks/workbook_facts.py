"""In a child: what calamine does not tell of an .xls, .xlsb or .ods: formulas, error values, merged cells, hidden rows and columns.

calamine gives an empty cell for an error and for a formula that nobody has computed, and an empty cell of our own form erases
a mark. Only these facts are looked for here; the values stay calamine's.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.parsers import expat

MAX_REPEATED = 1000
"""How often a repeated formula, error or merged cell of an .ods is told."""
_BOUND_SHEET, _RECALC_ID, _BEGIN, _END = 0x85, 0x1C1, 0x809, 0x0A
_FORMULA, _BOOL_OR_ERROR, _ROW, _COLUMNS = 0x06, 0x205, 0x208, 0x7D
"""Records of BIFF ([MS-XLS] 2.3)."""
_X_ROW, _X_CELL_ERROR, _X_FORMULAS, _X_FORMULA_ERROR = 0, 3, (8, 9, 10, 11), 11
_X_COLUMNS, _X_BUNDLE, _X_MERGED = 60, 156, 176
"""Records of .xlsb ([MS-XLSB] 2.3)."""
Place = tuple[int, int]
"""Row from 1, column from 0."""


@dataclass(slots=True)
class Facts:
    """What is known of one sheet beside its values."""

    computed: list[Place] = field(default_factory=list)
    """Formulas with a value."""
    uncomputed: list[Place] = field(default_factory=list)
    errors: list[Place] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[Place] = field(default_factory=list)
    """First and last one, from 0."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Top row, left column, bottom row, right column; .xls leaves them to calamine."""


def facts_of(data: bytes) -> list[Facts]:
    """The facts of every sheet in the order of the workbook, charts among them.

    Raises:
        Exception: of many kinds, when the file is damaged.
    """
    if not data.startswith(b"PK"):
        return _of_xls(data)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if "content.xml" in package.namelist():
            return _of_ods(package.read("content.xml"))
        return _of_xlsb(package)


def _of_xls(data: bytes) -> list[Facts]:
    import olefile

    with olefile.OleFileIO(io.BytesIO(data)) as file:
        book = file.openstream("Workbook" if file.exists("Workbook") else "Book").read()
    starts, recalculated = [], False
    for kind, content in _biff(book, 0):
        if kind == _BOUND_SHEET:
            starts.append(struct.unpack_from("<I", content)[0])
        recalculated = recalculated or kind == _RECALC_ID
    return [_of_xls_sheet(book, start, recalculated) for start in starts]


def _biff(book: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of one sheet, those of charts within it passed over."""
    deep = 0
    while at + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, at)
        deep += (kind == _BEGIN) - (kind == _END)
        if deep == 1:
            yield kind, book[at + 4 : at + 4 + size]
        elif deep <= 0:
            return
        at += 4 + size


def _of_xls_sheet(book: bytes, start: int, recalculated: bool) -> Facts:
    facts = Facts()
    for kind, content in _biff(book, start):
        if kind in (_FORMULA, _BOOL_OR_ERROR):
            row, column, _ = struct.unpack_from("<HHH", content)
            place = row + 1, column
            if kind == _BOOL_OR_ERROR:
                facts.errors += [place] if content[7] else []
                continue
            result = content[6:14]
            what = result[0] if result[6:8] == b"\xff\xff" else None
            # Whoever computes formulas says by which engine; without, an empty text only keeps a value's place.
            known = (
                facts.errors if what == 2 else facts.uncomputed if what == 3 and not recalculated else facts.computed
            )
            known.append(place)
        elif kind == _ROW and content[12] & 0x20:
            facts.hidden_rows.add(struct.unpack_from("<H", content)[0] + 1)
        elif kind == _COLUMNS and content[8] & 1:
            facts.hidden_columns.append(struct.unpack_from("<HH", content))
    return facts


def _of_xlsb(package: zipfile.ZipFile) -> list[Facts]:
    book = next(name for name in package.namelist() if name.lower().endswith("workbook.bin"))
    folder = PurePosixPath(book).parent
    targets: dict[str, str] = {}
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _, given: targets.update(
        {given["Id"]: given["Target"]} if "Id" in given else {}
    )
    parser.Parse(package.read(f"{folder}/_rels/{PurePosixPath(book).name}.rels"), True)
    found = []
    for kind, content in _xlsb_records(package.read(book)):
        if kind == _X_BUNDLE:
            size = struct.unpack_from("<I", content, 8)[0]
            target = targets[content[12 : 12 + 2 * size].decode("utf-16-le")]
            path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
            found.append(_of_xlsb_sheet(package.read(path)))
    return found


def _of_xlsb_sheet(sheet: bytes) -> Facts:
    facts, row = Facts(), 0
    for kind, content in _xlsb_records(sheet):
        if kind == _X_ROW:
            row = struct.unpack_from("<I", content)[0] + 1
            if content[11] & 0x10:
                facts.hidden_rows.add(row)
        elif kind == _X_CELL_ERROR or kind in _X_FORMULAS:
            place = row, struct.unpack_from("<I", content)[0]
            (facts.errors if kind in (_X_CELL_ERROR, _X_FORMULA_ERROR) else facts.computed).append(place)
        elif kind == _X_MERGED:
            top, bottom, left, right = struct.unpack_from("<4I", content)
            facts.merged.append((top + 1, left, bottom + 1, right))
        elif kind == _X_COLUMNS and content[16] & 1:
            facts.hidden_columns.append(struct.unpack_from("<II", content))
    return facts


def _xlsb_records(part: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(part):
        kind, at = part[at], at + 1
        if kind & 0x80:
            kind, at = kind & 0x7F | (part[at] & 0x7F) << 7, at + 1
        size = shift = 0
        while True:
            size |= (part[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not part[at - 1] & 0x80:
                break
        yield kind, part[at : at + size]
        at += size


def _of_ods(content: bytes) -> list[Facts]:
    reader = _Ods()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.Parse(content, True)
    return reader.sheets


class _Ods:
    """Counts rows and cells as they repeat themselves."""

    def __init__(self) -> None:
        self.sheets: list[Facts] = []
        self._row, self._rows, self._place, self._cells = 0, 1, 0, 1

    def begin(self, name: str, given: dict[str, str]) -> None:
        match name:
            case "table:table":
                self.sheets.append(Facts())
                self._row = self._place = 0
            case "table:table-column":
                count = int(given.get("table:number-columns-repeated", "1"))
                if given.get("table:visibility", "visible") != "visible":
                    self.sheets[-1].hidden_columns.append((self._place, self._place + count - 1))
                self._place += count
            case "table:table-row":
                self._rows, self._place = int(given.get("table:number-rows-repeated", "1")), 0
                if given.get("table:visibility", "visible") != "visible":
                    last = self._row + min(self._rows, MAX_REPEATED)
                    self.sheets[-1].hidden_rows.update(range(self._row + 1, last + 1))
            case "table:table-cell" | "table:covered-table-cell":
                self._cells = int(given.get("table:number-columns-repeated", "1"))
                self._cell(given)

    def end(self, name: str) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            self._place += self._cells
        elif name == "table:table-row":
            self._row += self._rows

    def _cell(self, given: dict[str, str]) -> None:
        facts = self.sheets[-1]
        down, right = (int(given.get(f"table:number-{each}-spanned", "1")) for each in ("rows", "columns"))
        if down > 1 or right > 1:
            facts.merged.append((self._row + 1, self._place, self._row + down, self._place + right - 1))
        if given.get("calcext:value-type") == "error":
            facts.errors += self._places()
        elif "table:formula" in given:
            (facts.computed if "office:value-type" in given else facts.uncomputed).extend(self._places())

    def _places(self) -> list[Place]:
        rows, cells = min(self._rows, MAX_REPEATED), min(self._cells, MAX_REPEATED)
        return [(self._row + down + 1, self._place + right) for down in range(rows) for right in range(cells)]
