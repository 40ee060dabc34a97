"""In a child: what calls itself .xls and is text – a page with a table, as SMAS gives out, a table of 2003's XML, comma or tab separated values.

Every cell is text here; only Excel 2003's XML tells what it was.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from email import message_from_bytes
from html.parser import HTMLParser
from xml.parsers import expat

from hocba_app.domain.old_letters import is_vietnamese

MAX_ROWS, MAX_CELLS, MAX_SPAN = 100_000, 1_000_000, 200
_SNIFFED = 4096
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_DELIMITERS = "\t;,"
_LEAST_COLUMNS, _LEAST_LINES = 3, 2
_HEADS, _FIGURES = 25, re.compile(r"[0-9][0-9.,/-]*")
"""Rows among which the heads are, and what no head is."""
SHIFTED = "shifted"
"""Instead of a cell's type: its row has more cells than there are heads."""
Cell = tuple[int, int, str, int, int, str]
"""Row from 1, column from 0, text, how many rows and columns it takes, and its type in Excel 2003's XML, with "=" before it where it was computed."""


def text_tables(data: bytes) -> list[tuple[str, list[Cell]]]:
    """Name and cells of each sheet.

    Raises:
        ValueError: it is no such text, or takes more than it may.
    """
    text = _decoded(_page_of_mail(data) if data[:_SNIFFED].lstrip().startswith(b"MIME-Version:") else data)
    start = text.lstrip()[:_SNIFFED]
    if start.startswith("<") and _SPREADSHEET in start:
        return _spreadsheet(text.lstrip())
    if start.startswith("<") and "<table" in text.casefold():
        return [("Sheet1", _page(text))]
    return [("Sheet1", _separated(text))]


