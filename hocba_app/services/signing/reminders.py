"""Who of a class has not signed yet, and reminding him: in the app, by mail too where the operator has set it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.email_address import one_address
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import today
from hocba_app.models import Account, Database, Job, Reminder, School, SchoolClass, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import find
from hocba_app.models.repositories import reminders as rows
from hocba_app.models.repositories.batches import serialise
from hocba_app.models.repositories.bulk import set_rows
from hocba_app.models.repositories.signing_queue import subject_names
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import notify_all, record
from hocba_app.services.cache import school_cache
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.notify import letters
from hocba_app.services.notify.mail import Letter, offered, sent
from hocba_app.settings import settings

MAIL = "reminder_mail"
AGAIN_SECONDS, GIVE_UP_AFTER = 60.0, timedelta(hours=2)
"""Between two tries of a letter, and how long a mail server may be down."""


@dataclass(frozen=True, slots=True)
class Late:
    """A subject teacher for whom records of a class wait."""

    class_id: str
    class_name: str
    staff_id: str
    name: str
    subjects: tuple[tuple[str, int], ...]
    """Names of the subjects, each with how many records wait for it."""
    reminded: bool
    """Reminded today already."""


@dataclass(frozen=True, slots=True)
class RemindedAll:
    """What reminding everybody did."""

    people: int
    """Reminded now; who was reminded of a class today is not reminded of it again."""
    mailed: int
    """Of them those to whom a letter goes out too."""
    text: str
    """For a chat: everybody who is waited for, reminded now or before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A reminder as the reminded person sees it."""

    id: str
    class_name: str
    by: str
    records: int
    """How many records of the class wait for him now."""


def homeroom_classes(db: Database, who: Identity) -> frozenset[str]:
    """Classes of which this person is the homeroom teacher, or signs as such."""
    staff_id = who.staff_id
    if staff_id is None:
        return frozenset()
    return school_cache.memoize_per_school(
        db, who.school_id, ("homeroom", staff_id), lambda session: frozenset(rows.homeroom_class_ids(session, staff_id))
    )


def late_teachers(db: Database, who: Identity) -> list[Late]:
    """Subject teachers who have not signed in the classes of which this person is the homeroom teacher; himself left out."""
    if who.staff_id is None:
        return []
    classes = homeroom_classes(db, who)
    if not classes:
        return []
    with db.read(who.school_id) as session:
        late: dict[tuple[str, str, str, str], Counter[str]] = {}
        names = subject_names(session)
        for class_id, class_name, staff_id, name, codes, slots in rows.late_in(session, classes):
            if staff_id != who.staff_id:
                words = ", ".join(names.get(code, code) for code in codes)
                late.setdefault((class_id, class_name, staff_id, name), Counter())[words] += slots
        reminded = rows.sent_on(session, today().isoformat(), classes)
    return [
        Late(class_id, class_name, staff_id, name, tuple(subjects.items()), (class_id, staff_id) in reminded)
        for (class_id, class_name, staff_id, name), subjects in late.items()
    ]


def remind(db: Database, who: Identity, class_id: str, staff_id: str) -> bool:
    """Remind somebody of the records of one class: the homeroom teacher his subject teachers, the office everybody.

    Returns:
        Whether a letter goes out too; a worker posts it. One that fails does not undo the reminder in the app.

    Raises:
        HocbaError: FORBIDDEN (also for a class that does not exist), REMINDER_OWN, NOTHING_TO_DO when nothing waits for him there,
            ALREADY_REMINDED when he was reminded of this class today.
    """
    require(who, Right.DASHBOARD)
    if staff_id == who.staff_id:
        raise HocbaError(ErrorCode.REMINDER_OWN)
    with db.write(who.school_id) as session:
        office = allowed(who, Right.LOCK) and session.get(SchoolClass, (who.school_id, class_id)) is not None
        if not office and not (who.staff_id and class_id in rows.homeroom_class_ids(session, who.staff_id)):
            raise HocbaError(ErrorCode.FORBIDDEN, right="remind")
        serialise(session)  # two taps at once: the second finds the reminder of the first
        person = session.get(Staff, (who.school_id, staff_id))
        records = rows.due_documents(session, staff_id, class_id, stage=None if office else "subject")
        if person is None or not records:
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        day = today().isoformat()
        if (class_id, staff_id) in rows.sent_on(session, day, [class_id]):
            raise HocbaError(ErrorCode.ALREADY_REMINDED, name=person.full_name)
        reminder = Reminder(from_account=who.account_id, to_staff=staff_id, class_id=class_id, day=day)
        session.add(reminder)
        record(
            session,
            actor=who.account_id,
            action=Action.REMINDER_SENT,
            subject=f"class:{class_id}",
            data={"staff": staff_id, "records": records},
        )
        session.flush()
        letter = (
            enqueue(session, MAIL, {"reminder": reminder.id}, actor=who.account_id)
            if _address(session, person)
            else None
        )
    return letter is not None


def remind_all(db: Database, who: Identity) -> RemindedAll:
    """Remind everybody for whom records wait: the office the whole school, a homeroom teacher the subject teachers of his classes.
    Himself he does not remind, nor whom anybody reminded of a class today; who cannot be mailed sees it in the app.

    Raises:
        HocbaError: FORBIDDEN, NOTHING_TO_DO when nobody but himself is waited for.
    """
    require(who, Right.DASHBOARD)
    late = _everybody_late(db, who)
    if not late:
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    with db.write(who.school_id) as session:
        serialise(session)  # two taps at once: the second finds the reminders of the first
        day = today().isoformat()
        done = rows.sent_on(session, day, sorted({row.class_id for row in late}))
        new = [row for row in late if (row.class_id, row.staff_id) not in done]
        mailed: set[str] = set()
        for row in new:
            reminder = Reminder(from_account=who.account_id, to_staff=row.staff_id, class_id=row.class_id, day=day)
            session.add(reminder)
            record(
                session,
                actor=who.account_id,
                action=Action.REMINDER_SENT,
                subject=f"class:{row.class_id}",
                data={"staff": row.staff_id, "records": row.records},
            )
            session.flush()
            if row.staff_id not in mailed and _address(session, session.get_one(Staff, (who.school_id, row.staff_id))):
                mailed.add(row.staff_id)
                enqueue(session, MAIL, {"reminder": reminder.id, "all": True}, actor=who.account_id)
    return RemindedAll(len({row.staff_id for row in new}), len(mailed), reminder_text(late))


def reminder_text(late: Sequence[rows.LateInClass]) -> str:
    """What can be pasted into a chat of the staff: who, which classes, how many records; no pupil's name."""
    people: dict[str, list[str]] = {}
    for row in late:
        people.setdefault(row.name, []).append(f"{row.class_name} ({row.records} hồ sơ)")
    lines = [f"- {name}: {', '.join(classes)}" for name, classes in people.items()]
    return "\n".join(
        [
            "Kính gửi thầy cô, những hồ sơ sau đang chờ ký trên Học bạ điện tử:",
            *lines,
            f"Thầy cô mở {settings().public_url.rstrip('/')}/sign để ký.",
        ]
    )


