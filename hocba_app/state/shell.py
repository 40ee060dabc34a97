"""What surrounds every page: who is signed in, where, and what he may open; and the notice a form's route sent along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar

import reflex as rx
from reflex.event import EventSpec

from hocba_app.domain.wording import ROLES, amount, role_name
from hocba_app.models import School, database
from hocba_app.services.accounts import credentials
from hocba_app.services.accounts.authority import Right, allowed
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.change_feed.change_feed import ChangeSet
from hocba_app.services.overview.waiting import Task, badges, waiting
from hocba_app.services.signed_notice import read_notice
from hocba_app.state.shared.guard import public, require_identity, signed_in
from hocba_app.state.shared.live_screen import LiveScreen, begin, leave, waits_for, watching
from hocba_app.state.shared.read_pool import in_thread
from hocba_app.state.shared.way_back import page_path


class ShellState(LiveScreen, rx.State):
    """Name, school and menu; every page loads it first."""

    _screen_rights: ClassVar[tuple[Right, ...]] = ()

    name: str = ""
    username: str = ""
    roles: str = ""
    school: str = ""
    school_year: str = ""
    rights: list[str] = []
    head: str = "người đứng đầu"
    office: str = "người đứng đầu"
    deputy: str = "cấp phó"
    leaders: str = "Ban lãnh đạo"
    """The school's words of today (`domain.head_words`); words for any school until it is known."""
    unconfirmed: str = ""
    """The notice to the owner while nobody vouches for his credentials."""
    letter_sent: bool = False
    badges: dict[str, str] = {}
    """How much waits behind each page of the menu, by its path."""
    waiting: int = 0
    """Kinds of things, on all pages."""
    notice: str = ""
    notice_is_problem: bool = False
    next_path: str = ""
    """Where the login leads to; the route checks it again."""

    @rx.event
    @signed_in
    async def load(self) -> None:
        leave(self)
        who = await require_identity(self)
        school = await in_thread(_school_of, who)
        self.name, self.username = who.full_name or who.username, who.username
        self.roles = ", ".join(role_name(role) for role in ROLES if role in who.roles and role != "teacher")
        self.roles = self.roles or role_name("teacher")
        self.school, self.school_year = school.name, school.current_year
        words = who.words
        self.head, self.office, self.deputy, self.leaders = words.head, words.office, words.deputy, words.leaders
        self.rights = [right.value for right in Right if allowed(who, right)]
        self.unconfirmed, self.letter_sent = await in_thread(credentials.owner_notice, database(), who)
        show_waiting(self, await in_thread(waiting, database(), who))
        self._take_notice()

    @rx.event
    @signed_in
    async def follow_menu(self) -> AsyncIterator[EventSpec]:
        """On a page that does not follow the school itself, the menu's numbers do."""
        if begin(self):
            yield watching(ShellState)

    def _is_concerned(self, who: Identity, what: ChangeSet) -> bool:
        return waits_for(who, what)

    async def _reload(self, who: Identity) -> None:
        """Nothing else: whatever a tab follows, it brings the menu's numbers along."""

    @rx.event
    @public
    async def load_public(self) -> None:
        """For pages anybody may open: only the notice, and the way back."""
        leave(self)
        self.next_path = page_path(str(self.router.url.query_parameters.get("next", "")))
        self._take_notice()

    @rx.event
    @public
    async def dismiss(self) -> None:
        self.notice = ""

    def _take_notice(self) -> None:
        found = read_notice(str(self.router.url.query_parameters.get("notice", "")))
        self.notice, self.notice_is_problem = (found.text, found.problem) if found else ("", False)


def show_waiting(shell: ShellState, tasks: list[Task]) -> None:
    """The numbers of the menu."""
    counted = badges(tasks) | ({"/": len(tasks)} if tasks else {})
    shell.badges, shell.waiting = {path: amount(count) for path, count in counted.items()}, len(tasks)


async def waiting_again(state: rx.State, who: Identity) -> list[Task]:
    """What waits for this person now; a page that reloads itself brings the menu's numbers with it."""
    tasks = await in_thread(waiting, database(), who)
    show_waiting(await state.get_state(ShellState), tasks)
    return tasks


def _school_of(who: Identity) -> School:
    with database().installation() as session:
        return session.get_one(School, who.school_id)
