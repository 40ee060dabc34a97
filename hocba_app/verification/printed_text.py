"""What a file says of whose record it is: its manifest's pupil and its printed words. Runs inside the sandbox."""

from __future__ import annotations

import io
from dataclasses import dataclass

from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader

from hocba_app.recordfile.manifest import manifest_in
from hocba_app.verification import manifest_rules

MAX_PAGES = 40
MAX_LETTERS = 200_000


@dataclass(frozen=True, slots=True)
class Content:
    """Nothing of it is more than a claim: the file's verdict says what it is worth."""

    student_code: str | None = None
    """Of a record of our own format."""
    kind: str | None = None
    words: str = ""
    """In reading order; "" where the pages have none, or cannot be read."""


def content_of(data: bytes) -> Content:
    """Read a file as far as it can be read."""
    student_code = kind = None
    try:
        manifest = manifest_in(PdfFileReader(io.BytesIO(data)))
        if manifest is not None and manifest_rules.is_sound(manifest):
            student_code, kind = manifest.student_code, manifest.kind
    except Exception:  # noqa: S110 - whatever a broken file does to the parser is the file's fault; its verdict says so
        pass
    words: list[str] = []
    try:
        for page in PdfReader(io.BytesIO(data)).pages[:MAX_PAGES]:
            words.append(page.extract_text())
            if sum(map(len, words)) > MAX_LETTERS:
                break
    except Exception:  # noqa: S110 - as above; what was read before is kept
        pass
    return Content(student_code, kind, "\n".join(words)[:MAX_LETTERS])