def _everybody_late(db: Database, who: Identity) -> list[rows.LateInClass]:
    if allowed(who, Right.LOCK):
        with db.installation() as session:
            year = session.get_one(School, who.school_id).current_year
        with db.read(who.school_id) as session:
            return [row for row in rows.everybody_late(session, year) if row.staff_id != who.staff_id]
    return [
        rows.LateInClass(row.class_id, row.class_name, row.staff_id, row.name, sum(count for _, count in row.subjects))
        for row in late_teachers(db, who)
    ]


def reminders_of(db: Database, who: Identity) -> list[Asked]:
    """What this person was reminded of and has neither signed nor dismissed; the newest of each class."""
    if who.staff_id is None:
        return []
    with db.read(who.school_id) as session:
        newest: dict[str, rows.Unseen] = {}
        for found in rows.unseen_of(session, who.staff_id):
            newest.setdefault(found.class_id, found)
        asked = [
            Asked(
                found.id, found.class_name, found.reminded_by, rows.due_documents(session, who.staff_id, found.class_id)
            )
            for found in newest.values()
        ]
    return [reminder for reminder in asked if reminder.records]


def dismiss(db: Database, who: Identity, reminder_id: str) -> None:
    """The reminded person has read it, and the older ones of the class with it; twice changes nothing.

    Raises:
        HocbaError: NOT_FOUND, also for somebody else's.
    """
    require(who, Right.OWN_QUEUE)
    with db.write(who.school_id) as session:
        reminder = session.get(Reminder, (who.school_id, reminder_id))
        if reminder is None or reminder.to_staff != who.staff_id:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lời nhắc")
        now = utc_now()
        same_class = [
            found.id for found in rows.unseen_of(session, who.staff_id) if found.class_id == reminder.class_id
        ]
        set_rows(session, Reminder, ({"id": reminder_id, "seen_at": now} for reminder_id in same_class))
        notify_all(session)


