"""Signature images and the seal: who has one, the upload of many, what it brought and what did not match."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.vietnamese_collation import sort_name, sort_title
from hocba_app.domain.wording import IMAGE_FILE, JOB, position_name
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import images
from hocba_app.services.signers.key_owner import Choice, choices
from hocba_app.state.shared import image_draft_mixin, undoing
from hocba_app.state.shared.addresses import address_of, page_in
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.image_draft_mixin import Drafting
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.searching import Searching, go_to, keep_search
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.sorting import Sorting

PAGE_ROWS = 16
FILE_ROWS = 10
_TONE = {
    "ready": "todo",
    "left": "info",
    "matched": "ok",
    "replaced": "ok",
    "given": "ok",
    "unmatched": "wait",
    "failed": "problem",
}


@dataclasses.dataclass
class Person:
    """One member of staff and his image."""

    id: str
    name: str
    detail: str
    preview: str
    saved: str


@dataclasses.dataclass
class FileRow:
    """One uploaded file."""

    number: int
    file: str
    outcome: str
    tone: str
    outcome_name: str
    whose: str
    reason: str
    before: str
    after: str


_FILE_ORDERS: Mapping[str, Callable[[FileRow], tuple[Any, ...]]] = {
    "file": lambda row: (sort_title(row.file), row.number),
    "outcome": lambda row: (
        row.tone != "problem",
        row.tone != "wait",
        row.tone != "todo",
        row.outcome_name,
        row.number,
    ),
    "whose": lambda row: (row.whose == "", sort_name(row.whose), row.number),
}
"""Besides the order of the upload; what needs attention comes first."""


class SignatureImagesState(Searching, Sorting, Drafting, LiveScreen, rx.State):
    """The page "Ảnh chữ ký, con dấu"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.SIGNATURE_IMAGES,)
    _undo_rights: ClassVar[tuple[Right, ...]] = (Right.SIGNATURE_IMAGES,)
    _draft_page: ClassVar[str] = "/signature-images"
    _sorts: ClassVar[tuple[str, ...]] = ("order", "file", "outcome", "whose")
    """Of the table of an upload's files; people are shown as cards."""

    loaded: bool = False
    rows: list[Person] = []
    people: list[SelectOption] = []
    missing_only: bool = False
    staff: int = 0
    have: int = 0
    percent: int = 0
    seal_preview: str = ""
    seal_saved: str = ""
    chosen_id: str = ""
    chosen_name: str = ""
    upload_id: str = ""
    upload_title: str = ""
    running: bool = False
    upload_percent: int = 0
    upload_text: str = ""
    files: list[FileRow] = []
    ready_files: int = 0
    good_files: int = 0
    open_files: int = 0
    file_page: int = 1
    file_pages: int = 1
    file_total: int = 0
    only_open: bool = False
    give_number: int = -1
    give_to: str = ""

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        self.problem, self.done, self.chosen_id, self.give_number = "", "", "", -1
        self.missing_only = self.router.url.query_parameters.get("missing", "") == "1"
        keep_search(self)
        self.page, self.file_page = page_in(self.router.url.query_parameters), 1
        who = await require_identity(self)
        undoing.on_load(self)
        await image_draft_mixin.open_slip(self, who, str(self.router.url.query_parameters.get("draft", "")))
        await self._reload(who)
        if begin(self):
            yield watching(SignatureImagesState)

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def show_missing(self, only: bool) -> EventSpec | None:
        """Only who has none."""
        self.missing_only = bool(only)
        return await self._go(1)

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def choose(self, staff_id: str) -> None:
        """Open the form that uploads for one person; the same person again closes it."""
        chosen = next((row for row in self.rows if row.id == staff_id), None)
        same = chosen is None or chosen.id == self.chosen_id
        self.chosen_id, self.chosen_name = ("", "") if same or chosen is None else (chosen.id, chosen.name)

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def show_open(self, only: bool) -> None:
        """Only files that nobody has yet."""
        self.only_open, self.file_page = bool(only), 1
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def previous_files(self) -> None:
        self.file_page = max(1, self.file_page - 1)
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def next_files(self) -> None:
        self.file_page += 1
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def leave_file(self, number: int, leave: bool) -> None:
        """A cleaned file is not to be used, or after all."""
        await self._do(images.leave_file, self.upload_id, _number(number), bool(leave))

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def use_upload(self) -> None:
        """Store every image of the upload that was not left out."""
        upload, ready = self.upload_id, self.ready_files
        await self._do(images.use_upload, upload)
        if not self.problem:
            undoing.offer(self, f"Đã lưu {ready} ảnh chữ ký.", "upload", upload)

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def pick_person(self, number: int, staff_id: str) -> None:
        """Say whose an unmatched file is; stored by :meth:`give`."""
        self.give_number, self.give_to = _number(number), str(staff_id)

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def give(self, number: int) -> None:
        number, upload, name = (
            _number(number),
            self.upload_id,
            next((row.label for row in self.people if row.value == self.give_to), ""),
        )
        if self.give_number != number or not self.give_to:
            self.problem = "Hãy chọn giáo viên cho tệp này trước."
            return
        await self._do(images.give_file, upload, number, self.give_to)
        if not self.problem:
            undoing.offer(self, f"Đã lưu ảnh chữ ký cho {name}.", "upload", upload, number)
            self.give_number, self.give_to = -1, ""

    @rx.event
    @requires(Right.SIGNATURE_IMAGES)
    async def cancel(self) -> None:
        who = await require_identity(self)
        with refusal_shown(self):
            await asyncio.to_thread(images.cancel_upload, database(), who, self.upload_id)
        await self._reload(who)

    async def _in_order(self) -> None:
        self.file_page = 1
        await self._reload(await require_identity(self))

    async def _go(self, page: int) -> EventSpec | None:
        self.page = page
        await self._reload(await require_identity(self))
        return go_to(
            self, address_of("/signature-images", {"missing": "1" if self.missing_only else "", "page": self.page})
        )

    async def _who(self) -> Identity:
        who = await require_identity(self)
        return who

    async def _do(self, action: Callable[..., object], *arguments: object) -> None:
        who = await self._who()
        self.problem = self.done = ""
        undoing.withdraw(self)
        with refusal_shown(self):
            await asyncio.to_thread(action, database(), who, *arguments)
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        found, upload, people = await asyncio.to_thread(_read, who, self.search, self.missing_only, self.page)
        self.total, self.pages = found.total, max(1, math.ceil(found.total / PAGE_ROWS))
        self.staff, self.have = found.staff, found.staff - found.missing
        self.percent = round(100 * self.have / found.staff) if found.staff else 0
        self.rows = [
            Person(
                row.owner,
                row.name,
                f"{row.code} · {position_name(row.position)}",
                row.preview,
                _when(row)[:10],
            )
            for row in found.rows
        ]
        self.people = [SelectOption(choice.staff_id, f"{choice.name} ({choice.code})") for choice in people]
        self.seal_preview, self.seal_saved = found.seal.preview, _when(found.seal)
        self._show_upload(upload)
        self.loaded = True

    def _show_upload(self, upload: images.UploadView | None) -> None:
        if upload is None:
            self.upload_id, self.running, self.files = "", False, []
            return
        self.upload_id = upload.job_id
        self.upload_title = f"Lần tải lên {local_text(upload.started_at)} · {JOB.get(upload.state, upload.state)}"
        self.running = upload.state in ("queued", "running")
        self.upload_percent = round(100 * upload.progress / upload.total) if upload.total else 0
        self.upload_text = f"{upload.progress}/{upload.total} ảnh"
        rows = [
            FileRow(
                entry.number,
                entry.file,
                entry.outcome,
                _TONE.get(entry.outcome, "info"),
                IMAGE_FILE.get(entry.outcome, entry.outcome),
                entry.whose,
                entry.reason,
                f"/files/signature-originals/{upload.job_id}/{entry.number}" if entry.readable else "",
                entry.after,
            )
            for entry in upload.files
        ]
        self.ready_files = sum(row.outcome == "ready" for row in rows)
        self.good_files = sum(row.tone == "ok" for row in rows)
        self.open_files = sum(row.outcome in ("unmatched", "failed") for row in rows)
        shown = [row for row in rows if not self.only_open or row.outcome in ("unmatched", "failed")]
        if order := _FILE_ORDERS.get(self.sort):
            shown.sort(key=order, reverse=self.descending)
        self.file_total, self.file_pages = len(shown), max(1, math.ceil(len(shown) / FILE_ROWS))
        self.file_page = min(max(1, self.file_page), self.file_pages)
        self.files = shown[(self.file_page - 1) * FILE_ROWS : self.file_page * FILE_ROWS]


def _number(given: object) -> int:
    """A number the browser sent; -1 for anything else."""
    return int(str(given)) if str(given).isdecimal() and len(str(given)) < 6 else -1


def _read(
    who: Identity, search: str, missing: bool, page: int
) -> tuple[images.ImagesPage, images.UploadView | None, list[Choice]]:
    db = database()
    found = images.images_page(db, who, search, missing, page, PAGE_ROWS)
    return found, images.last_upload(db, who), choices(db, who)


def _when(row: images.ImageView) -> str:
    return local_text(row.saved_at) if row.saved_at else ""
