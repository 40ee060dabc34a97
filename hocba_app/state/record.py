"""One record: its pages beside its chain of signatures, its versions, what newer data say, and the way to unlock."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import KIND, KIND_SHORT, stage_signer, step_name
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.records.record_detail import RecordView, SlotView, VersionView, record_view
from hocba_app.state.records import STEP_TONE, some_names
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.read_pool import in_thread
from hocba_app.state.shared.unlock_request_mixin import UnlockAsking


@dataclasses.dataclass
class Link:
    """One place to go."""

    label: str
    href: str


@dataclasses.dataclass
class SlotRow:
    """One signature of the chain."""

    stage: str
    what: str
    """Subjects, or the caption of a deputy."""
    signer: str
    tone: str
    state_name: str
    reassigned: str
    certificate: list[str]
    """Lines about the certificate; empty while unsigned."""


@dataclasses.dataclass
class VersionRow:
    """One version."""

    number: int
    title: str
    tone: str
    state_name: str
    reason: str
    code: str
    locked: str
    fingerprint: str


@dataclasses.dataclass
class DifferenceRow:
    """One field in which newer data differ."""

    label: str
    locked: str
    synced: str
    essential: bool


@dataclasses.dataclass
class FindingRow:
    """One thing missing before a lock."""

    tone: str
    severity: str
    text: str


class RecordState(UnlockAsking, LiveScreen, rx.State):
    """The page of one record."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.RECORDS_READ,)
    loaded: bool = False
    found: bool = False
    shown_id: str = ""
    title: str = ""
    subtitle: str = ""
    tone: str = "info"
    step_name: str = ""
    waits_for: str = ""
    pending: bool = False
    out_of_date: bool = False
    differences: list[DifferenceRow] = []
    missing: list[FindingRow] = []
    chain: list[SlotRow] = []
    versions: list[VersionRow] = []
    version: int = 0
    """Of the chain and file shown."""
    version_void: bool = False
    file_href: str = ""
    links: list[Link] = []
    lock_href: str = ""
    original_href: str = ""
    print_href: str = ""
    verify_href: str = ""
    unlock_text: str = ""
    may_ask: bool = False

    @rx.event
    @requires(Right.RECORDS_READ)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        wanted = str(getattr(self, "document_id", ""))
        self.problem = self.done = ""
        self.shown_id, self.version, self.asking, self.found = wanted, 0, False, False
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(RecordState)

    @rx.event
    @requires(Right.RECORDS_READ)
    async def show_version(self, number: int) -> None:
        """Another version, void ones too: they are evidence."""
        self.version = number if isinstance(number, int) else 0
        await self._reload(await require_identity(self))

    def _to_unlock(self) -> list[str]:
        return [self.shown_id]

    def _is_concerned(self, _who: Identity, what: ChangeSet) -> bool:
        return self.shown_id in what.documents

    async def _reload(self, who: Identity) -> None:
        self.loaded = True
        try:
            view = await in_thread(record_view, database(), who, self.shown_id)
        except HocbaError as error:
            self.problem, self.found = error.sentence, False
            return
        self.found = True
        self.title = f"{KIND[view.kind]} · {view.student_name}"
        self.subtitle = " · ".join(
            part
            for part in (f"Mã {view.student_code}", _day(view.birth_date), f"Lớp {view.class_name}", view.school_year)
            if part
        )
        self.tone, self.pending, self.out_of_date = STEP_TONE[view.step], view.confirmation_pending, view.out_of_date
        self.step_name = (
            step_name(view.step) if view.step != "open" or not view.versions else "Đã hủy chốt, chờ chốt lại"
        )
        self.waits_for = some_names(view.waits_for)
        self.differences = [
            DifferenceRow(row.label, row.locked or "(trống)", row.synced or "(trống)", row.essential)
            for row in view.differences
        ]
        self.missing = [
            FindingRow(
                "problem" if row.severity == "blocking" else "wait",
                "Phải sửa" if row.severity == "blocking" else "Nên xem",
                row.text,
            )
            for row in view.missing
        ]
        self._show(view)
        self._link(view, who)

    def _show(self, view: RecordView) -> None:
        """Chain and file of the version looked at: the one asked for, else the newest."""
        current = view.versions[0].number if view.has_file else 0
        self.versions = [_version(row, current) for row in view.versions]
        shown = next(
            (row for row in view.versions if row.number == self.version), view.versions[0] if view.versions else None
        )
        self.chain = [_slot(slot, shown.voided_at is not None) for slot in shown.slots] if shown is not None else []
        self.version, self.version_void = (
            (shown.number, shown.voided_at is not None) if shown is not None else (0, False)
        )
        mark = shown.sha256[:12] if shown is not None else ""
        # The mark makes the frame load a file that grew; the route does not look at it.
        self.file_href = (
            f"/files/records/{view.document_id}?version={self.version}&mark={mark}" if shown is not None else ""
        )
        self.verify_href = f"/v/{shown.code}" if shown is not None else ""

    def _link(self, view: RecordView, who: Identity) -> None:
        self.links = [Link("Mọi hồ sơ của học sinh", f"/students/{view.student_id}")]
        self.links += [Link(KIND_SHORT[kind], f"/records/{other}") for kind, other in view.others]
        self.lock_href = (
            f"/lock?kind={view.kind}&class={view.class_id}&student={view.student_id}" if view.may_lock else ""
        )
        self.original_href = f"/originals/{view.document_id}" if view.step == "sealed" else ""
        self.print_href = (
            f"/print?student={view.student_id}" if view.step == "sealed" and allowed(who, Right.PRINT) else ""
        )
        self.may_ask = view.may_ask_unlock and view.unlock is None
        self.unlock_text = ""
        if view.unlock is not None:
            said = (
                f"{view.unlock.asked_by} đề nghị hủy chốt lúc {local_text(view.unlock.asked_at)}: {view.unlock.reason}"
            )
            waits = (
                "Đang chờ duyệt."
                if view.unlock.state == "asked"
                else "Đã duyệt; thực hiện ngay khi lượt ký trên điện thoại kết thúc."
            )
            self.unlock_text = f"{said} – {waits}"


