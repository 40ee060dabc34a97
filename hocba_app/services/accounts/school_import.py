"""``hocba school import``: hundreds of schools from one CSV file, all checked before the first is made; repeating it adds only what is new."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import school_year_of, today
from hocba_app.models import Database
from hocba_app.private_files import opener
from hocba_app.services.accounts.schools import add_school, require_new_school, schools
from hocba_app.services.csv_cells import plain_cell

COLUMNS = ("code", "name", "level", "commune", "province", "department", "tax_code", "admin_name", "current_year")
NEEDED = ("code", "name")
MAX_SAID = 20


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One line of the file."""

    line: int
    values: dict[str, str]
    """By column, as `add_school` takes them."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One school just made."""

    code: str
    name: str
    username: str
    one_time_code: str


def read_rows(path: Path) -> list[SchoolRow]:
    """The schools of a CSV file (UTF-8, comma or semicolon, a head with the names of :data:`COLUMNS`).

    Raises:
        HocbaError: INVALID_INPUT naming every line that cannot be taken.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise _refused([f"không đọc được {path} (cần CSV, mã UTF-8)"]) from error
    lines = text.splitlines()
    reader = csv.DictReader(lines, delimiter=";" if lines and lines[0].count(";") > lines[0].count(",") else ",")
    head = [name.strip() for name in reader.fieldnames or ()]
    if unknown := [name for name in head if name not in COLUMNS]:
        raise _refused([f"cột lạ: {', '.join(unknown)}; các cột được nhận: {', '.join(COLUMNS)}"])
    if lacking := [name for name in NEEDED if name not in head]:
        raise _refused([f"thiếu cột {', '.join(lacking)}"])
    reader.fieldnames = head
    rows, wrong, seen = [], [], dict[str, int]()
    for given in reader:
        values = {name: (given.get(name) or "").strip() for name in head}
        values = {name: value for name, value in values.items() if value}
        if not values:
            continue
        line = reader.line_num
        values = {"admin_name": "Quản trị", "current_year": school_year_of(today())} | values
        try:
            require_new_school(
                values.get("code", ""),
                values.get("name", ""),
                values["current_year"],
                values.get("level", "lower_secondary"),
            )
        except HocbaError as error:
            wrong.append(f"dòng {line}: {error.params.get('detail', error.sentence)}")
            continue
        code = values["code"].casefold()
        if code in seen:
            wrong.append(f"dòng {line}: mã {values['code']} đã có ở dòng {seen[code]}")
        seen.setdefault(code, line)
        rows.append(SchoolRow(line, values))
    if wrong:
        raise _refused(wrong)
    return rows


def new_ones(db: Database, rows: Sequence[SchoolRow]) -> list[SchoolRow]:
    """Those whose code no school has yet."""
    there = {school.code.casefold() for school in schools(db)}
    return [row for row in rows if row.values["code"].casefold() not in there]


def add_all(db: Database, rows: Sequence[SchoolRow], codes: Path) -> Iterator[Imported]:
    """Make the schools, one transaction each; each admin's one-time code is in the file before the next school is begun.

    Args:
        codes: a new CSV file for this user only.

    Raises:
        HocbaError: INVALID_INPUT when that file is there already.
    """
    try:
        file = open(codes, "x", encoding="utf-8-sig", newline="", opener=opener)  # noqa: SIM115 - closed below
    except FileExistsError as error:
        raise _refused([f"tệp {codes} đã có; hãy chọn tên khác"]) from error
    with file:
        table = csv.writer(file)
        table.writerow(["code", "name", "username", "one_time_code"])
        for row in rows:
            made = add_school(db, **row.values)
            found = Imported(row.values["code"], row.values["name"], made.username, made.code)
            table.writerow([plain_cell(text) for text in (found.code, found.name, found.username, found.one_time_code)])
            file.flush()
            yield found


def _refused(problems: list[str]) -> HocbaError:
    more = f"; và {len(problems) - MAX_SAID} dòng khác" if len(problems) > MAX_SAID else ""
    return HocbaError(ErrorCode.INVALID_INPUT, detail="; ".join(problems[:MAX_SAID]) + more)
