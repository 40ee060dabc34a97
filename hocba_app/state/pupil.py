"""One pupil: documents of every year, what is missing for each, and records of other schools with what the check said."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.wording import ENROLMENT, KIND, LEVEL, step_name
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached import attach
from hocba_app.services.attached.reading import AttachedView
from hocba_app.services.records.pupil import PupilDocument, PupilView, PupilYear, pupil_view
from hocba_app.state.records import STEP_TONE
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching

_VERDICT = {
    "valid": ("ok", "Hợp lệ"),
    "invalid": ("problem", "Không hợp lệ"),
    "indeterminate": ("wait", "Chưa kết luận"),
}


@dataclasses.dataclass
class DocumentRow:
    """One document."""

    name: str
    detail: str
    tone: str
    state_name: str
    out_of_date: bool
    href: str
    lock_href: str
    preview_href: str
    must_mend: list[str]
    to_look_at: list[str]


@dataclasses.dataclass
class AttachedRow:
    """One file of another school."""

    id: str
    name: str
    came: str
    tone: str
    state_name: str
    checking: bool
    asking: bool
    is_attached: bool
    headline: str
    issuer: str
    signers: list[str]
    reasons: list[str]
    against: list[str]
    """What a person must know before he decides, and may see after it."""
    accepted: str
    """Why it is attached all the same; "" where the check had nothing against it."""
    ended: str
    fingerprint: str
    href: str


class PupilState(LiveScreen, rx.State):
    """The page of one pupil."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.RECORDS_READ,)
    loaded: bool = False
    found: bool = False
    problem: str = ""
    done: str = ""
    shown_id: str = ""
    name: str = ""
    subtitle: str = ""
    note: str = ""
    circumstances: list[str] = []
    """"2025-2026: Học sinh khuyết tật …"."""
    documents: list[DocumentRow] = []
    attached: list[AttachedRow] = []
    detached: list[AttachedRow] = []
    may_attach: bool = False
    upload_to: str = ""
    print_href: str = ""
    opened: str = ""
    """The file whose acceptance or removal is being written down."""
    reason: str = ""

    @rx.event
    @requires(Right.RECORDS_READ)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the truth, then follow it."""
        self.problem = self.done = self.opened = self.reason = ""
        self.shown_id, self.found = str(getattr(self, "student_id", "")), False
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(PupilState)

    @rx.event
    @requires(Right.ATTACH)
    async def open(self, attached_id: str) -> None:
        """Ask for the reason first; again closes it."""
        self.opened = "" if self.opened == attached_id else str(attached_id)
        self.reason = ""

    @rx.event
    @requires(Right.ATTACH)
    async def set_reason(self, reason: str) -> None:
        self.reason = str(reason)[:500]

    @rx.event
    @requires(Right.ATTACH)
    async def accept(self, attached_id: str) -> None:
        """Attach although the check has doubts."""
        await self._decide("Đã đính kèm; lý do hiện cùng tệp.", attach.accept, str(attached_id), self.reason)

    @rx.event
    @requires(Right.ATTACH)
    async def refuse(self, attached_id: str) -> None:
        """Do not attach."""
        await self._decide("Đã bỏ tệp, không đính kèm.", attach.refuse, str(attached_id))

    @rx.event
    @requires(Right.ATTACH)
    async def detach(self, attached_id: str) -> None:
        """Take an attached file off; it is kept."""
        await self._decide("Đã gỡ tệp; tệp vẫn được lưu.", attach.detach, str(attached_id), self.reason)

    async def _decide(self, said: str, act: Callable[..., None], *arguments: Any) -> None:
        who = await require_identity(self)
        self.problem = self.done = ""
        with refusal_shown(self):
            await asyncio.to_thread(act, database(), who, *arguments)
            self.done, self.opened, self.reason = said, "", ""
        await self._reload(who)

    async def _reload(self, who: Identity) -> None:
        self.loaded = True
        try:
            view = await asyncio.to_thread(pupil_view, database(), who, self.shown_id)
        except HocbaError as error:
            self.problem, self.found = error.sentence, False
            return
        self.found, self.name = True, view.name
        newest = view.years[0] if view.years else None
        self.subtitle = " · ".join(part for part in (f"Mã {view.code}", born(view.birth_date), _class(newest)) if part)
        self.note = newest.departure if newest is not None else ""
        self.circumstances = [f"{year.school_year}: {text}" for year in view.years for text in year.circumstances]
        self.documents = _documents(view)
        rows = [_attached(row) for row in view.attached]
        self.attached = [row for row in rows if not row.ended]
        self.detached = [row for row in rows if row.ended]
        self.may_attach, self.upload_to = view.may_attach, f"/uploads/attached/{view.student_id}"
        self.print_href = f"/print?student={view.student_id}" if view.may_print else ""


def born(iso: str) -> str:
    """``sinh ngày 06/05/2014``; "" where no whole date is known."""
    parts = iso.split("-")
    return f"sinh ngày {parts[2]}/{parts[1]}/{parts[0]}" if len(parts) == 3 else ""


def _class(year: PupilYear | None) -> str:
    if year is None:
        return ""
    words = ENROLMENT.get(year.enrolment, "") if year.enrolment != "studying" else ""
    return f"Lớp {year.class_name} năm học {year.school_year}" + (f" ({words})" if words else "")


def _documents(view: PupilView) -> list[DocumentRow]:
    rows = [_document(view, cover, LEVEL[cover.level] if len(view.covers) > 1 else "") for cover in view.covers]
    return rows + [
        _document(view, document, f"Lớp {year.class_name}") for year in view.years for document in year.documents
    ]


def _document(view: PupilView, row: PupilDocument, detail: str) -> DocumentRow:
    is_open = row.step == "open"
    return DocumentRow(
        name=" ".join(part for part in (KIND[row.kind], row.school_year) if part),
        detail=detail,
        tone=STEP_TONE[row.step],
        state_name=step_name(row.step) if not is_open or row.version == 0 else "Đã hủy chốt, chờ chốt lại",
        out_of_date=row.out_of_date,
        href=f"/records/{row.document_id}" if row.document_id else "",
        lock_href=f"/lock?kind={row.kind}&class={row.class_id}&student={view.student_id}" if row.may_lock else "",
        preview_href=f"/files/previews/{row.kind}/{row.class_id}/{view.student_id}" if row.may_lock else "",
        must_mend=[finding.text for finding in row.missing if finding.severity == "blocking"],
        to_look_at=[finding.text for finding in row.missing if finding.severity != "blocking"],
    )


def _attached(row: AttachedView) -> AttachedRow:
    tone, words = _VERDICT.get(row.verdict, ("info", "Đang kiểm tra…"))
    report = row.report
    against = [*row.doubts, *(report.reasons if report is not None and row.verdict != "valid" else ())]
    came = f"{local_text(row.uploaded_at)} · {row.uploaded_by}" + (f" · trong gói {row.package}" if row.package else "")
    return AttachedRow(
        id=row.id,
        name=row.file_name,
        came=came,
        tone=tone,
        state_name=words,
        checking=row.state == "checking",
        asking=row.state == "asking",
        is_attached=row.state == "attached",
        headline=report.headline if report is not None else "",
        issuer=row.issuer,
        signers=[
            f"{signer.role}: {signer.name}" + (f" · {signer.when}" if signer.when else "") for signer in report.signers
        ]
        if report is not None
        else [],
        reasons=list(report.reasons) if report is not None else [],
        against=against,
        accepted=row.accept_reason,
        ended=f"Gỡ {local_text(row.ended_at)} · {row.ended_by}: {row.end_reason}" if row.ended_at is not None else "",
        fingerprint=row.sha256,
        href=f"/files/attached/{row.id}",
    )