def _page_of_mail(data: bytes) -> bytes:
    """The page of a "single file web page": its first part with a table."""
    for part in message_from_bytes(data).walk():
        content = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(content, bytes) and b"<table" in content.lower():
            return content
    raise ValueError("no table")


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    for order, coding in (
        (1, "utf-16-le"),
        (0, "utf-16-be"),
    ):  # no mark at its beginning: Latin letters leave every other byte empty
        if data[order:_SNIFFED:2].count(0) > _SNIFFED // 8 or data[order:_SNIFFED:2].count(0) * 3 > len(
            data[:_SNIFFED]
        ):
            return data.decode(coding)
    if b"\0" in data:
        raise ValueError("no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if (said := _CHARSET.search(data[:_SNIFFED])) and said[1].lower() not in (b"utf-8", b"utf8"):
        try:
            return unicodedata.normalize("NFC", data.decode(said[1].decode()))
        except (LookupError, UnicodeError):
            pass
    vietnamese = unicodedata.normalize("NFC", data.decode("cp1258", "replace"))
    words = [word for word in re.findall(r"[^\W\d_]+", vietnamese[: 64 * _SNIFFED]) if not word.isascii()]
    if words and sum(map(is_vietnamese, words)) > 0.6 * len(words):
        return vietnamese
    return data.decode("cp1252", "replace")  # letters of old fonts come out as the font's own


def _separated(text: str) -> list[Cell]:
    lines = text.splitlines()
    said = re.fullmatch(r"sep=(.)", lines[0].strip()) if lines else None
    body = lines[1:] if said else lines
    counts = {each: sum(line.count(each) >= _LEAST_COLUMNS - 1 for line in body[:50]) for each in _DELIMITERS}
    delimiter = said[1] if said else max(_DELIMITERS, key=lambda each: counts[each])
    if len(body) < _LEAST_LINES or (not said and counts[delimiter] < _LEAST_LINES):
        raise ValueError("no table")
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\r\n" for letter in text[: 16 * _SNIFFED]):
        raise ValueError("no text")
    found: list[Cell] = []
    before = 1 if said else 0
    try:
        rows = list(csv.reader(io.StringIO("\n".join(body)), delimiter=delimiter))
    except csv.Error as error:
        raise ValueError("no table") from error
    heads = [len(row) for row in rows[:_HEADS] if not any(_FIGURES.fullmatch(value.strip()) for value in row)]
    widest = max(heads, default=0) if delimiter == "," else 0
    for number, row in enumerate(rows, 1 + before):
        # "8,5" without quotes is two cells: nobody knows what stands under which head.
        what = SHIFTED if widest and len(row) > widest and any(value.strip() for value in row[widest:]) else ""
        found += [(number, place, value, 1, 1, what) for place, value in enumerate(row) if value.strip()]
        _bounded(number, found)
    return found


def _bounded(number: int, cells: list[Cell]) -> None:
    if number > MAX_ROWS or len(cells) > MAX_CELLS:
        raise ValueError("too many cells")


def _page(text: str) -> list[Cell]:
    reader = _Page()
    reader.feed(text)
    reader.close()
    reader.end_cell()
    if not reader.cells:
        raise ValueError("no table")
    return reader.cells


class _Page(HTMLParser):
    """The tables of a page one below the other, as a spreadsheet opens them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[Cell] = []
        self._row, self._place, self._deep, self._silent = 0, 0, 0, 0
        self._taken: dict[int, set[int]] = {}
        self._open: tuple[int, int] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._deep += 1
            self.end_cell() if self._deep == 1 else None
        elif tag in ("style", "script", "title"):
            self._silent += 1
        elif tag == "tr" and self._deep <= 1:
            self.end_cell()
            self._taken.pop(self._row, None)
            self._row, self._place = self._row + 1, 0
            _bounded(self._row, self.cells)
        elif tag in ("td", "th") and self._deep <= 1:
            self.end_cell()
            given = {name: value or "" for name, value in attrs}
            self._open = _span(given.get("rowspan", "")), _span(given.get("colspan", ""))
        elif tag in ("br", "p", "div") and self._text:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._deep <= 1:
            self.end_cell()
        elif tag == "table":
            self.end_cell()
            self._deep = max(0, self._deep - 1)
        elif tag in ("style", "script", "title"):
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if self._open is not None and not self._silent:
            self._text.append(data)

    def end_cell(self) -> None:
        """Put down the cell that is open, if any."""
        if self._open is None:
            return
        (rows, columns), self._open = self._open, None
        lines = [" ".join(line.split()) for line in "".join(self._text).splitlines()]
        text, self._text = "\n".join(line for line in lines if line), []
        while self._place in self._taken.get(self._row, ()):
            self._place += 1
        if text:
            self.cells.append((max(1, self._row), self._place, text, rows, columns, ""))
        for below in range(1, rows):
            self._taken.setdefault(self._row + below, set()).update(range(self._place, self._place + columns))
        self._place += columns


def _span(text: str) -> int:
    return min(int(text), MAX_SPAN) if text.strip().isdigit() and int(text) > 0 else 1


def _spreadsheet(text: str) -> list[tuple[str, list[Cell]]]:
    """Excel 2003's XML."""
    reader = _Spreadsheet()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = reader.say, reader.refuse
    try:
        parser.Parse(re.sub(r"^<\?xml[^>]*\?>", "", text).encode(), True)
    except expat.ExpatError as error:
        raise ValueError("not well formed") from error
    return reader.sheets


class _Spreadsheet:
    """Rows and cells as they come; what an index leaves out stays empty."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, list[Cell]]] = []
        self._row, self._place, self._span = 0, 0, (1, 1)
        self._text: list[str] | None = None
        self._formula = self._type = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        given = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        match name.rpartition(" ")[2]:
            case "Worksheet":
                self.sheets.append((given.get("Name", "Sheet1"), []))
                self._row = 0
            case "Row":
                self._row, self._place = int(given.get("Index", self._row + 1)), 0
                _bounded(self._row, self.sheets[-1][1])
            case "Cell":
                self._place = int(given["Index"]) - 1 if "Index" in given else self._place
                down, right = (min(int(given.get(key, "0")), MAX_SPAN) for key in ("MergeDown", "MergeAcross"))
                self._span = 1 + down, 1 + right
                self._formula = "=" if "Formula" in given else ""
            case "Data":
                self._text, self._type = [], given.get("Type", "")

    def end(self, name: str) -> None:
        kind = name.rpartition(" ")[2]
        if kind == "Data" and self._text is not None:
            if text := "".join(self._text).strip():
                self.sheets[-1][1].append((self._row, self._place, text, *self._span, self._formula + self._type))
            self._text = None
        elif kind == "Cell":
            self._place += self._span[1]

    def say(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def refuse(self, *_: object) -> None:
        raise ValueError("a document type has no place here")