def bring_back(db: Database, who: Identity, reminder_id: str) -> None:
    """Undo :func:`dismiss`: what went with it comes back too; twice changes nothing.

    Raises:
        HocbaError: FORBIDDEN; NOT_FOUND, also for somebody else's.
    """
    require(who, Right.OWN_QUEUE)
    with db.write(who.school_id) as session:
        reminder = session.get(Reminder, (who.school_id, reminder_id))
        if reminder is None or reminder.to_staff != who.staff_id:
            raise HocbaError(ErrorCode.NOT_FOUND, what="lời nhắc")
        if reminder.seen_at is not None:
            for row in find.all_of(
                session, Reminder, to_staff=who.staff_id, class_id=reminder.class_id, seen_at=reminder.seen_at
            ):
                row.seen_at = None
                session.add(row)
            notify_all(session)


@job(MAIL)
def post_reminder(work: Work) -> Result:
    """The same by mail. Killed between posting and noting it, the letter goes out twice: better than not at all.

    Raises:
        HocbaError: REMINDER_NOT_MAILED when the server did not take it for :data:`GIVE_UP_AFTER`.
    """
    with work.db.read(work.school_id) as session:
        asked_at = session.get_one(Job, (work.school_id, work.job_id)).created_at
        letter = _letter(session, str(work.arguments["reminder"]), everything=bool(work.arguments.get("all")))
    if letter is None or sent(letter):
        return Done()
    if utc_now() - asked_at < GIVE_UP_AFTER:
        return RetryAfter(AGAIN_SECONDS)
    raise HocbaError(ErrorCode.REMINDER_NOT_MAILED)


def _address(session: Session, person: Staff) -> str:
    """Where his letters go; "" where mail is not set up or no address is known."""
    account = find.first_of(session, Account, staff_id=person.id)
    return (
        (one_address(account.email if account is not None else None) or one_address(person.email) or "")
        if offered()
        else ""
    )


def _letter(session: Session, reminder_id: str, *, everything: bool) -> Letter | None:
    """The reminder by mail, without a pupil's name; None when nothing waits any more or he has read it in the app.

    Args:
        everything: name every class in which something waits for him, not only the reminder's.
    """
    school_id = session.info["school_id"]
    reminder = session.get(Reminder, (school_id, reminder_id))
    if reminder is None or reminder.seen_at is not None:
        return None
    person = session.get_one(Staff, (school_id, reminder.to_staff))
    address, waits = _address(session, person), rows.due_by_class(session, person.id)
    if not everything:
        waits = [row for row in waits if row[0] == reminder.class_id]
    if not address or not waits:
        return None
    by = session.get_one(Account, (school_id, reminder.from_account))
    return letters.reminder(person, address, by, [(name, records) for _, name, records in waits])
