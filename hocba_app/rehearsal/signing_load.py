"""Everybody at his own screen and phone at once: taps what his queue offers, confirms with the PIN, checks again.

One loop looks after all of them: it reads the batches of the signers who wait, lets their phones confirm, and has whoever is
free tap his next class, several people at the same moment. Teachers of different classes sign at the same time; within a class they queue, as the product
decides. It knows nothing but the product's own queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from hocba_app.domain.batch_lifecycle import BATCH_OVER
from hocba_app.domain.document_lifecycle import ALL_STAGES, STAGES
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Batch, BatchItem, Database, Document, SchoolClass, SigningKey, Slot
from hocba_app.rehearsal.simulator_processes import Phones
from hocba_app.rehearsal.timings import Stages
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.signing import signer_inbox

WHOLE_SCHOOL = STAGES["cover"]
LOOK_SECONDS = 0.1
WHOLE_SCHOOL_SECONDS = 2.0
"""Who signs for the whole school looks less often: his queue is long, and one confirmation takes many records."""
AT_SCREENS = 12
"""People who sign at the same moment: more than a school's evening in May, fewer than two workers can hold."""
MAX_CONCURRENT_TAPS = 6
"""Taps at the same moment: one that waits for the database keeps nobody from his phone."""
RETRIES = 3
"""How often a record that was not signed is tried again."""
SILENT_SECONDS = 900.0


_SEEN = select(
    Batch.id, Batch.owner, Batch.state, Batch.note, Batch.offered_at, Batch.accepted, Batch.failed, Batch.committed
)  # type: ignore[call-overload] # SQLModel types four columns at most
"""What a signer's page shows of a running batch."""


@dataclass
class Signer:
    """One person at one stage of the chain."""

    who: Identity
    stage: str
    whole_school: bool
    """Signs several classes in one confirmation (principal, seal); a teacher signs class by class."""
    classes: set[str] = field(default_factory=set)
    """In which records wait for his signature, at this stage or once it has come."""
    batches: dict[str, str] = field(default_factory=dict)
    """Running batches and the class each is about."""
    look: bool = False
    """Something changed: his queue may hold more."""
    looked_at: float = 0.0
    tapping: Future[bool] | None = None
    """He is reading his queue and tapping."""
    aim: str | None = None
    """The class he is about to sign."""

    @property
    def busy(self) -> bool:
        """Tapping, or waiting for what he tapped."""
        return bool(self.batches) or self.tapping is not None


