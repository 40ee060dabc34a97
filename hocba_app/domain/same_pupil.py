"""Whether a record from elsewhere is this pupil's: what its manifest and its printed words say against it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from hocba_app.domain.identifiers import identifier_key
from hocba_app.domain.search_text import fold

_ID_NUMBER = re.compile(r"(?:dinh danh|cccd)\D{0,60}((?:\d ?){12})(?!\d)")
_SAID = {
    "no_words": "Không đọc được chữ nào trong tệp (có thể là bản quét): hãy mở tệp xem có đúng học sinh này không.",
    "name": "Không thấy họ tên của học sinh trong tệp.",
    "code": "Mã học sinh trong tệp là {theirs}, ở trường này là {ours}.",
    "birth_date": "Không thấy ngày sinh của học sinh trên trang thông tin trong tệp.",
    "id_number": "Số định danh cá nhân in trong tệp khác số của học sinh.",
}


@dataclass(frozen=True, slots=True)
class Pupil:
    """Who the file should be of."""

    code: str
    full_name: str
    birth_date: str
    """ISO 8601, or ""."""
    id_number: str | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that speaks against it."""

    code: str
    """``no_words``, ``name``, ``code``, ``birth_date`` or ``id_number``."""
    text: str

    def as_json(self) -> dict[str, str]:
        """For the row."""
        return asdict(self)


def doubts(pupil: Pupil, words: str, *, student_code: str | None, kind: str | None) -> tuple[Doubt, ...]:
    """What speaks against the file being of this pupil; empty when nothing does.

    Words are compared without marks and capitals: other producers' fonts lose them. Only a cover must show the date of
    birth and the personal number; a year's results need not.

    Args:
        words: what the pages say, in reading order.
        student_code: of a record of our own format, from its manifest; None for any other file.
        kind: of a record of our own format; None for any other file.
    """
    found = []
    said = fold(words)
    if not said:
        found.append(Doubt("no_words", _SAID["no_words"]))
    elif fold(pupil.full_name) not in said:
        found.append(Doubt("name", _SAID["name"]))
    if student_code is not None and identifier_key(student_code) != identifier_key(pupil.code):
        theirs = "".join(letter for letter in student_code if letter.isprintable())[:40]
        found.append(Doubt("code", _SAID["code"].format(theirs=theirs, ours=pupil.code)))
    if said and kind == "cover" and pupil.birth_date and not any(day in said for day in _days(pupil.birth_date)):
        found.append(Doubt("birth_date", _SAID["birth_date"]))
    numbers = {re.sub(r"\D", "", match) for match in _ID_NUMBER.findall(said)}
    if pupil.id_number and numbers and pupil.id_number not in numbers:
        found.append(Doubt("id_number", _SAID["id_number"]))
    return tuple(found)


def _days(iso: str) -> tuple[str, ...]:
    """The ways a form prints a day, folded."""
    year, month, day = iso.split("-")
    return (
        f"{day}/{month}/{year}",
        f"{int(day)}/{int(month)}/{year}",
        f"{day}-{month}-{year}",
        f"ngay {day} thang {month} nam {year}",
        f"ngay {int(day)} thang {int(month)} nam {year}",
    )
