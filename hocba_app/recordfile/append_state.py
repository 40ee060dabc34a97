"""What is needed to append to a file without reading it again: its end, and where its fields are."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.manifest import Manifest
from hocba_app.recordfile.pdf_reader import ClassicFile, dictionary_entry

MAX_DEPTH = 4
_REF = re.compile(rb"(\d+) 0 R")


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """One signature field of the file."""

    number: int
    page: int
    """Object number of its page."""
    parent: int | None
    """Object number of the field above it, for a name with periods."""
    rect: tuple[float, float, float, float]
    stage: str
    signed: bool = False


@dataclass(frozen=True, slots=True)
class AppendState:
    """The end of a file. JSON-serialisable: stored beside each version, so that preparing reads no structure."""

    length: int
    sha256: str
    startxref: int
    size: int
    root: int
    info: str
    file_id: str
    form: int
    font: int
    fields: dict[str, FieldPlace]
    writer: int = 2
    """Version of the writer that lays out its signatures; tips stored before it was kept belong to 1 or 2, which draw alike."""
    dated: str = ""
    """The field whose signature writes its day into the form's line; "" for none."""

    def dumps(self) -> str:
        """JSON. A place is written once for all the records of a layout that have it: there are twenty in each."""
        head = json.dumps(
            {
                "length": self.length,
                "sha256": self.sha256,
                "startxref": self.startxref,
                "size": self.size,
                "root": self.root,
                "info": self.info,
                "file_id": self.file_id,
                "form": self.form,
                "font": self.font,
            },
            separators=(",", ":"),
        )
        fields = ",".join([f"{json.dumps(name)}:{_dumped(place)}" for name, place in self.fields.items()])
        look = json.dumps({"writer": self.writer, "dated": self.dated}, separators=(",", ":"))
        return f'{head[:-1]},"fields":{{{fields}}},{look[1:]}'

    @classmethod
    def loads(cls, text: str) -> AppendState:
        """Read what :meth:`dumps` wrote."""
        shape: dict[str, Any] = json.loads(text)
        shape["fields"] = {
            name: FieldPlace(
                place["number"], place["page"], place["parent"], tuple(place["rect"]), place["stage"], place["signed"]
            )
            for name, place in shape["fields"].items()
        }
        return cls(**shape)

    def after(
        self, update: bytes, file_sha256: str, *, startxref: int, size: int, signed: str | None = None
    ) -> AppendState:
        """The tip once ``update`` is appended."""
        fields = self.fields
        if signed is not None:
            fields = {**fields, signed: replace(fields[signed], signed=True)}
        return replace(
            self, length=self.length + len(update), sha256=file_sha256, startxref=startxref, size=size, fields=fields
        )


@lru_cache(maxsize=8192)
def _dumped(place: FieldPlace) -> str:
    return json.dumps(
        {
            "number": place.number,
            "page": place.page,
            "parent": place.parent,
            "rect": place.rect,
            "stage": place.stage,
            "signed": place.signed,
        },
        separators=(",", ":"),
    )


def read_tip(file: bytes) -> AppendState:
    """Read the tip of a file of ours from its bytes.

    Raises:
        HocbaError: FILE_STRUCTURE.
    """
    reader = ClassicFile(file)
    last = reader.sections[-1]
    root = last.integer(b"Root")
    size = last.integer(b"Size")
    if root is None or size is None:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="trailer")
    trailer = b"<<" + last.trailer.strip().removeprefix(b"<<")
    info = dictionary_entry(trailer, b"/Info")
    file_id = dictionary_entry(trailer, b"/ID") or b"[]"
    form = _reference(reader.body(root), b"/AcroForm")
    form_body = reader.body(form)
    font = _reference(form_body, b"/F")
    fields = dict(_terminal_fields(reader, dictionary_entry(form_body, b"/Fields") or b"", "", None, 0))
    manifest = Manifest.loads(zlib.decompress(reader.stream_data(_reference(reader.body(root), b"/HBManifest"))))
    return AppendState(
        length=len(file),
        sha256=hashlib.sha256(file).hexdigest(),
        startxref=last.at,
        size=size,
        root=root,
        info=f" /Info {info.decode()}" if info else "",
        file_id=file_id.decode("latin-1"),
        form=form,
        font=font,
        fields=fields,
        writer=manifest.writer,
        dated=manifest.dated,
    )


def _terminal_fields(
    reader: ClassicFile, references: bytes, path: str, parent: int | None, depth: int
) -> Iterator[tuple[str, FieldPlace]]:
    """Walk the field tree to its signature fields; names are paths joined with periods."""
    if depth > MAX_DEPTH:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail="field tree")
    for number in (int(found) for found in _REF.findall(references)):
        body = reader.body(number)
        name = path + (dictionary_entry(body, b"/T") or b"").strip(b"()").decode()
        kids = dictionary_entry(body, b"/Kids")
        if kids is not None:
            yield from _terminal_fields(reader, kids, name + ".", number, depth + 1)
        else:
            yield name, _place(name, number, parent, body)


def _place(name: str, number: int, parent: int | None, body: bytes) -> FieldPlace:
    rect = tuple(float(part) for part in (dictionary_entry(body, b"/Rect") or b"[]").strip(b"[]").split())
    if len(rect) != 4 or not name:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail=f"field {number}")
    return FieldPlace(
        number=number,
        page=_reference(body, b"/P"),
        parent=parent,
        rect=rect,
        stage=stage_of(name),
        signed=dictionary_entry(body, b"/V") is not None,
    )


def stage_of(field: str) -> str:
    """The stage a field name belongs to (core decision 10)."""
    return "subject" if field.startswith("s.") else field


def _reference(body: bytes, key: bytes) -> int:
    found = None
    position = 0
    while found is None and position >= 0:
        position = body.find(key, position)
        if position < 0:
            break
        found = _REF.match(body[position + len(key) :].lstrip())
        position += len(key)
    if found is None:
        raise HocbaError(ErrorCode.FILE_STRUCTURE, detail=key.decode())
    return int(found.group(1))