def _day(iso: str) -> str:
    parts = iso.split("-")
    return f"sinh ngày {parts[2]}/{parts[1]}/{parts[0]}" if len(parts) == 3 else ""


def _version(row: VersionView, current: int) -> VersionRow:
    if row.voided_at is not None:
        tone, state = "info", f"Đã hủy {local_text(row.voided_at)}"
    else:
        tone, state = ("ok", "Đang dùng") if row.number == current else ("info", "Không dùng")
    return VersionRow(
        number=row.number,
        title=f"Bản {row.number} · {row.signed}/{len(row.slots)} chữ ký",
        tone=tone,
        state_name=state,
        reason=row.void_reason,
        code=row.code,
        locked=f"Chốt {local_text(row.locked_at)}" + (f" · {row.locked_by}" if row.locked_by else ""),
        fingerprint=row.sha256,
    )


def _slot(slot: SlotView, void: bool) -> SlotRow:
    if slot.signed_at is not None:
        tone, state = (
            ("info" if void else "ok"),
            f"{'Đã ký (không còn giá trị)' if void else 'Đã ký'} {local_text(slot.signed_at)}",
        )
    else:
        tone, state = ("todo", "Đang chờ ký") if slot.due else ("info", "Chưa tới lượt" if not void else "Chưa ký")
    seen = slot.certificate
    return SlotRow(
        stage=stage_signer(slot.stage),
        what=", ".join(slot.subjects) or slot.caption,
        signer=slot.signer or ("Nhà trường" if slot.stage == "seal" else "Chưa có người ký"),
        tone=tone,
        state_name=state,
        reassigned=f"Đổi người ký sau khi chốt: {slot.reassigned}" if slot.reassigned else "",
        certificate=[
            f"Chủ chứng thư số: {seen.subject}",
            f"Cấp bởi: {seen.issuer}",
            f"Số: {seen.serial}",
            f"Hiệu lực: {local_text(seen.valid_from)} – {local_text(seen.valid_to)}",
            f"Đã kiểm tra còn hiệu lực lúc ký: {local_text(seen.checked_at)}",
        ]
        if seen is not None
        else [],
    )
