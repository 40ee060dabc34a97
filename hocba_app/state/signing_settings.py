"""Who signs covers, who signs for the principal (ký thay), who seals and with which account."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any, ClassVar

import reflex as rx

from hocba_app.domain.school_calendar import today
from hocba_app.domain.wording import CAPACITY, DELEGATION, KEY_STATE, KIND, KIND_SHORT, position_name
from hocba_app.models import SEAL, database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signers import assignments
from hocba_app.services.signers import settings as signing
from hocba_app.services.signers.key_owner import Choice
from hocba_app.state.shared import key_editing, undoing
from hocba_app.state.shared.failures import refusal_shown
from hocba_app.state.shared.form_texts import form_texts
from hocba_app.state.shared.guard import require_identity, requires
from hocba_app.state.shared.key_editing import STATE_TONE, KeyEditing, KeyRow
from hocba_app.state.shared.select_option import SelectOption
from hocba_app.state.shared.undoing import Undoing

_TONE = {"in_force": "ok", "coming": "wait", "over": "info", "revoked": "info"}
_ALL = (Right.COVER_SIGNER, Right.DELEGATE, Right.SEAL_OPERATOR)


@dataclasses.dataclass
class DelegationRow:
    """One decision."""

    id: str
    deputy: str
    kinds: str
    dates: str
    number: str
    state_name: str
    tone: str
    live: bool
    key_name: str
    key_tone: str


@dataclasses.dataclass
class ElsewhereRow:
    """Locked documents that wait for somebody else than who signs now."""

    kind: str
    text: str
    button: str


class SigningSettingsState(KeyEditing, Undoing, rx.State):
    """The page "Người ký bìa, ký thay, đóng dấu"."""

    _key_rights: ClassVar[tuple[Right, ...]] = (Right.SEAL_OPERATOR,)
    _undo_rights: ClassVar[tuple[Right, ...]] = (Right.COVER_SIGNER, Right.SEAL_OPERATOR)

    loaded: bool = False
    principal: str = ""
    cover_signer: str = ""
    cover_signer_id: str = ""
    cover_choices: list[SelectOption] = []
    deputies: list[SelectOption] = []
    operators: list[SelectOption] = []
    seal_operator: str = ""
    seal_operator_id: str = ""
    seal_image: bool = False
    seal: KeyRow = KeyRow()
    delegations: list[DelegationRow] = []
    elsewhere: list[ElsewhereRow] = []
    today: str = ""
    form_turn: int = 0
    revoking: str = ""

    @rx.event
    @requires(*_ALL)
    async def load(self) -> None:
        """Show the truth. It changes by hand: nothing is followed."""
        self.problem, self.done, self.today, self.revoking = "", "", today().isoformat(), ""
        key_editing.open_editor(self, SEAL, "")
        undoing.on_load(self)
        await self._reload(await require_identity(self))

    @rx.event
    @requires(Right.COVER_SIGNER)
    async def save_cover_signer(self, form: dict[str, Any]) -> None:
        chosen = form_texts(form).get("cover_signer", "") or None
        change = await self._do(
            "Đã lưu người ký bìa. Áp dụng cho bìa chốt từ bây giờ.", signing.set_cover_signer, chosen
        )
        self._offer("cover_signer", change)

    @rx.event
    @requires(Right.SEAL_OPERATOR)
    async def save_seal_operator(self, form: dict[str, Any]) -> None:
        chosen = form_texts(form).get("seal_operator", "") or None
        change = await self._do("Đã lưu người đóng dấu.", signing.set_seal_operator, chosen)
        self._offer("seal_operator", change)

    @rx.event
    @requires(Right.DELEGATE)
    async def add_delegation(self, form: dict[str, Any]) -> None:
        given = form_texts(form)
        kinds = [kind for kind in signing.DELEGABLE if given.get(f"kind-{kind}")]
        await self._do(
            "Đã lưu quyết định ký thay.",
            signing.add_delegation,
            given.get("deputy", ""),
            kinds,
            given.get("from_date", ""),
            given.get("to_date", ""),
            given.get("decision_number", ""),
            capacity=given.get("capacity", "deputy"),
        )
        if not self.problem:
            self.form_turn += 1  # an empty form for the next

    @rx.event
    @requires(Right.DELEGATE)
    async def ask_revoke(self, delegation_id: str) -> None:
        """Ask first: a decision that was revoked does not come back."""
        self.revoking = str(delegation_id)

    @rx.event
    @requires(Right.DELEGATE)
    async def keep(self) -> None:
        """Not revoked after all."""
        self.revoking = ""

    @rx.event
    @requires(Right.DELEGATE)
    async def revoke(self, delegation_id: str) -> None:
        """Revoke the decision that was asked about."""
        if not self.revoking or self.revoking != delegation_id:
            return
        self.revoking = ""
        await self._do(
            "Đã thu hồi quyết định ký thay. Chữ ký đã ký vẫn có giá trị.", signing.revoke_delegation, str(delegation_id)
        )

    @rx.event
    @requires(Right.DELEGATE)
    async def hand_over(self, kind: str) -> None:
        """Locked documents of a kind go to who signs them now."""
        who = await require_identity(self)
        self.problem, self.done = "", ""
        with refusal_shown(self):
            moved = await asyncio.to_thread(
                assignments.hand_over, database(), who, str(kind), "Thay đổi người ký theo cấu hình ký của nhà trường"
            )
            self.done = f"Đã chuyển {moved.changed} hồ sơ."
            if moved.busy:
                self.done += f" {moved.busy} hồ sơ đang có lượt ký chờ xác nhận: hãy chuyển lại sau khoảng 2 phút."
        await self._reload(who)

    async def _key_editor(self) -> Identity:
        """Who asks; the account edited is always the seal's."""
        self.key_owner = SEAL
        return await super()._key_editor()

    def _offer(self, inverse: str, change: signing.Change | None) -> None:
        """Offer the setting as it was, where it changed; what it was is the service's word, not what this page last saw."""
        undoing.withdraw(self)
        if change is not None and change[0] != change[1]:
            undoing.offer(self, self.done, inverse, list(change))
            self.done = ""

    async def _do(self, said: str, action: Any, *arguments: Any, **named: Any) -> Any:
        who = await require_identity(self)
        self.problem, self.done, answer = "", "", None
        with refusal_shown(self):
            answer = await asyncio.to_thread(action, database(), who, *arguments, **named)
            self.done = said
        await self._reload(who)
        return answer

    async def _reload(self, who: Identity) -> None:
        view, elsewhere = await asyncio.to_thread(_read, who)
        self.principal = view.principal.name if view.principal else ""
        self.cover_signer = _named(view.cover_signer)
        self.cover_signer_id = view.cover_signer.staff_id if view.cover_signer and view.cover_signer_set else ""
        self.cover_choices = [_option(choice) for choice in view.cover_choices if choice.position != "principal"]
        self.deputies = [_option(choice) for choice in view.deputy_choices]
        self.operators = [_option(choice) for choice in view.operator_choices]
        self.seal_operator, self.seal_operator_id = (
            _named(view.seal_operator),
            view.seal_operator.staff_id if view.seal_operator else "",
        )
        self.seal_image, self.seal = view.seal_image, key_editing.key_row(view.seal_key)
        key_editing.show_stored(self, view.seal_key)
        self.delegations = [_delegation_row(row) for row in view.delegations]
        self.elsewhere = [_elsewhere_row(row) for row in elsewhere]
        self.loaded = True


