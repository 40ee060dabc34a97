"""Workbooks and pictures damaged at random, read as uploads are: in the child, with its limits.

Whatever comes in, one of three things comes out: values, a refusal of ours, or a child that was ended – never another error.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.signature_image import signature_image
from hocba_app.services.workbooks import old_fonts
from hocba_app.services.workbooks.excel_reading import read_workbook
from hocba_app.services.workbooks.excel_rows import read_rows
from tests.unit.ink import photos
from tests.unit.sync.test_clerks_files import PAGE, separated, xml
from tests.unit.sync.test_wide_forms import BINH, GRADE_5, PAO
from tests.unit.sync.wide_forms import by_openpyxl, by_xlsxwriter, by_xlwt, vnedu_primary

REFUSALS = {
    ErrorCode.FILE_TYPE, ErrorCode.FILE_TOO_LARGE, ErrorCode.FILE_TOO_COMPLEX, ErrorCode.IMAGE_TOO_LARGE, ErrorCode.IMAGE_EMPTY,
    ErrorCode.IMAGE_TOO_BUSY,
}  # fmt: skip
_TOKENS = (
    b"<row", b"</row>", b"<c ", b'r="A1"', b't="s"', b"<v>", b"<mergeCell ", b'ref="A1:XFD1048576"', b"&#x0;", b"]]>", b"<!DOCTYPE x>", b"99999999999999999999",
    b"NaN", b"-1", b'count="4294967295"', b"<f>1+1</f>", b"\xff\xfe",
)  # fmt: skip


@dataclass
class Found:
    """What came of a run."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    """Seed and error of inputs that gave something else."""


def workbooks() -> list[bytes]:
    """Sound files of each kind that this machine can write."""
    form = vnedu_primary(GRADE_5, [BINH, PAO])
    texts = [PAGE.format("utf-8").encode(), xml(), separated(";", "utf-8"), separated("\t", "utf-16")]
    return [by_openpyxl(form), by_xlsxwriter(form), by_xlwt(form), *texts]


def pictures() -> list[bytes]:
    """Sound pictures of each kind that uploads take."""
    small = photos.on_paper(photos.strokes(1, size=(420, 280), width=4))
    deep = Image.fromarray((small.clip(0, 255) * 257).astype("uint16")[..., 0])
    found = [photos.jpeg(small), photos.png(photos.strokes(2, size=(300, 200), width=4)), photos.png(deep)]
    with io.BytesIO() as out:
        Image.open(io.BytesIO(found[0])).quantize(16).save(out, "PNG")
        found.append(out.getvalue())
    for kind in ("WEBP", "GIF", "BMP"):
        with io.BytesIO() as out:
            Image.open(io.BytesIO(found[0])).save(out, kind)
            found.append(out.getvalue())
    return found


def damaged(data: bytes, luck: random.Random) -> bytes:
    """The same bytes with one kind of damage; inside a package mostly in one of its parts."""
    if data[:2] == b"PK" and luck.random() < 0.8:
        return _in_a_part(data, luck)
    return _spoiled(data, luck)


def _spoiled(data: bytes, luck: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(luck.randint(1, 4)):
        if not changed:
            break
        at = luck.randrange(len(changed))
        what = luck.randrange(5)
        if what == 0:
            changed[at] ^= 1 << luck.randrange(8)
        elif what == 1:
            del changed[at : at + luck.randint(1, 200)]
        elif what == 2:
            changed[at:at] = luck.choice(_TOKENS)
        elif what == 3:
            length = luck.randint(1, 400)
            changed[at:at] = changed[at : at + length]
        else:
            changed[at : at + 4] = luck.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"))
    return bytes(changed[: luck.randint(1, len(changed))] if luck.random() < 0.15 and changed else changed)


def _in_a_part(data: bytes, luck: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        victim, other = luck.choice(names), luck.choice(names)
        for name in names:
            content = old.read(name)
            if name == victim:
                content = old.read(other) if luck.random() < 0.1 else _spoiled(content, luck)
            new.writestr(name, content)
    return out.getvalue()


def run(seed: int, read: Callable[[bytes], object], sound: list[bytes], found: Found) -> None:
    """One damaged input."""
    luck = random.Random(seed)
    data = damaged(luck.choice(sound), luck)
    try:
        read(data)
        found.outcomes["read"] += 1
    except HocbaError as error:
        found.outcomes[error.code.value] += 1
        if error.code not in REFUSALS:
            found.failures.append(f"{seed}: {error.code.value}")
    except Exception as error:
        found.failures.append(f"{seed}: {type(error).__name__}: {error}"[:200])


def read_as_import(data: bytes) -> object:
    """A workbook as an import reads it, up to its rows."""
    sheets = read_workbook(data)
    old_fonts.turn(sheets)
    return read_rows(sheets)


def fuzz(runs: int, seed: int = 0) -> Found:
    """So many workbooks and so many pictures."""
    found, books, images = Found(), workbooks(), pictures()
    for number in range(runs):
        run(seed + number, read_as_import, books, found)
        run(seed + number, signature_image, images, found)
    return found
