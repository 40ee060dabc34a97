"""The words, columns and measures of the forms: data of numbered versions, each word with the source it was taken from.

A version is a file `assets/forms/N.toml`. It names only what it changes in the one it extends, so that a correction is a short new
file and no code. A record keeps the form it was locked with: its snapshot and its manifest name it ("results-TT22/2"); those locked
before forms had versions name none, and theirs is version 1 (docs/decisions/0050-form-versions.md).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.forms.page import MM

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "forms"
_ID = re.compile(r"([A-Za-z0-9-]{1,40})/([1-9][0-9]{0,3})")
_PLACEHOLDER = re.compile(r"\{[a-zA-Z_]+\}")
_SHORTEST_ANCHOR = 4
"""Letters between two placeholders that are worth looking for on a page."""
Row = TypeVar("Row", bound=Mapping[str, Any])
_NOT_DATA = ("like", "source", "sources", "words")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a word was found."""

    law: str
    place: str
    """Annex and page; "không xác nhận được" where the official text could not be read."""
    read: str
    """What was read instead, or besides."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; the widths of all columns add up to 180 mm."""

    key: str
    title: str
    width: float
    """Millimetres."""
    kind: Literal["name", "mark", "remark", "text"] = "text"
    group: str | None = None
    """Neighbouring columns of one group share a title above their own."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line that says what the year brought."""

    value: str
    """What is printed: a key that the layout knows."""
    label: str
    bold: bool = False
    share: float = 1.0
    """Of the line's width, where several stand on one."""


@dataclass(frozen=True)
class Form:
    """One form in one version. What it prints besides the values is here, and nowhere in code."""

    name: str
    version: int
    data: Mapping[str, Any]
    sources: Mapping[str, Source]
    """By word ("words.promoted") or table ("columns")."""
    _words: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """As snapshot and manifest name it."""
        return f"{self.name}/{self.version}"

    def word(self, key: str, **values: object) -> str:
        """One of the form's words, with values in their places; ``{OFFICE}`` is the office in capitals."""
        text = self._words[key]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether the form prints such a word at all."""
        return bool(self._words.get(key))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Of the table of subjects, or of years."""
        return tuple(Column(**each) for each in self.data["columns"])

    @cached_property
    def summary(self) -> tuple[Column, ...]:
        """Of the table of levels by term."""
        return tuple(Column(**each) for each in self.data["summary"])

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Lines under that table."""
        return tuple(Fact(**each) for each in self.data["facts"])

    @cached_property
    def measurements(self) -> tuple[Fact, ...]:
        """Of primary pupils, on lines of their own."""
        return tuple(Fact(**each) for each in self.data["measurements"])

    @property
    def dated(self) -> str:
        """The field whose signer's day stands in the line "ngày … tháng … năm …"; "" where a form has no such line."""
        return str(self.data["dated"])

    @property
    def binding(self) -> float:
        """Points by which everything stands further to the right, for the staples."""
        return float(self.data["binding_mm"]) * MM

    def ordered(self, rows: Sequence[Row]) -> list[Row]:
        """Subjects in the order of the form: those it names by their names' beginnings, then the others as the source has them."""
        order = [name.casefold() for name in self.data["order"]]

        def place(row: Row) -> int:
            name = str(row["name"]).casefold()
            found = [at for at, begin in enumerate(order) if name.startswith(begin)]
            return max(found, key=lambda at: len(order[at])) if found else len(order)

        return sorted(rows, key=place)

    def sorted_awards(self, awards: Sequence[str]) -> tuple[list[str], list[str]]:
        """Results of contests, told by the words they begin with, and the other awards: a source submits both in one list."""
        begins = tuple(self.data["contest_words"])
        contests = [award for award in awards if award.casefold().startswith(begins)]
        return contests, [award for award in awards if award not in contests]

    @cached_property
    def anchors(self) -> tuple[str, ...]:
        """Words that stand on every record of this form, without blanks: what a verifier looks for on its pages."""
        tables = [*self.data.get("columns", ()), *self.data.get("summary", ())]
        texts = [text for each in tables for text in (each["title"], each.get("group", ""))]
        texts += [each["label"] for each in (*self.data.get("facts", ()), *self.data.get("measurements", ()))]
        texts += [self._words[key] for key in self.data["anchors"]]
        pieces = ["".join(piece.split()) for text in texts for piece in _PLACEHOLDER.split(text)]
        return tuple(dict.fromkeys(piece for piece in pieces if len(piece) >= _SHORTEST_ANCHOR))