@dataclass
class Span:
    """What was signed at one stage, and between which instants."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0


class Desk:
    """Signing in one school until nobody has anything left to sign.

    Args:
        check: looks after the worker processes; called a few times a second.
    """

    def __init__(self, db: Database, school_id: str, phones: Phones, stages: Stages, check: Callable[[], None]) -> None:
        self._db, self._school_id, self._phones, self._stages, self._check = db, school_id, phones, stages, check
        self._spans: dict[str, Span] = {}
        self._homeroom: dict[str, str | None] = {}
        self._tries: dict[str, int] = {}
        self._asked: dict[str, Future[int]] = {}
        self.failures: list[dict[str, str]] = []
        """Slots given up: slot id and reason."""

    def sign_all(
        self, people: Iterable[tuple[Identity, str]], prefix: str = "sign", coming: Iterable[object] = ()
    ) -> None:
        """Play these people until every queue is empty.

        Args:
            people: ``(who, stage)``; the order of the chain is the product's business.
            prefix: of the stages' names in the report.
            coming: what gives them more to sign meanwhile: asked again and again until it ends; true when more has come.

        Raises:
            HocbaError: INTERNAL when nothing moves any more although something waits.
        """
        signers = [Signer(who, stage, stage in WHOLE_SCHOOL) for who, stage in people]
        self._report_progress(signers)
        more: object = True
        coming = iter(coming)
        users, self._homeroom = self._phone_users(), self._homeroom_teachers()
        self._spans = {}
        moved, last_round = time.monotonic(), False
        with (
            ThreadPoolExecutor(4, thread_name_prefix="phone") as phones,
            ThreadPoolExecutor(MAX_CONCURRENT_TAPS, thread_name_prefix="tap") as taps,
        ):
            while True:
                self._check()
                if more is not None and (more := next(coming, None)):
                    self._report_progress(signers)
                ended, started = self._progress(signers, users, phones), self._start(signers, taps)
                if ended or started:
                    moved, last_round = time.monotonic(), False
                elif more is None and not any(signer.busy or signer.look for signer in signers):
                    if last_round:
                        break
                    last_round = True  # everybody looks once more before he goes home
                    for signer in signers:
                        signer.look = True
                elif time.monotonic() - moved > SILENT_SECONDS:
                    raise HocbaError(ErrorCode.INTERNAL, reference="rehearsal-stuck")
                time.sleep(LOOK_SECONDS)
        for stage, span in self._spans.items():
            self._stages.add(f"{prefix}_{stage}", span.count, span.last - span.first)

    def _report_progress(self, signers: list[Signer]) -> None:
        """Everybody hears in which classes there is something for him; whose classes are new looks at his queue."""
        classes = self._classes_left()
        for signer in signers:
            before, signer.classes = (
                signer.classes,
                classes.get((None if signer.stage == SEAL else signer.who.staff_id, signer.stage), set()),
            )
            signer.look |= not signer.classes <= before

    def _classes_left(self) -> dict[tuple[str | None, str], set[str]]:
        """By person and stage the classes that wait for his signature, now or later."""
        query = (
            select(Slot.staff_id, Slot.stage, Document.class_id)
            .join(Document, (col(Document.id) == Slot.document_id) & (col(Document.school_id) == Slot.school_id))
            .where(col(Slot.signed_at).is_(None), col(Document.version_id) == Slot.version_id)
            .distinct()
        )
        found: dict[tuple[str | None, str], set[str]] = {}
        with self._db.read(self._school_id) as session:
            for staff_id, stage, class_id in session.exec(query).all():
                found.setdefault((staff_id, stage), set()).add(class_id)
        return found

    def _homeroom_teachers(self) -> dict[str, str | None]:
        with self._db.read(self._school_id) as session:
            return dict(session.exec(select(SchoolClass.id, SchoolClass.homeroom_staff_id)).all())

    def _phone_users(self) -> dict[str, str]:
        with self._db.read(self._school_id) as session:
            return dict(session.exec(select(SigningKey.owner, SigningKey.provider_user)).all())

    # --- batches that run ----------------------------------------------------------------------------------------

    def _progress(self, signers: list[Signer], users: dict[str, str], phones: ThreadPoolExecutor) -> bool:
        running = {batch_id: signer for signer in signers for batch_id in signer.batches}
        if not running:
            return False
        with self._db.read(self._school_id) as session:
            batches: Sequence[Any] = session.exec(_SEEN.where(col(Batch.id).in_(list(running)))).all()
            over = [batch for batch in batches if batch.state in BATCH_OVER]
            failed = (
                session.exec(
                    select(BatchItem).where(
                        col(BatchItem.batch_id).in_([batch.id for batch in over]), col(BatchItem.state) == "failed"
                    )
                ).all()
                if any(batch.failed for batch in over)
                else []
            )
        for batch in batches:
            if batch.state == "waiting" and not batch.note:
                self._ask_phone(batch, users[batch.owner], phones)
            elif batch.state == "queued" and batch.offered_at is not None and not batch.accepted:
                signer_inbox.accept_turn(self._db, running[batch.id].who, batch.id)
        for item in failed:
            self._note_failure(item)
        for batch in over:
            self._asked.pop(batch.id, None)
            signer = running[batch.id]
            class_id = signer.batches.pop(batch.id)
            signer.classes.discard(class_id)
            self._count(signer.stage, batch)
            for each in signers:
                each.look |= each is signer or self._follows(each, signer.stage, class_id)
        return bool(over)

    def _follows(self, signer: Signer, stage: str, class_id: str) -> bool:
        """Whose turn it may be after a batch of this stage and class: nobody else needs to check again."""
        if stage == "subject":
            return signer.stage == "homeroom" and signer.who.staff_id == self._homeroom.get(class_id)
        return signer.stage == {"homeroom": "principal", "principal": SEAL}.get(stage)

    def _ask_phone(self, batch: Any, user: str, phones: ThreadPoolExecutor) -> None:
        """The person looks at his phone; when the request is not there yet he checks again."""
        asked = self._asked.get(batch.id)
        if asked is None or (asked.done() and asked.result() == 0):
            self._asked[batch.id] = phones.submit(self._phones.confirm, user)

    def _note_failure(self, item: BatchItem) -> None:
        self._tries[item.slot_id] = self._tries.get(item.slot_id, 0) + 1
        if self._tries[item.slot_id] == RETRIES:
            self.failures.append({"slot": item.slot_id, "reason": item.error_code or ""})

    def _count(self, stage: str, batch: Any) -> None:
        span = self._spans.setdefault(stage, Span(first=time.monotonic()))
        span.count += batch.committed
        span.last = time.monotonic()

    # --- the next tap --------------------------------------------------------------------------------------------

    def _start(self, signers: list[Signer], taps: ThreadPoolExecutor) -> bool:
        """Whether a tap has begun something."""
        tapped = [signer for signer in signers if signer.tapping is not None and signer.tapping.done()]
        started = [signer.tapping.result() for signer in tapped if signer.tapping is not None]
        for signer in tapped:
            signer.tapping = signer.aim = None
        now = time.monotonic()
        nobody = not any(signer.busy for signer in signers)
        busy_classes = {
            class_id
            for signer in signers
            for class_id in (*signer.batches.values(), signer.aim)
            if class_id is not None
        }
        free = AT_SCREENS - sum(signer.busy for signer in signers)
        for signer in sorted(signers, key=lambda each: _turn(each, busy_classes)):
            if free <= 0:
                break
            recently = signer.whole_school and not nobody and now - signer.looked_at < WHOLE_SCHOOL_SECONDS
            if signer.busy or not signer.look or recently:
                continue
            signer.look, signer.looked_at, free = False, now, free - 1
            signer.tapping = taps.submit(self._tap, signer, busy_classes)
        return any(started)

    def _tap(self, signer: Signer, busy_classes: set[str]) -> bool:
        """Sign what is offered: a class nobody works on where there is one, else queue for one."""
        with self._db.read(self._school_id) as session:
            waiting = signer_inbox.waiting_for(session, signer.who, stage=signer.stage)
        offered: dict[str, list[str]] = {}
        for item in waiting:
            if item.ready and self._tries.get(item.slot_id, 0) < RETRIES:
                offered.setdefault("" if signer.whole_school else item.class_id, []).append(item.slot_id)
        if not offered:
            return False
        signer.aim = chosen = min(offered, key=lambda class_id: (class_id in busy_classes, class_id))
        busy_classes.add(chosen)
        self._spans.setdefault(signer.stage, Span(first=time.monotonic()))
        try:
            batches = signer_inbox.start(self._db, signer.who, offered[chosen])
        except HocbaError as error:
            if error.code is not ErrorCode.NOTHING_TO_DO:
                raise
            signer.look = True
            return False
        signer.batches = dict.fromkeys(batches, chosen)
        return True


def _turn(signer: Signer, busy_classes: set[str]) -> tuple[int, bool, str]:
    """Who taps first: who comes later in the chain, then whose class is first. So classes are finished one after another, and
    principal and seal have work from early on."""
    return -ALL_STAGES.index(signer.stage), *min(
        ((each in busy_classes, each) for each in signer.classes), default=(True, "")
    )
