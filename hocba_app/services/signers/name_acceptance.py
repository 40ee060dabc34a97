"""A certificate with the right number under another name: the principal's written word for it.

The word holds for these two names: of the certificate, and of the person as the staff list has him now. The audit log keeps
it, and the seal of every record signed with it carries the reason, so that verification shows it.
"""

from __future__ import annotations

import base64

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Database
from hocba_app.models.repositories import signers as rows
from hocba_app.pki.subjects import subject_of
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.credentials import require_own_credentials
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.signers.key_owner import other_name, working_staff
from hocba_app.services.signers.reassignment import checked_reason


def accept_name(db: Database, who: Identity, owner: str, reason: str) -> None:
    """Let a person sign with his certificate although it bears another name.

    Args:
        owner: his staff id; the seal's name is not compared so strictly.
        reason: why the two names are one person, for the log and for whoever verifies.

    Raises:
        HocbaError: FORBIDDEN for anybody but the principal, NOT_FOUND, SIGNER_NO_KEY, REASON_MISSING, INVALID_INPUT,
            NOTHING_TO_DO when the names do not differ.
    """
    require(who, Right.ACCEPT_NAME)
    why = checked_reason(reason)
    if owner == SEAL:
        raise HocbaError(ErrorCode.NOTHING_TO_DO)
    with db.write(who.school_id) as session:
        require_own_credentials(session, who)
        person, key = working_staff(session, owner), rows.key_of(session, owner)
        if key is None or not key.chain:
            raise HocbaError(ErrorCode.SIGNER_NO_KEY)
        certificate = base64.b64decode(key.chain[0])
        names = subject_of(certificate).names
        if not names or not other_name(certificate, person.full_name, None):
            raise HocbaError(ErrorCode.NOTHING_TO_DO)
        key.accepted_name = {"certificate": names[0], "person": person.full_name, "reason": why}
        if key.problem == ErrorCode.CERTIFICATE_OTHER_NAME:
            key.problem = None
        session.add(key)
        record(
            session,
            actor=who.account_id,
            action=Action.KEY_NAME_ACCEPTED,
            subject=f"signer:{owner}",
            data=dict(key.accepted_name),
        )
