"""What a signature field is called before people: "Toán – Nguyễn Thị Ánh", never "s.TOAN.1"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hocba_app.domain.glossary import SLOT
from hocba_app.domain.subject_names import subject_name
from hocba_app.recordfile.manifest import Manifest

SUBJECT_ROLE = "Giáo viên môn "
"""How the role of a subject teacher's slot begins where it names the subject."""
_SUBJECT = re.compile(r"s\.([A-Za-z0-9_-]+)\.[0-9]+")
_ARCHIVE = re.compile(r"archive\.?([0-9]+)")
MAX_LENGTH = 60


def slot_words(field: str, role: str = "", holder: str = "") -> str:
    """A field in words.

    Args:
        field: its name in the file.
        role: what the manifest says its signer is; "" in a foreign file.
        holder: by his certificate; "" where nobody has signed, or it cannot be read.
    """
    place = _place(field, role)
    return f"{place} – {printable_name(holder)}" if holder and not _ARCHIVE.fullmatch(field) else place


def words_of(manifest: Manifest | None, signed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By field, :func:`slot_words` of every slot and of every signature.

    Args:
        manifest: of a record of ours; None for a foreign file.
        signed: field and holder of each signature.
    """
    roles: Mapping[str, str] = {slot.field: slot.role for slot in manifest.slots} if manifest is not None else {}
    words = {field: slot_words(field, role) for field, role in roles.items()}
    return words | {field: slot_words(field, roles.get(field, ""), holder) for field, holder in signed}


def _place(field: str, role: str) -> str:
    if (archive := _ARCHIVE.fullmatch(field)) is not None:
        return f"dấu thời gian lưu trữ lần {archive.group(1)}"
    if (subject := _SUBJECT.fullmatch(field)) is not None:
        return (
            printable_name(role.removeprefix(SUBJECT_ROLE))
            if role.startswith(SUBJECT_ROLE)
            else subject_name(subject.group(1))
        )
    if field == "principal" and role:
        return printable_name(role.partition(" (")[0])  # the head of a centre is a director; a deputy signs for him
    if field in SLOT:
        return SLOT[field]
    return f"ô ký «{printable_name(field)}»"


def printable_name(text: str) -> str:
    """Names come from files: what does not print is left out, and nothing is endless."""
    printable = "".join(letter for letter in text if letter.isprintable())
    return printable if len(printable) <= MAX_LENGTH else f"{printable[:MAX_LENGTH]}…"