_Entries = dict[str, tuple[Any, Source]]
"""What a table of a form says, by key, each with its source."""


_WRITTEN_ON = {"TT43": "TT22"}
"""Regimes without a form of their own in the sources at hand: centres of continuing education (docs/unconfirmed-rules.md)."""


def form_name(kind: str, level: str, regime: str = "") -> str:
    """Which form a document is written on."""
    if kind == "results":
        return f"results-{_WRITTEN_ON.get(regime, regime)}"
    return f"{kind}-primary" if level == "primary" else kind


def form_of(snapshot: Mapping[str, Any]) -> Form:
    """The form of a record.

    Raises:
        HocbaError: FORM_REGIME_UNKNOWN.
    """
    regime = (snapshot.get("results") or {}).get("regime", "")
    name = form_name(snapshot["kind"], snapshot["school"]["level"], regime)
    found = find_form(snapshot.get("form") or f"{name}/1")
    if found is None or found.name != name:
        raise HocbaError(ErrorCode.FORM_REGIME_UNKNOWN, regime=regime)
    return found


def newest_form(kind: str, level: str, regime: str = "") -> str:
    """The id of the form that records are locked with from now on."""
    return f"{form_name(kind, level, regime)}/{max(versions())}"


def find_form(form_id: str) -> Form | None:
    """A form by its id; None for one that this installation does not have."""
    found = _ID.fullmatch(form_id)
    if found is None or int(found.group(2)) not in versions():
        return None
    return _forms(int(found.group(2))).get(found.group(1))


@cache
def versions() -> frozenset[int]:
    """The versions there are."""
    return frozenset(int(path.stem) for path in FOLDER.glob("*.toml"))


@cache
def _forms(version: int) -> Mapping[str, Form]:
    tables = _tables(version)
    return {name: _form(name, version, tables) for name in tables if name not in ("common", "results")}


def _form(name: str, version: int, tables: Mapping[str, tuple[str | None, _Entries]]) -> Form:
    entries: _Entries = {}
    chain, at = [], name
    while at:
        like, own = tables[at]
        chain.append(own)
        at = like or ""
    for own in reversed(chain):
        entries |= own
    words = {key.removeprefix("words."): value for key, (value, _) in entries.items() if key.startswith("words.")}
    data = {key: value for key, (value, _) in entries.items() if not key.startswith("words.")}
    return Form(name, version, data, {key: source for key, (_, source) in entries.items()}, words)


def _tables(version: int) -> dict[str, tuple[str | None, _Entries]]:
    """By form, whose entries it takes over and its own, each with its source."""
    shape = tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8"))
    tables = _tables(shape["extends"]) if "extends" in shape else {}
    sources = {key: Source(**each) for key, each in shape["sources"].items()}
    for name, table in shape.items():
        if not isinstance(table, dict) or name == "sources":
            continue
        like, entries = tables.get(name, (None, {}))
        own = {f"words.{key}": word for key, word in table.get("words", {}).items()}
        own |= {key: value for key, value in table.items() if key not in _NOT_DATA}
        cited = table.get("sources", {})
        new = {
            key: (value, sources[cited.get(key.removeprefix("words."), table["source"])]) for key, value in own.items()
        }
        tables[name] = (table.get("like", like), entries | new)
    return tables
