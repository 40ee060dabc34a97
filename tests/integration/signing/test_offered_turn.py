"""Defect once: a turn offered long after the tap was accepted by its signer and offered again, for ever."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from hocba_app.models import Batch
from hocba_app.models.base import utc_now
from hocba_app.services.signing import signer_inbox
from hocba_app.services.signing.admission import STILL_THERE, Admission, try_admit
from tests.integration.signing.test_chain import batch, confirm_on_phone, lock, start, work_on
from tests.integration.simulators.mysign_rig import Rig
from tests.school import SmallSchool


def test_an_accepted_offer_goes_to_the_phone(small: SmallSchool, outside: tuple[Rig, str, Path]) -> None:
    lock(small, "results")
    batch_id = start(small, "TOAN")
    with small.db.write(small.school_id) as session:  # the class was busy for longer than anybody looks at a screen
        row = session.get_one(Batch, (small.school_id, batch_id))
        row.queued_at = utc_now() - STILL_THERE - timedelta(seconds=10)
        session.add(row)
        session.flush()
        assert try_admit(session, row) is Admission.WAITS, "offered first: the phone may be in a bag"
        assert row.offered_at is not None and not row.accepted
    signer_inbox.accept_turn(small.db, small.people["TOAN"], batch_id)
    phone = threading.Thread(target=confirm_on_phone, args=(small, outside[0], "TOAN"))
    phone.start()
    assert work_on(small, batch_id) == "ended"
    phone.join()
    assert (batch(small, batch_id).state, batch(small, batch_id).committed) == ("committed", 2)
