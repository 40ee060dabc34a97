"""Reading one record after the other, on a phone too; what is wrong is said on the spot."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.wording import KIND
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.reading.record_reading import RecordReading, read_record
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.live_screen import LiveScreen, begin, watching
from hocba_app.state.shared.objection_mixin import ObjectionMixin, open_form
from hocba_app.state.shared.read_pool import in_thread


@dataclasses.dataclass
class FactLine:
    """One fact of the record."""

    label: str
    text: str
    notes: list[str]


@dataclasses.dataclass
class FactSection:
    """Facts that belong together."""

    title: str
    lines: list[FactLine]


class ReadingState(ObjectionMixin, LiveScreen, rx.State):
    """The page of a record as text."""

    _screen_rights: ClassVar[tuple[Right, ...]] = (Right.RECORDS_READ, Right.OWN_QUEUE)

    loaded: bool = False
    found: bool = False
    shown_id: str = ""
    queue: bool = False
    title: str = ""
    subtitle: str = ""
    place: str = ""
    previous_href: str = ""
    next_href: str = ""
    back_href: str = "/sign"
    sections: list[FactSection] = []
    questioned: str = ""
    returned: str = ""
    may_report: bool = False
    _kind: str = ""
    _subjects: list[tuple[str, str]] = []

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def load(self) -> AsyncIterator[EventSpec]:
        """Show the record of the address, then follow it. ``?queue=1`` turns over what waits for the reader."""
        self.problem = self.done = self.objecting = ""
        self.shown_id = str(getattr(self, "document_id", ""))
        self.queue = str(self.router.url.query_parameters.get("queue", "")) == "1"
        await self._reload(await require_identity(self))
        if begin(self):
            yield watching(ReadingState)

    @rx.event
    @requires(Right.RECORDS_READ, Right.OWN_QUEUE)
    async def object_to_this(self) -> None:
        """Say what is wrong with it."""
        if self.found and self.may_report:
            open_form(self, self.shown_id, self.title, self._kind, self._subjects)

    def _is_concerned(self, _who: Identity, what: ChangeSet) -> bool:
        return self.shown_id in what.documents

    async def _reload(self, who: Identity) -> None:
        self.loaded = True
        try:
            view = await in_thread(read_record, database(), who, self.shown_id, own_queue=self.queue)
        except HocbaError as error:
            self.problem, self.found = error.sentence, False
            return
        self.found, self._kind, self._subjects = True, view.kind, list(view.subjects)
        self.title = view.student_name
        self.subtitle = " · ".join(
            part
            for part in (KIND[view.kind], f"Lớp {view.class_name}", view.school_year, f"Mã {view.student_code}")
            if part
        )
        self.place = f"{view.place}/{view.of}"
        self.previous_href, self.next_href = self._href(view.previous), self._href(view.next)
        self.back_href = "/sign" if self.queue else f"/records/{view.document_id}"
        self.questioned, self.returned, self.may_report = view.questioned, view.returned, view.may_report
        self.sections = _sections(view)

    def _href(self, document_id: str) -> str:
        return f"/read/{document_id}" + ("?queue=1" if self.queue else "") if document_id else ""


def _sections(view: RecordReading) -> list[FactSection]:
    return [
        FactSection(section.title, [FactLine(line.label, line.text, list(line.odd)) for line in section.lines])
        for section in view.sections
    ]
