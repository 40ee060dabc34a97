"""The letter that tells an account's owner of a reset somebody else made, with the code by which he confirms it."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, Job, School
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.credentials import mailbox_is_own
from hocba_app.services.accounts.one_time_codes import code_hash, new_code
from hocba_app.services.jobs.enqueue import enqueue
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.notify import letters
from hocba_app.services.notify.mail import offered, sent

KIND = "reset_letter"
GIVE_UP_AFTER = timedelta(hours=12)
AGAIN_SECONDS = 300.0


def tell_owner(session: Session, account: Account, actor: str) -> None:
    """Have the letter written by a worker, where mail is set up and an address is known."""
    if offered() and account.email:
        enqueue(session, KIND, {"account": account.id}, actor=actor)


@job(KIND)
def post_reset_letter(work: Work) -> Result:
    """Only the hash of the code is kept, and only where the mailbox is known to be the owner's; a second try sends another.

    Raises:
        HocbaError: MAIL_FAILED when the server did not take it for :data:`GIVE_UP_AFTER`.
    """
    with work.db.read(work.school_id) as session:
        asked_at = session.get_one(Job, (work.school_id, work.job_id)).created_at
    code = new_code()
    with work.write() as session:
        account = session.get(Account, (work.school_id, str(work.arguments["account"])), with_for_update=True)
        if account is None or not account.credentials_open or not account.email:
            return Done()
        own = mailbox_is_own(account)
        account.owner_code_hash = code_hash(code) if own else None
        session.add(account)
        giver = session.get(Account, (work.school_id, account.credentials_by))
        school = session.get_one(School, work.school_id)
        letter = letters.new_code(
            account, school.name, (giver.full_name or giver.username) if giver else "quản trị", code if own else ""
        )
    if sent(letter):
        return Done()
    if utc_now() - asked_at < GIVE_UP_AFTER:
        return RetryAfter(AGAIN_SECONDS)
    raise HocbaError(ErrorCode.MAIL_FAILED)
