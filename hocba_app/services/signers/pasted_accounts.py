"""A pasted column of signing accounts: one a line, alone or after a staff code, as a spreadsheet gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.identifiers import identifier, identifier_key, near_key
from hocba_app.models import SEAL, School, Staff
from hocba_app.models.repositories import signers as rows

MAX_LETTERS = 60_000
_NAMED = 5
"""Wrong lines reported at once."""
_NUMBER = re.compile(r"(?:[A-Za-z]+_)?([0-9]{7,12}(?:-[0-9]{3})?)")
_FIELDS = re.compile(r"[\t;,]| +")


@dataclass(frozen=True, slots=True)
class Pasted:
    """One line, with whom it is for."""

    owner: str
    account: str
    """As typed, with the zeros a spreadsheet took from the front of his own number."""


@dataclass(frozen=True, slots=True)
class _Signers:
    """Who may be meant: by code, and by a number without its leading zeros."""

    staff: dict[str, Staff]
    by_code: dict[str, str]
    by_number: dict[str, tuple[str, str]]


def read_pasted(session: Session, text: str, *, seal: bool) -> list[Pasted]:
    """Whose each line is.

    Args:
        text: a number or account a line, or a staff code, anything, and the account; a heading may come first.
        seal: the school's MST may be among them.

    Raises:
        HocbaError: INVALID_INPUT, naming the lines nobody can be found for: then none was taken.
    """
    if len(text) > MAX_LETTERS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"danh sách dài quá {MAX_LETTERS} ký tự")
    signers = _signers(session, seal=seal)
    found: dict[str, tuple[int, Pasted]] = {}
    wrong: list[str] = []
    for number, fields in _lines(text):
        try:
            line = _meant(signers, fields)
        except HocbaError as error:
            wrong.append(f"dòng {number}: {error.params['detail']}")
            continue
        if line.owner in found and found[line.owner][1] != line:
            wrong.append(f"dòng {number}: người này đã có ở dòng {found[line.owner][0]} với tài khoản khác")
        found.setdefault(line.owner, (number, line))
    if wrong:
        more = f"; và {len(wrong) - _NAMED} dòng nữa" if len(wrong) > _NAMED else ""
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="; ".join(wrong[:_NAMED]) + more)
    return [line for _, line in found.values()]


def number_in(account: str) -> str:
    """The number an account is named after: without ``CCCD_``, ``MST_``; "" where it has a name of its own."""
    match = _NUMBER.fullmatch(account)
    return match.group(1) if match else ""


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        fields = [clean for field in _FIELDS.split(line) if (clean := identifier(field).strip("'\""))]
        heading = number == 1 and not any(letter.isdigit() for letter in line)
        if fields and not heading:
            yield number, fields


def _signers(session: Session, *, seal: bool) -> _Signers:
    staff = rows.staff_of(session)
    by_number = {near_key(own): (row.id, own) for row in staff for own in (row.old_id_number, row.id_number) if own}
    tax_code = session.get_one(School, session.info["school_id"]).tax_code
    if seal and tax_code:
        by_number[near_key(tax_code)] = (SEAL, tax_code)
    return _Signers({row.id: row for row in staff}, {identifier_key(row.code): row.id for row in staff}, by_number)


def _meant(signers: _Signers, fields: list[str]) -> Pasted:
    account = fields[-1]
    number = number_in(account)
    of_number = signers.by_number.get(near_key(number)) if number else None
    if len(fields) > 1:
        owner = signers.by_code.get(identifier_key(fields[0]))
        if owner is None:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"không có mã cán bộ {fields[0][:20]}")
    elif of_number is None:
        raise HocbaError(
            ErrorCode.INVALID_INPUT, detail="không ai trên SMAS mang số này; hãy ghi thêm mã cán bộ ở đầu dòng"
        )
    else:
        owner = of_number[0]
    own = of_number is not None and of_number[0] == owner and account == number
    return Pasted(owner, of_number[1] if own and of_number else account)
