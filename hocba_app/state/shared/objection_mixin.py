"""Báo sai, on whatever page a record is looked at: what is wrong, why, sent to the homeroom teacher and the office."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence

import reflex as rx

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.objections import MAX_REASON, facts_of
from hocba_app.models import database
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.objections.objections import raise_objection
from hocba_app.state.shared.guard import PageRights, require_identity, requires_of_page
from hocba_app.state.shared.select_option import SelectOption


class ObjectionMixin(PageRights, mixin=True):
    """Variables and handlers of ``components.objection_form``. A page says which record is meant."""

    problem: str = ""
    done: str = ""
    objecting: str = ""
    """The record it is about; "" while the form is closed."""
    objecting_to: str = ""
    """Whose record, in words."""
    objection_facts: list[SelectOption] = []
    objection_subjects: list[SelectOption] = []
    objection_fact: str = ""
    objection_subject: str = ""
    objection_reason: str = ""

    @rx.event
    @requires_of_page()
    async def set_objection_fact(self, fact: str) -> None:
        self.objection_fact = str(fact)

    @rx.event
    @requires_of_page()
    async def set_objection_subject(self, subject: str) -> None:
        self.objection_subject = str(subject)

    @rx.event
    @requires_of_page()
    async def set_objection_reason(self, reason: str) -> None:
        self.objection_reason = str(reason)[:MAX_REASON]

    @rx.event
    @requires_of_page()
    async def object_not(self) -> None:
        """Close the form."""
        self.objecting = ""

    @rx.event
    @requires_of_page()
    async def object_now(self) -> None:
        """Send it."""
        if not self.objecting:
            return  # a second tap
        who = await require_identity(self)
        self.problem = self.done = ""
        try:
            await asyncio.to_thread(
                raise_objection,
                database(),
                who,
                self.objecting,
                fact=self.objection_fact,
                reason=self.objection_reason,
                subject_code=self.objection_subject,
            )
            self.done = f"Đã báo sai: {self.objecting_to}. GVCN và văn phòng đã nhận; chỉ hồ sơ này dừng lại, các hồ sơ khác ký bình thường."
            self.objecting = ""
        except HocbaError as error:
            self.problem = error.sentence
            return
        await self._reload(who)

    @abstractmethod
    async def _reload(self, who: Identity) -> None:
        """Show the truth again."""


def open_form(
    state: ObjectionMixin,
    document_id: str,
    words: str,
    kind: str,
    subjects: Sequence[tuple[str, str]],
    subject: str = "",
) -> None:
    """Ask what is wrong with a record.

    Args:
        words: whose record.
        subjects: ``(code, name)`` to choose from; nothing where it is about no subject.
        subject: the one that is meant unless another is chosen.
    """
    state.objecting, state.objecting_to, state.objection_reason = document_id, words, ""
    state.objection_facts = [SelectOption(code, label) for code, label in facts_of(kind).items()]
    state.objection_fact = state.objection_facts[0].value
    state.objection_subjects = [SelectOption("", "Không thuộc môn nào"), *(SelectOption(*each) for each in subjects)]
    state.objection_subject = subject
