"""In học bạ: choose, print, follow the packets; hand a pupil's record over by file or by link."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import JOB, KIND_SHORT
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.printing import print_job, print_page, share_link
from hocba_app.services.printing.options import PacketOptions
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.year_choice import year_in, year_options

_LINK_STATE = {
    "open": ("Đang mở", "ok"),
    "replaced": ("Hồ sơ đã thay: cấp liên kết khác", "problem"),
    "expired": ("Hết hạn", "info"),
    "closed": ("Đã thu hồi", "info"),
    "guessed": ("Đã đóng: nhập sai PIN nhiều lần", "problem"),
}
_TONES = {"done": "ok", "failed": "problem", "cancelled": "info"}


@dataclasses.dataclass
class PacketRow:
    """One packet, ready to show."""

    id: str
    title: str
    options: str
    when: str
    state_name: str
    tone: str
    running: bool
    percent: int
    progress_text: str
    note: str
    problem: str
    href: str


@dataclasses.dataclass
class LinkRow:
    """One link, ready to show."""

    id: str
    recipient: str
    state_name: str
    tone: str
    is_open: bool
    made: str
    until: str
    downloads: str


class PrintState(LiveScreen, rx.State):
    """The page "In học bạ"."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.PRINT,)
    loaded: bool = False
    classes: list[SelectOption] = []
    pupils: list[SelectOption] = []
    class_id: str = ""
    student_id: str = ""
    kinds: list[str] = list(KINDS)
    whole_record: bool = True
    paper: str = "A4"
    double_sided: bool = True
    seal_page: bool = False
    margin_mm: int = 0
    binding_mm: int = 0
    packets: list[PacketRow] = []
    links: list[LinkRow] = []
    recipient: str = ""
    days: int = 14
    new_url: str = ""
    new_pin: str = ""
    closing: str = ""
    year: str = ""
    years: list[SelectOption] = []
    problem: str = ""
    link_problem: str = ""
    busy: bool = False

    @rx.event
    @requires(Right.PRINT)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it. ``?year=`` chooses the year, ``?student=`` opens one pupil (from the record's page)."""
        who = await require_identity(self)
        self.new_url = self.new_pin = self.problem = self.link_problem = ""
        query = self.router.url.query_parameters
        self.class_id, self.student_id = str(query.get("class", "")), str(query.get("student", ""))
        self.year = "" if self.student_id else year_in(query)
        if self.student_id:
            self.class_id = await asyncio.to_thread(print_page.class_of_pupil, database(), who, self.student_id)
        await self._reload(who)
        await self._choose_class(who)
        if begin(self):
            yield watching(PrintState)

    @rx.event
    @requires(Right.PRINT)
    async def choose_year(self, year: str) -> None:
        """Another school year: its classes."""
        if str(year) in {row.value for row in self.years}:
            self.year, self.class_id, self.student_id = str(year), "", ""
            who = await require_identity(self)
            await self._reload(who)
            await self._choose_class(who)

    @rx.event
    @requires(Right.PRINT)
    async def choose_class(self, class_id: str) -> None:
        """Another class: its pupils, nobody chosen."""
        self.class_id, self.student_id = class_id, ""
        await self._choose_class(await require_identity(self))

    @rx.event
    @requires(Right.PRINT)
    async def choose_pupil(self, student_id: str) -> None:
        """One pupil; "" is the whole class."""
        self.student_id = student_id
        self.new_url = self.new_pin = ""
        await self._load_links(await require_identity(self))

    @rx.event
    @requires(Right.PRINT)
    async def toggle_kind(self, kind: str) -> None:
        """A kind of document in or out, kept in the order of the book."""
        chosen = set(self.kinds) ^ {kind}
        self.kinds = [known for known in KINDS if known in chosen]

    @rx.event
    @requires(Right.PRINT)
    async def set_option(self, option: str, value: str) -> None:
        """One of the print options; what is not an option or not a number is left as it was."""
        if option in ("margin_mm", "binding_mm"):
            setattr(self, option, _whole(value))
        elif option == "paper" and value in ("A4", "A3"):
            self.paper = value
        elif option in ("whole_record", "double_sided"):
            setattr(self, option, value == "yes")

    @rx.event
    @requires(Right.PRINT)
    async def toggle_seal_page(self) -> None:
        """With or without the page "Sao y"."""
        self.seal_page = not self.seal_page

    @rx.event
    @requires(Right.PRINT)
    async def start(self) -> None:
        """Make the packet."""
        if not self.class_id and not self.student_id:
            self.problem = "Chọn lớp hoặc học sinh cần in."
            return
        options = PacketOptions(
            tuple(self.kinds),
            self.whole_record,
            self.paper,
            self.double_sided,
            self.margin_mm,
            self.binding_mm,
            self.seal_page,
        )
        target = {"student_id": self.student_id} if self.student_id else {"class_id": self.class_id}
        await self._try(
            lambda who: print_job.print_packet(database(), who, options, **target),
            "Chưa có hồ sơ nào đã đóng dấu để in.",
        )

    @rx.event
    @requires(Right.PRINT)
    async def cancel(self, job_id: str) -> None:
        """Stop making a packet."""
        await self._try(lambda who: print_page.cancel_packet(database(), who, job_id))

    @rx.event
    @requires(Right.PRINT)
    async def set_recipient(self, value: str) -> None:
        self.recipient = value

    @rx.event
    @requires(Right.PRINT)
    async def set_days(self, value: str) -> None:
        self.days = _whole(value)

    @rx.event
    @requires(Right.PRINT)
    async def create_link(self) -> None:
        """A new link for the chosen pupil; address and PIN are shown this once."""
        who = await require_identity(self)
        self.link_problem = self.new_url = self.new_pin = ""
        try:
            made = await asyncio.to_thread(
                share_link.create_link,
                database(),
                who,
                self.student_id,
                recipient=self.recipient,
                days=self.days,
                kinds=tuple(self.kinds),
            )
            self.new_url, self.new_pin, self.recipient = made.url, made.pin, ""
        except HocbaError as error:
            self.link_problem = (
                "Học sinh này chưa có hồ sơ nào đã đóng dấu."
                if error.code is ErrorCode.NOTHING_TO_DO
                else error.sentence
            )
        await self._load_links(who)

    @rx.event
    @requires(Right.PRINT)
    async def ask_close(self, hand_out_id: str) -> None:
        """Ask first: a revoked link does not come back."""
        self.closing = str(hand_out_id)

    @rx.event
    @requires(Right.PRINT)
    async def keep_link(self) -> None:
        """Not revoked after all."""
        self.closing = ""

    @rx.event
    @requires(Right.PRINT)
    async def close_link(self, hand_out_id: str) -> None:
        """Revoke the link that was asked about."""
        if not self.closing or self.closing != hand_out_id:
            return
        self.closing = ""
        who = await require_identity(self)
        with refusal_shown(self, "link_problem"):
            await asyncio.to_thread(share_link.close_link, database(), who, hand_out_id)
        await self._load_links(who)

    @rx.event
    @requires(Right.PRINT)
    async def hide_new_link(self) -> None:
        """Address and PIN were noted."""
        self.new_url = self.new_pin = ""

    async def _try(self, action: Callable[[Identity], Any], nothing: str = "") -> None:
        who = await require_identity(self)
        self.problem = ""
        try:
            await asyncio.to_thread(action, who)
        except HocbaError as error:
            self.problem = nothing if nothing and error.code is ErrorCode.NOTHING_TO_DO else error.sentence
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        classes = await asyncio.to_thread(print_page.print_classes, database(), who, self.year)
        self.years = await asyncio.to_thread(year_options, who, self.year)
        if not self.year and self.years:
            self.year = self.years[0].value
        self.classes = [
            SelectOption("", "Chọn lớp"),
            *(SelectOption(row.class_id, f"{row.name} · {row.finished} hồ sơ đã đóng dấu") for row in classes),
        ]
        self.packets = [_packet(view) for view in await asyncio.to_thread(print_page.packets, database(), who)]
        await self._load_links(who)
        self.loaded = True

    async def _choose_class(self, who: Identity) -> None:
        rows = await asyncio.to_thread(print_page.print_pupils, database(), who, self.class_id) if self.class_id else []
        self.pupils = [
            SelectOption("", "Cả lớp"),
            *(SelectOption(row.student_id, f"{row.name} · {row.code} · {row.finished} hồ sơ") for row in rows),
        ]
        if self.student_id and not self.class_id:
            words = await asyncio.to_thread(print_page.pupil_words, database(), who, self.student_id)
            self.student_id = self.student_id if words else ""
            self.pupils = [
                SelectOption("", "Chọn lớp trước"),
                *([SelectOption(self.student_id, f"{words} (không còn trong lớp nào)")] if words else []),
            ]
        self.new_url = self.new_pin = ""
        await self._load_links(who)

    async def _load_links(self, who: Identity) -> None:
        views = (
            await asyncio.to_thread(share_link.links_of, database(), who, self.student_id) if self.student_id else []
        )
        self.links = [_link(view) for view in views]


def _whole(value: str) -> int:
    """A number from a select; 0 for anything else a client may send."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0


def _packet(view: print_page.PacketView) -> PacketRow:
    running = view.state in ("queued", "running")
    note = f"{view.documents} hồ sơ · {view.size / 1_000_000:.1f} MB".replace(".", ",") if view.documents else ""
    if view.missing:
        note += f" · {view.missing} hồ sơ chưa đóng dấu nên không in"
    if view.state == "done" and not view.kept:
        note = "Đã xóa sau 24 giờ. Hãy in lại nếu cần."
    return PacketRow(
        id=view.job_id,
        title=view.title,
        options=_options(view.options),
        when=local_text(view.created_at),
        state_name=JOB[view.state],
        tone=_TONES.get(view.state, "wait"),
        running=running,
        percent=round(100 * view.progress / view.total) if view.total else 0,
        progress_text=f"{view.stage or 'Đang chờ'} · {view.progress}/{view.total} hồ sơ",
        note=note,
        problem=view.problem.sentence if view.problem else "",
        href=f"/packets/{view.job_id}" if view.kept else "",
    )


def _options(options: PacketOptions) -> str:
    parts = [", ".join(KIND_SHORT[kind] for kind in options.kinds), "A3 gấp đôi" if options.paper == "A3" else "A4"]
    if options.paper == "A4":
        parts.append("hai mặt" if options.double_sided else "một mặt")
    if not options.whole_record:
        parts.append("chỉ năm học này")
    if options.seal_page:
        parts.append("có trang sao y")
    return " · ".join(parts)


def _link(view: share_link.LinkView) -> LinkRow:
    name, tone = _LINK_STATE[view.state]
    last = f", gần nhất {local_text(view.last_download_at)}" if view.last_download_at else ""
    return LinkRow(
        id=view.hand_out_id,
        recipient=view.recipient,
        state_name=name,
        tone=tone,
        is_open=view.state == "open",
        made=f"{local_text(view.created_at)} · {view.created_by}",
        until=local_text(view.expires_at),
        downloads=f"{view.downloads} lần tải{last}",
    )
