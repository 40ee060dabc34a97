"""More acts for the machine: staff leaving and coming back, decisions that end, operators that change, seals, unlocks of any kind of
record, a store that is full, nights of the archive sweep.

After each turn: whoever signed was entitled at that very moment, by an oracle of its own. In the end every sealed record is valid in our
verifier and archived, or counted as behind, and every signature and unlock has its row in the log.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlmodel import func, select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import today
from hocba_app.models import (
    SEAL,
    Account,
    AuditEvent,
    Batch,
    Delegation,
    Document,
    DocumentVersion,
    Job,
    Revision,
    SigningSettings,
    Slot,
    Staff,
)
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.duties import to_archive
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records.lock import start_lock
from hocba_app.services.signers import reassignment
from hocba_app.services.signers import settings as signing
from hocba_app.services.signing import signer_inbox
from hocba_app.services.storage.files import current_file
from hocba_app.services.unlocking import unlock
from hocba_app.verification.judge_files import judge_files
from tests.crash.__main__ import ready
from tests.crash.machine import _NOT_REASSIGNED, School, choices
from tests.crash.world import DEPUTY, PARTS, SECOND_OPERATOR

TEACHERS = PARTS[:-1]
SEALERS = ("operator", SECOND_OPERATOR)


class SchoolWithPower(School):
    """The machine, with those who have power over records coming and going."""

    def __init__(self) -> None:
        super().__init__()
        self.all_well()
        self.others_signed()

    # --- who may sign changes ------------------------------------------------------------------------------------

    @rule(part=st.sampled_from(TEACHERS))
    def leaves(self, part: str) -> None:
        self._works(part, False)

    @rule(part=st.sampled_from(TEACHERS))
    def comes_back(self, part: str) -> None:
        self._works(part, True)

    @rule(days=st.integers(0, 3))
    def decision(self, days: int) -> None:
        day, last = today().isoformat(), (today() + timedelta(days=days)).isoformat()
        try:
            signing.add_delegation(self.small.db, self.admin, self._staff(DEPUTY), ["results"], day, last, f"{days}/QĐ")
        except HocbaError as error:
            assert error.code is ErrorCode.DELEGATION_OVERLAPS

    @rule(midnight=st.booleans())
    def decision_ends(self, midnight: bool) -> None:
        """Revoked, or over since last midnight."""
        with self.small.db.read(self.small.school_id) as session:
            found = session.exec(select(Delegation.id).where(Delegation.revoked_at.is_(None))).all()  # type: ignore[union-attr]
        for decision in found:
            if not midnight:
                signing.revoke_delegation(self.small.db, self.admin, decision)
                continue
            with self.small.db.write(self.small.school_id) as session:
                row = session.get_one(Delegation, (self.small.school_id, decision))
                row.from_date = row.to_date = (today() - timedelta(days=1)).isoformat()

    @rule(deputy=st.booleans())
    def hand_over(self, deputy: bool) -> None:
        """What waits for the principal goes to his deputy, or back."""
        person = self._staff(DEPUTY if deputy else "principal")
        with self.small.db.read(self.small.school_id) as session:
            slots = session.exec(
                select(Slot.id)
                .join(Document, (Document.version_id == Slot.version_id) & (Document.school_id == Slot.school_id))
                .where(Slot.stage == "principal", Slot.signed_at.is_(None), Document.kind == "results")  # type: ignore[union-attr]
            ).all()
        try:
            reassignment.reassign_slots(self.small.db, self.admin, list(slots), person, "Đi công tác")
        except HocbaError as error:
            assert error.code in _NOT_REASSIGNED, error.code

    @rule(part=st.sampled_from(SEALERS))
    def operator_changes(self, part: str) -> None:
        try:
            signing.set_seal_operator(self.small.db, self.admin, self._staff(part))
        except HocbaError as error:
            assert error.code is ErrorCode.NOT_FOUND  # has left

    @rule(part=st.sampled_from((DEPUTY, *SEALERS)))
    def power_taps(self, part: str) -> None:
        """Also who is not, or no longer, entitled: the batch must find out."""
        if slots := ready(self.small, part):
            signer_inbox.start(self.small.db, self.small.people[part], slots)

    @rule(part=st.sampled_from(SEALERS), turns=st.integers(1, 8))
    def everybody_signs_and_somebody_seals(self, part: str, turns: int) -> None:
        """Far enough that there is something to seal, and a few turns into sealing it."""
        self.drain()
        self.all_well()
        self.hand_over(False)
        self.others_signed()
        for each in PARTS:
            self._sign(each)
        self.operator_changes(part)
        self.power_taps(part)
        for _ in range(turns):
            for batch in self.live():
                self.turn(batch)

    @rule(state=st.sampled_from(("prepared", "waiting", "answered", "stamped")), choice=choices)
    def too_late(self, state: str, choice: int) -> None:
        """Whoever has a batch on its way may not sign any more before it is committed."""
        if (batch := self.driven_to(state, choice)) is None:
            return
        if batch.owner == SEAL:
            self.operator_changes(SECOND_OPERATOR if batch.staff_id == self._staff("operator") else "operator")
        elif batch.staff_id == self._staff(DEPUTY):
            self.decision_ends(bool(choice % 2))
        elif batch.staff_id != self._staff("principal"):
            self._works(next(part for part in TEACHERS if self._staff(part) == batch.staff_id), False)

    # --- what else happens ---------------------------------------------------------------------------------------

    @rule(choice=choices, kind=st.sampled_from(("cover", "history", "results")))
    def unlock_any(self, choice: int, kind: str) -> None:
        with self.small.db.read(self.small.school_id) as session:
            found = session.exec(
                select(Document.id).where(Document.kind == kind, Document.state != "open").order_by(Document.id)
            ).all()
        if found:
            try:
                unlock.request_unlock(
                    self.small.db, self.small.people["principal"], [found[choice % len(found)]], "Sửa"
                )
            except HocbaError as error:
                assert error.code is ErrorCode.UNLOCK_OPEN

    @rule(choice=choices)
    def store_is_full(self, choice: int) -> None:
        """For one turn of some batch. What was confirmed is kept; the next turn goes on with it."""
        if live := self.live():
            self.crashing.disk_full = True
            try:
                self.turn(live[choice % len(live)])
            finally:
                self.crashing.disk_full = False
            self._no_pauses()

    @rule(full=st.booleans())
    def night(self, full: bool) -> None:
        self.crashing.disk_full = full
        try:
            self.sweep()
        finally:
            self.crashing.disk_full = False

    @rule()
    def others_signed(self) -> None:
        """Covers and QTHT are locked where they are open, and the principal signs them."""
        for kind in ("cover", "history"):
            job = start_lock(self.small.db, self.admin, kind=kind, class_id=self.small.class_id)
            assert advance(self.small.db, RunningJobs(), self.small.school_id, job, "w", threading.Event()) == "ended"
        self._sign("principal")

    # --- what holds ----------------------------------------------------------------------------------------------

    def turn(self, batch: Batch) -> None:
        before, entitled = self._committed(batch), self._entitled(batch)
        super().turn(batch)
        if not entitled:
            assert self._committed(batch) == before, f"signed by somebody who may not: {batch.stage}"

    def teardown(self) -> None:
        super().teardown()
        self.crashing.disk_full = False
        self.all_well()
        self.sweep()
        small = self.small
        with small.db.read(small.school_id) as session:
            sealed = session.exec(select(Document).where(Document.state == "sealed")).all()
            owed = set(to_archive(session, utc_now() + timedelta(days=2), 1000))
            archived = set(session.exec(select(Revision.version_id).where(Revision.kind == "archive")).all())
            assert {each.version_id for each in sealed} <= archived | owed, "a sealed record was forgotten"
            files = [(each.id, current_file(session, each.version_id or "")) for each in sealed]
            signed = session.exec(select(func.count()).select_from(Revision).where(Revision.kind == "signature")).one()
            void = session.exec(
                select(func.count()).select_from(DocumentVersion).where(DocumentVersion.voided_at.is_not(None))
            ).one()  # type: ignore[union-attr]
            logged = dict(session.exec(select(AuditEvent.action, func.count()).group_by(AuditEvent.action)).all())
        assert (logged.get("record.signed", 0), logged.get("record.unlocked", 0)) == (signed, void), (
            "an act of power without its row"
        )
        for report in judge_files(files, roots=[self.crashing.world.root]):
            assert report.verdict == "valid", (report.path, [reason.code for reason in report.reasons])

    def _entitled(self, batch: Batch) -> bool:
        """By the rows of this moment; nothing of the product's rule."""
        school = self.small.school_id
        with self.small.db.read(school) as session:
            person, account = (
                session.get_one(Staff, (school, batch.staff_id)),
                session.get_one(Account, (school, batch.account_id)),
            )
            if not person.active or account.disabled:
                return False
            if batch.owner == SEAL:
                return session.exec(select(SigningSettings.seal_operator_id)).one() == person.id
            if person.position != "vice_principal":
                return True
            day = today().isoformat()
            return any(
                each.deputy_id == person.id and each.revoked_at is None and each.from_date <= day <= each.to_date
                for each in session.exec(select(Delegation)).all()
            )

    # --- helpers -------------------------------------------------------------------------------------------------

    @property
    def admin(self) -> Any:
        return self.small.people["admin"]

    def drain(self) -> None:
        self._no_pauses()
        super().drain()

    def sweep(self) -> None:
        """One turn of the night's archive job, with no pause to wait for."""
        with self.small.db.write(self.small.school_id) as session:
            for document in session.exec(select(Document).where(Document.archive_failures > 0)).all():
                document.archive_look_at = None
            job = enqueue(session, "renewal", {}, actor="").id
        assert advance(self.small.db, RunningJobs(), self.small.school_id, job, "w", threading.Event()) == "postponed"
        with self.small.db.write(self.small.school_id) as session:
            row = session.get_one(Job, (self.small.school_id, job))
            row.state = "done"

    def all_well(self) -> None:
        """Everybody is there again and the first operator seals."""
        for part in TEACHERS:
            self._works(part, True)
        self.operator_changes("operator")

    def _sign(self, part: str) -> None:
        if slots := ready(self.small, part):
            signer_inbox.start(self.small.db, self.small.people[part], slots)
        self.drain()

    def _works(self, part: str, here: bool) -> None:
        with self.small.db.write(self.small.school_id) as session:
            session.get_one(Staff, (self.small.school_id, self._staff(part))).active = here
            session.get_one(Account, (self.small.school_id, self.small.people[part].account_id)).disabled = not here

    def _staff(self, part: str) -> str:
        return self.small.people[part].staff_id or ""

    def _committed(self, batch: Batch) -> int:
        with self.small.db.read(self.small.school_id) as session:
            return session.get_one(Batch, (self.small.school_id, batch.id)).committed

    def _no_pauses(self) -> None:
        with self.small.db.write(self.small.school_id) as session:
            for row in session.exec(select(Batch).where(Batch.retry_at.is_not(None))).all():  # type: ignore[union-attr]
                row.retry_at = None
