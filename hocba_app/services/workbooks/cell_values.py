"""How a cell's text becomes a value of the contract, and a value a cell's text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from hocba_app.domain.assessment.subject_check import EXEMPT
from hocba_app.domain.identifiers import clean_text, identifier, latin_twins
from hocba_app.domain.school_calendar import today

Read = Callable[[str], object]
"""A cell's text as a value.

Raises:
    ValueError: its message is the reason shown to the user.
"""
Write = Callable[[object], str]
LEVELS = ("Đ", "CĐ", "T", "H", "C")
"""Written instead of a mark: passed or not (TT22, TT26), well done to not done (TT27)."""
_DAY = re.compile(
    r"(?:ngày )?([0-9]{1,2})(?:[/.-]| ?/ ?| tháng )([0-9]{1,2})(?:[/.-]| ?/ ?| năm )([0-9]{4})(?: 0{1,2}:00(?::00)?)?"
)


def heading(text: str) -> str:
    """A header in one form, whatever its line breaks, case, marks of obligation or Unicode form."""
    return re.sub(r"[\s*:.()]+", " ", clean_text(text)).strip().casefold()


def plain(text: str) -> str:
    """Text in NFC with single blanks on each line."""
    return "\n".join(" ".join(line.split()) for line in clean_text(text).strip().splitlines())


def one_line(text: str) -> str:
    """Text in NFC on one line, for people break the lines of a cell to see all of it; in Latin letters, whatever looks like them."""
    return latin_twins(" ".join(plain(text).split()))


def day(text: str) -> str:
    """ "06/05/2014", "ngày 6 tháng 5 năm 2014" or "2014-05-06" → "2014-05-06"."""
    said = one_line(text).casefold()
    try:
        if found := _DAY.fullmatch(said):
            taken = date(int(found[3]), int(found[2]), int(found[1]))
        else:
            taken = date.fromisoformat(re.sub(r"^([0-9]{4})[/.]([0-9]{2})[/.](?=[0-9]{2}\b)", r"\1-\2-", said)[:10])
    except ValueError:
        short = re.fullmatch(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}", said)
        why = "; năm phải đủ bốn chữ số" if short else ""
        raise ValueError(f"không phải ngày dạng ngày/tháng/năm{why}") from None
    if not 1900 < taken.year < 2100:
        raise ValueError(f"năm {taken.year} không thể đúng; hãy ghi lại ngày/tháng/năm")
    return taken.isoformat()


def birthday(text: str) -> str:
    """As :func:`day`, of somebody who is born. Errors as there."""
    if (taken := day(text)) > today().isoformat():
        raise ValueError(f"ngày sinh {shown_day(taken)} ở sau hôm nay; hãy xem lại năm")
    return taken


def shown_day(value: object) -> str:
    """ "2014-05-06" → "06/05/2014"."""
    year, month, rest = str(value).split("-")
    return f"{rest}/{month}/{year}"


def result(text: str) -> str:
    """A mark with decimal comma or point, or a level: "8,5" → "8.5"."""
    value = plain(text)
    return value.replace(",", ".") if re.fullmatch(r"[0-9]{1,2},[0-9]{1,4}", value) else value


def shown_result(value: object) -> str:
    """ "8.5" → "8,5"."""
    text = str(value)
    return text.replace(".", ",") if re.fullmatch(r"[0-9]{1,2}\.[0-9]+", text) else text


def mark(text: str) -> str:
    """A mark from 0 to 10 with one decimal at most, or a level: "8,5" → "8.5", "đ" → "Đ".

    Raises:
        ValueError: anything else; it must not take the place of a mark.
    """
    value = plain(text)
    if value.upper() in LEVELS:
        return value.upper()
    if value.casefold() == EXEMPT.casefold():
        return EXEMPT
    if (
        not (found := re.fullmatch(r"([0-9]{1,2})(?:[.,]([0-9])0*)?", value))
        or float(f"{found[1]}.{found[2] or 0}") > 10
    ):
        raise ValueError(
            f"không phải điểm (0 đến 10, nhiều nhất một chữ số sau dấu phẩy) hay mức ({', '.join(LEVELS)})"
        )
    return f"{int(found[1])}.{found[2]}" if found[2] else str(int(found[1]))


def code(text: str) -> str:
    """A code as it is stored.

    Raises:
        ValueError: it is what a spreadsheet makes of a long number, and its last digits are gone.
    """
    value = identifier(text)
    if re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{3}){2,}", value):
        raise ValueError(f"mã viết như số có dấu hàng nghìn ({value}); hãy bỏ các dấu ngăn cách")
    return value


def digits(length: int) -> Read:
    """A number that names a person: so many digits, blanks between them aside."""

    def read(text: str) -> str:
        value = re.sub(r"\s", "", identifier(text))
        if not re.fullmatch(rf"[0-9]{{{length}}}", value):
            raise ValueError(
                f"phải có đúng {length} chữ số; nếu thiếu số 0 ở đầu, hãy định dạng cột là Văn bản và gõ lại"
            )
        return value

    return read


def phone(text: str) -> str:
    """A telephone number as it is written, several too.

    Vietnam's mobile numbers are a zero and nine digits that begin with 3, 5, 7, 8 or 9, and no other number has nine: where a spreadsheet made
    a number of it, the zero is put back. Other nine digits are refused.

    Raises:
        ValueError: digits are missing.
    """
    value = one_line(text)
    if re.fullmatch(r"[1-9][0-9]{8}", bare := re.sub(r"[ .-]", "", value)):
        if bare[0] not in "35789":
            raise ValueError("không phải số điện thoại; hãy định dạng cột là Văn bản và gõ lại")
        return f"0{value}"
    return value


def whole(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()):
        raise ValueError("không phải số nguyên")
    return int(text)


def listed(text: str) -> list[str]:
    """Several values in a cell, parted by semicolons or line breaks."""
    return [part for part in (plain(part) for part in re.split(r"[;\n]", text)) if part]


def codes(text: str) -> list[str]:
    """Several codes in a cell."""
    return [identifier(part) for part in re.split(r"[;,\s]+", text) if part]


def traits(text: str) -> list[dict[str, str | None]]:
    """ "Yêu nước: T; Nhân ái: Đ" → names with their levels; a name without a level is not assessed yet."""
    found = []
    for part in listed(text):
        name, _, level = (one_line(piece) for piece in part.partition(":"))
        if level and level.upper() not in ("T", "Đ", "C"):
            raise ValueError(f"mức của {name[:40]} phải là T, Đ hoặc C")
        found.append({"name": name, "level": level.upper() or None})
    return found


def shown_traits(value: Any) -> str:
    """Names and levels as :func:`traits` reads them."""
    return "; ".join(f"{row['name']}: {row['level'] or ''}" for row in value)


def choice(words: Mapping[str, object]) -> tuple[Read, Write]:
    """A value chosen from words of the school's."""
    by_word = {heading(word): value for word, value in words.items()}
    first = {value: word for word, value in reversed(list(words.items()))}

    def read(text: str) -> object:
        if heading(text) not in by_word:
            raise ValueError(f"phải là một trong: {', '.join(words)}")
        return by_word[heading(text)]

    return read, lambda value: first.get(value, "")
