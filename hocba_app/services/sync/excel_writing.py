"""Workbooks written: every cell is text, so nothing in it can act as a formula, there or after saving in another format."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from hocba_app.services.csv_cells import plain_cell

_TYPE = "application/vnd.openxmlformats-officedocument"
_NS = "http://schemas.openxmlformats.org"
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_PLAIN, _HEAD, _QUOTED = 0, 1, 2
_STYLES = (
    f'<styleSheet xmlns="{_NS}/spreadsheetml/2006/main"><fonts count="2"><font><sz val="11"/><name val="Times New Roman"/></font>'
    '<font><b/><sz val="11"/><name val="Times New Roman"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/></cellXfs></styleSheet>'
)

Table = tuple[str, Sequence[str], Iterable[Sequence[str | None]]]
"""Title of a sheet, its header, its rows."""


def write_workbook(tables: Sequence[Table]) -> bytes:
    """A workbook with a sheet per table; the header stays in sight."""
    file = io.BytesIO()
    numbers = range(1, len(tables) + 1)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.spreadsheetml.worksheet+xml"/>' for number in numbers
        )
        _add(
            package, "[Content_Types].xml",
            f'<Types xmlns="{_NS}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.spreadsheetml.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.spreadsheetml.styles+xml"/>{overrides}</Types>',
        )
        _add(package, "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        sheets = "".join(f"<sheet name={quoteattr(title[:31])} sheetId=\"{n}\" r:id=\"rId{n}\"/>" for n, (title, _, _) in zip(numbers, tables, strict=True))
        _add(
            package, "xl/workbook.xml",
            f'<workbook xmlns="{_NS}/spreadsheetml/2006/main" xmlns:r="{_NS}/officeDocument/2006/relationships"><sheets>{sheets}</sheets></workbook>',
        )
        targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        _add(package, "xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")]))
        _add(package, "xl/styles.xml", _STYLES)
        for number, (_, header, rows) in zip(numbers, tables, strict=True):
            _add(package, f"xl/worksheets/sheet{number}.xml", _sheet(header, rows))
    return file.getvalue()


def _add(package: zipfile.ZipFile, name: str, text: str) -> None:
    # A fixed date: the same content always gives the same bytes.
    entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    package.writestr(entry, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_NS}/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_NS}/package/2006/relationships">{rows}</Relationships>'


def _sheet(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    lines = [_row(1, header, _HEAD)]
    lines += [_row(number, row, _PLAIN) for number, row in enumerate(rows, 2)]
    return (
        f'<worksheet xmlns="{_NS}/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f'<cols><col min="1" max="{max(1, len(header))}" width="18" customWidth="1"/></cols><sheetData>{"".join(lines)}</sheetData></worksheet>'
    )


def _row(number: int, cells: Sequence[str | None], style: int) -> str:
    shown = "".join(_cell(f"{column_name(place)}{number}", text, style) for place, text in enumerate(cells) if text)
    return f'<row r="{number}">{shown}</row>'


def _cell(place: str, text: str, style: int) -> str:
    kind = _QUOTED if style == _PLAIN and plain_cell(text) != text else style
    return f'<c r="{place}" s="{kind}" t="inlineStr"><is><t xml:space="preserve">{escape(_FORBIDDEN.sub("", text))}</t></is></c>'


def column_name(place: int) -> str:
    """0 → "A", 26 → "AA"."""
    name = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        name = chr(65 + letter) + name
    return name
