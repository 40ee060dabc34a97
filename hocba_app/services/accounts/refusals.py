"""Refused attempts to get in, in the school's log: the first of a row, then when waiting begins and each time their number
has doubled since. Guessing from everywhere must not write rows as fast as it guesses: the log's head is one lock.
"""

from __future__ import annotations

from hocba_app.domain.audit_wording import Action
from hocba_app.models import Database, LoginThrottle
from hocba_app.services.accounts.throttle import FREE_PER_NAME, Attempt
from hocba_app.services.audit.log import Tells, record


def note_refusal(db: Database, school_id: str, account_id: str, attempt: Attempt, purpose: str) -> None:
    """Note that an attempt on an account was refused.

    Args:
        attempt: charged for it.
        purpose: as the throttle counts: "login", "code", "change", "confirm".
    """
    with db.installation() as session:
        row = session.get(LoginThrottle, attempt.name or attempt.pair)
    failures = row.failures if row is not None else 0
    doublings, rest = divmod(failures, FREE_PER_NAME)
    locked = doublings > 0 and rest == 0 and doublings & (doublings - 1) == 0
    if failures != 1 and not locked:
        return
    action = Action.SESSION_LOCKED_OUT if locked else Action.SESSION_REFUSED
    with db.write(school_id) as session:
        record(
            session,
            actor="",
            action=action,
            tells=Tells.NOBODY,
            subject=f"account:{account_id}",
            data={"failures": failures, "purpose": purpose},
        )