def _read(who: Identity) -> tuple[signing.SigningSettingsView, list[assignments.Elsewhere]]:
    db = database()
    return signing.signing_settings_view(db, who), assignments.principal_elsewhere(db, who)


def _named(choice: Choice | None) -> str:
    return f"{choice.name} ({position_name(choice.position)})" if choice else ""


def _option(choice: Choice) -> SelectOption:
    return SelectOption(choice.staff_id, f"{choice.name} ({choice.code}) – {position_name(choice.position)}")


def _delegation_row(row: signing.DelegationView) -> DelegationRow:
    return DelegationRow(
        row.id,
        f"{row.deputy_name} – {CAPACITY[row.capacity]}" if row.capacity != "deputy" else row.deputy_name,
        ", ".join(KIND_SHORT[kind] for kind in row.kinds),
        f"{_day(row.from_date)} – {_day(row.to_date)}",
        row.decision_number,
        DELEGATION[row.state],
        _TONE[row.state],
        row.state in ("in_force", "coming"),
        KEY_STATE[row.key_state],
        STATE_TONE[row.key_state],
    )


def _elsewhere_row(row: assignments.Elsewhere) -> ElsewhereRow:
    return ElsewhereRow(
        row.kind,
        f"{row.slots} hồ sơ {KIND[row.kind]} đã chốt đang chờ {row.waits_for} ký, trong khi người ký hiện nay là {row.now}.",
        f"Chuyển cho {row.now}",
    )


def _day(text: str) -> str:
    """An ISO date as people write it."""
    year, month, day = text.split("-")
    return f"{day}/{month}/{year}"
