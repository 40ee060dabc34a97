"""A wrong PIN on the phone: a sentence with the tries left, nothing signed, nothing lost; after too many only recovery helps."""

from __future__ import annotations

from pathlib import Path

from hocba_app.services.signing.providers.mysign import MySignProvider
from hocba_app.services.signing.providers.provider import SignRequest
from tests.integration.simulators.mysign_rig import TEACHER, mysign_rig

USER = TEACHER["user_id"]


def test_a_wrong_pin_loses_nothing_and_the_right_one_still_signs(tmp_path: Path) -> None:
    with mysign_rig(tmp_path) as rig:
        rig.add(TEACHER)
        provider = MySignProvider(rig.url, rig.client["client_id"], rig.client["client_secret"])
        credential = provider.credentials(USER)[0].credential_id
        transaction = (
            provider.start(
                SignRequest(USER, credential, (b"h" * 32,), ("d1",), ("KQHT 1",), "Ky hoc ba")
            ).transaction_id
            or ""
        )
        wrong = rig.phone("confirm", transactionId=transaction, user_id=USER, pin="111111")
        assert (wrong.status_code, wrong.json()["error"]) == (422, "wrong_pin")
        assert "Mã PIN không đúng. Còn" in wrong.json()["message"]
        assert provider.poll(USER, transaction).state == "waiting" and len(rig.pending(USER)) == 1
        rig.confirm(transaction)
        rig.await_status(transaction, "1")
        assert len(provider.poll(USER, transaction).signatures) == 1
        provider.close()


def test_too_many_wrong_pins_send_to_recovery(tmp_path: Path) -> None:
    with mysign_rig(tmp_path) as rig:
        rig.add(TEACHER)
        provider = MySignProvider(rig.url, rig.client["client_id"], rig.client["client_secret"])
        credential = provider.credentials(USER)[0].credential_id
        transaction = (
            provider.start(
                SignRequest(USER, credential, (b"h" * 32,), ("d1",), ("KQHT 1",), "Ky hoc ba")
            ).transaction_id
            or ""
        )
        for _ in range(6):
            answer = rig.phone("confirm", transactionId=transaction, user_id=USER, pin="111111")
        assert (answer.json()["error"], "Quên mã PIN" in answer.json()["message"]) == ("locked", True)
        assert provider.poll(USER, transaction).state == "waiting"
        provider.close()
