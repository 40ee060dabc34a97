"""The sector database: accepted snapshots, lists with the delta protocol, photos; and the Ministry's receipts.

A record is stored once a change: the row holds the JSON of its data as it is sent, and the snapshots it was current in.
A list is one range of an index, whatever the size of the school.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store, dumps
from hocba_app.simulators.smas.submission import now

RESOURCES = (
    "school",
    "staff",
    "classes",
    "students",
    "enrolments",
    "subjects",
    "teaching_assignments",
    "history",
    "results",
)
MAX_PAGE = 500
_COLUMNS = "select id, version, event, updated_at, data from sector"


def snapshots(store: Store, school: str, year: str) -> list[dict[str, Any]]:
    """Accepted snapshots of a school year, or of all, the oldest first."""
    rows = store.all(
        "select number, kind, school_year, term, accepted_at from snapshot where school = ? and (? = '' or school_year = ?) order by number",
        school,
        year,
        year,
    )
    return rows


def page(store: Store, school: str, resource: str, *, year: str, since: str, at: str, limit: int) -> str:
    """One page of a list, as JSON text.

    Args:
        since: the cursor of the last list that was read to its end, or "".
        at: the page's cursor, or "" for the first; it names the snapshot of the first page.

    Raises:
        Refused: a cursor this service did not give (400), no school year (422).
    """
    if not year:
        raise Refused.field("school_year", "required", "Thiếu năm học.")
    if at:
        snapshot, after, last = _page_cursor(at, year)
    else:
        newest = store.one("select coalesce(max(number), 0) as number from snapshot where school = ?", school)
        snapshot, after, last = newest["number"] if newest else 0, _since(since), ""
        if after > snapshot:
            raise _bad_cursor()
    rows = _rows(store, school, resource, year, snapshot, after, last, limit + 1)
    more = len(rows) > limit
    items = ",".join(
        f'{{"id":{dumps(row["id"])},"version":{row["version"]},"event":"{row["event"]}","updated_at":"{row["updated_at"]}","data":{row["data"]}}}'
        for row in rows[:limit]
    )
    following = _cursor([snapshot, after, rows[limit - 1]["id"], year]) if more else None
    end = "" if more else f',"cursor":"s{snapshot}"'
    return f'{{"items":[{items}],"next_page":{dumps(following)}{end},"snapshot":{snapshot}}}'


def _rows(
    store: Store, school: str, resource: str, year: str, snapshot: int, after: int, last: str, limit: int
) -> list[dict[str, Any]]:
    if after == 0:
        return store.all(
            f"{_COLUMNS} where school = ? and resource = ? and year = ? and id > ? and snapshot <= ? and (until is null or until > ?)"
            " and event <> 'CANCEL' order by id limit ?", school, resource, year, last, snapshot, snapshot, limit,
        )  # fmt: skip
    return store.all(
        f"{_COLUMNS} indexed by sector_change where school = ? and resource = ? and year = ? and snapshot > ? and snapshot <= ?"
        " and (until is null or until > ?) and id > ? order by id limit ?", school, resource, year, after, snapshot,
        snapshot, last, limit,
    )  # fmt: skip


def first_page(snapshot: int, since: str, year: str) -> str:
    """The page cursor that gives a list's first page."""
    return _cursor([snapshot, _since(since), "", year])


def _cursor(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(dumps(parts).encode()).decode().rstrip("=")


def _page_cursor(text: str, year: str) -> tuple[int, int, str]:
    try:
        snapshot, after, last, of_year = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        raise _bad_cursor() from None
    if not (
        type(snapshot) is int
        and type(after) is int
        and isinstance(last, str)
        and of_year == year
        and 0 <= after <= snapshot < 2**31
    ):
        raise _bad_cursor()
    return snapshot, after, last


def _since(text: str) -> int:
    if not text:
        return 0
    if text[0] != "s" or not text[1:].isascii() or not text[1:].isdigit() or len(text) > 10:
        raise _bad_cursor()
    return int(text[1:])


def _bad_cursor() -> Refused:
    return Refused(400, {"error": "invalid_cursor", "message": "Con trỏ không do hệ thống này cấp."})


def photo(store: Store, school: str, digest: str) -> bytes:
    """A submitted photo.

    Raises:
        Refused: there is none of this school.
    """
    row = store.one("select jpeg from photo where school = ? and sha256 = ? and submitted = 1", school, digest)
    if row is None:
        raise Refused.unknown("ảnh")
    return bytes(row["jpeg"])


def transfer(store: Store, school: str, values: Any) -> dict[str, Any]:
    """Pass a snapshot on to the Ministry; the same snapshot again gives the same receipt.

    Raises:
        Refused: no such snapshot.
    """
    number = values.get("snapshot") if isinstance(values, dict) else None
    found = (
        store.one("select * from snapshot where school = ? and number = ?", school, number)
        if type(number) is int and 0 < number < 2**31
        else None
    )
    if found is None:
        raise Refused.field("snapshot", "unknown", "Không có đợt dữ liệu này đã được Sở tiếp nhận.")
    with store.transaction():
        known = store.one("select * from transfer where school = ? and snapshot = ?", school, number)
        if known is None:
            digest, records = hashlib.sha256(), 0
            rows = store.all(
                "select resource, id, version, data from sector where school = ? and year = ? and snapshot <= ? and (until is null or until > ?)"
                " and event <> 'CANCEL' order by resource, id", school, found["school_year"], number, number,
            )  # fmt: skip
            for row in rows:
                digest.update(f"{row['resource']}/{row['id']}/{row['version']}\n{row['data']}\n".encode())
                records += 1
            receipt = f"BGD-{school}-{number:04d}-{secrets.token_hex(4).upper()}"
            store.run(
                "insert into transfer values (?,?,?,?,?,?)", school, receipt, number, now(), records, digest.hexdigest()
            )
            known = store.one("select * from transfer where school = ? and snapshot = ?", school, number) or {}
    return {
        "receipt": known["receipt"], "snapshot": number, "kind": found["kind"], "school_year": found["school_year"],
        "term": found["term"],
        "accepted_at": known["accepted_at"], "records": known["records"], "sha256": known["digest"],
    }  # fmt: skip


def transfers(store: Store, school: str) -> list[dict[str, Any]]:
    """Receipts of a school, the newest first."""
    return store.all(
        "select receipt, snapshot, accepted_at, records, digest as sha256 from transfer where school = ? order by accepted_at desc",
        school,
    )
