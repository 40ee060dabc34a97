"""The client of SmartCA against the simulator: each fault has its own end, and nobody is asked twice; a teacher and the seal."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import SEAL
from hocba_app.pki.subjects import subject_of
from hocba_app.services.signers import keys
from hocba_app.services.signing import progress
from hocba_app.services.signing.integrations import configured_providers, provider_for
from hocba_app.services.signing.providers.provider import SignRequest
from hocba_app.services.signing.providers.smartca import SmartCaProvider
from hocba_app.state.shared import key_editing
from tests.integration.signing.test_chain import batch, held_leases, lock, start, work_on
from tests.integration.simulators.mysign_rig import PIN, Rig
from tests.integration.simulators.running import running
from tests.integration.simulators.smartca_rig import smartca_beside, smartca_rig
from tests.refusals import refusal
from tests.school import TAX_CODE, SmallSchool

TEACHER = {"user_id": "079204001234", "full_name": "Nguyễn Thị Ánh", "id_number": "079204001234", "phone": "0901000001"}
SCHOOL = {
    "user_id": TAX_CODE,
    "full_name": "Trường THCS Kim Đồng",
    "id_number": TAX_CODE,
    "phone": "0901000002",
    "kind": "organisation",
}
USER = TEACHER["user_id"]
SIGN, INFO = "/sca/sp769/v1/signatures/sign", "/sca/sp769/v1/credentials/get_certificate"
UNUSED = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def _rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with smartca_rig(tmp_path_factory.mktemp("smartca")) as rig:
        rig.add(TEACHER)
        rig.add(SCHOOL)
        yield rig


@pytest.fixture
def rig(_rig: Rig) -> Iterator[Rig]:
    yield _rig
    _rig.well()
    for user in (USER, TAX_CODE):
        for request in _rig.pending(user):
            _rig.phone("reject", user_id=user, transactionId=request["transactionId"])


@pytest.fixture
def provider(rig: Rig) -> Iterator[SmartCaProvider]:
    made = SmartCaProvider(rig.url, rig.client["client_id"], rig.client["client_secret"], timeout=5)
    yield made
    made.close()


def asked(provider: SmartCaProvider, name: str, count: int = 3, user: str = USER) -> SignRequest:
    return SignRequest(
        user=user,
        credential_id=provider.credentials(user)[0].credential_id,
        hashes=tuple(hashlib.sha256(f"{name}{number}".encode()).digest() for number in range(count)),
        document_ids=tuple(f"{name}{number}" for number in range(count)),
        document_names=("KQHT HS/01",) * count,
        description="Ký 3 hồ sơ",
    )


def test_an_eseal_is_the_organisations(provider: SmartCaProvider) -> None:
    seal, person = provider.credentials(TAX_CODE)[0], provider.credentials(USER)[0]
    assert subject_of(seal.chain[0]).tax_code == TAX_CODE and subject_of(person.chain[0]).tax_code is None
    assert int(seal.credential_id, 16) == x509.load_der_x509_certificate(seal.chain[0]).serial_number


def test_forty_five_come_back_in_the_order_they_were_sent(provider: SmartCaProvider, rig: Rig) -> None:
    """The simulator shuffles its answer."""
    request = asked(provider, "many", 45)
    transaction = provider.start(request).transaction_id or ""
    (waiting,) = rig.pending(USER)
    assert (waiting["count"], waiting["documents"][1]) == (45, "002-KQHT-HS-01")
    assert provider.poll(USER, transaction).state == "waiting"
    rig.confirm(transaction)
    rig.await_status(transaction, "1")
    made = provider.poll(USER, transaction).signatures
    key = x509.load_der_x509_certificate(provider.credentials(USER)[0].chain[0]).public_key()
    assert len(made) == 45
    for digest, signature in zip(request.hashes, made, strict=True):
        key.verify(signature, digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))  # type: ignore[union-attr, call-arg]


@pytest.mark.parametrize("fault", [{"kind": "cut_after_taken"}, {"kind": "garbage_after_taken"}])
def test_a_lost_answer_loses_nothing(provider: SmartCaProvider, rig: Rig, fault: dict[str, str]) -> None:
    request = asked(provider, fault["kind"].replace("_", "-"), 2)
    rig.fault(**fault)
    transaction = provider.start(request).transaction_id or ""
    assert len(rig.pending(USER)) == 1
    rig.confirm(transaction)
    rig.await_status(transaction, "1")
    assert len(provider.poll(USER, transaction).signatures) == 2


def test_what_was_not_taken_is_waited_for_until_the_window_ends(provider: SmartCaProvider, rig: Rig) -> None:
    request = asked(provider, "lost")
    rig.fault("http", path=SIGN, status=503)
    submitted = provider.start(request)
    assert rig.pending(USER) == [] and provider.poll(USER, submitted.transaction_id or "").state == "waiting"


def test_the_same_request_is_never_on_the_phone_twice(provider: SmartCaProvider, rig: Rig) -> None:
    request = asked(provider, "twice")
    provider.start(request)
    assert refusal(lambda: provider.start(request)).code is ErrorCode.PROVIDER_REFUSED_REQUEST
    assert len(rig.pending(USER)) == 1


def test_rejected_and_lapsed(provider: SmartCaProvider, rig: Rig) -> None:
    rejected = provider.start(asked(provider, "no")).transaction_id or ""
    rig.phone("reject", user_id=USER, transactionId=rejected)
    rig.fault("lapse_seconds", seconds=0.0)
    lapsed = provider.start(asked(provider, "late")).transaction_id or ""
    assert [provider.poll(USER, each).state for each in (rejected, lapsed)] == ["rejected", "timed_out"]


def test_a_failure_after_the_pin_is_final(provider: SmartCaProvider, rig: Rig) -> None:
    rig.fault("sign_fails")
    transaction = provider.start(asked(provider, "fails")).transaction_id or ""
    rig.confirm(transaction)
    rig.await_status(transaction, "4004")
    assert provider.poll(USER, transaction).state == "failed"


def test_refusals(provider: SmartCaProvider, rig: Rig) -> None:
    request = asked(provider, "refused")
    assert refusal(lambda: provider.credentials("000000000000")).code is ErrorCode.PROVIDER_UNKNOWN_USER
    other = SmartCaProvider(rig.url, rig.client["client_id"], "wrong")
    error = refusal(lambda: other.start(request))
    assert (error.code, error.params["detail"]) == (ErrorCode.PROVIDER_REFUSED_CLIENT, "SP_CREDENTIAL_INVALID")
    other.close()
    rig.fault("http", path=SIGN, status=429, retry_after=7)
    error = refusal(lambda: provider.start(request))
    assert (error.code, error.params["seconds"]) == (ErrorCode.PROVIDER_BUSY, 7)
    nobody = SmartCaProvider(UNUSED, "a", "b", timeout=1)
    assert refusal(lambda: nobody.start(request)).code is ErrorCode.PROVIDER_UNREACHABLE
    nobody.close()
    assert rig.pending(USER) == []


def test_a_revoked_certificate_signs_nothing(provider: SmartCaProvider, rig: Rig) -> None:
    revoked = {**TEACHER, "user_id": "079204009999", "id_number": "079204009999"}
    rig.add(revoked)
    request = asked(provider, "revoked", user=revoked["user_id"])
    rig.authority.revoke(int(request.credential_id, 16))
    assert provider.credentials(revoked["user_id"])[0].status != "valid"
    assert refusal(lambda: provider.start(request)).code is ErrorCode.SIGNING_CERTIFICATE


@pytest.mark.parametrize("transaction", ["../../credentials/get_certificate", "a/b", "", "x" * 61, "a?b"])
def test_an_id_that_is_none_never_becomes_an_address(transaction: str) -> None:
    nobody = SmartCaProvider(UNUSED, "a", "b", timeout=1)
    assert nobody.poll(USER, transaction).state == "failed"
    nobody.close()


def signed(*entries: object) -> str:
    return json.dumps({"status_code": 200, "message": "SUCCESS", "data": {"signatures": list(entries)}})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            signed({"doc_id": "002-b", "signature_value": "Yg=="}, {"doc_id": "001-a", "signature_value": "YQ==\r\n"}),
            (b"a", b"b"),
        ),
        (
            signed({"doc_id": "003-c", "signature_value": "Yw=="}, {"doc_id": "001-a", "signature_value": "é"}),
            (b"", b"", b"c"),
        ),
        (
            signed({"doc_id": "001-a", "signature_value": "YQ=="}, {"doc_id": "001-x", "signature_value": "eA=="}),
            (b"a",),
        ),
        (signed({"doc_id": "9999-a", "signature_value": "YQ=="}), None),
        (signed("a", None, {}), None),
        (signed(), None),
        ('{"status_code": 200, "message": "SUCCESS", "data": [1]}', None),
        ("[]", None),
        ("<html>", None),
        ('{"status_code": 500, "message": "INTERNAL"}', None),
    ],
)
def test_whatever_the_service_answers(answer: str, expected: tuple[bytes, ...] | None) -> None:
    app = Starlette(
        routes=[
            Route(
                f"{SIGN}/t/status", lambda _request: Response(answer, media_type="application/json"), methods=["POST"]
            )
        ]
    )
    with running(lambda _url: app) as url:
        client = SmartCaProvider(url, "a", "b", timeout=5)
        if expected is None:
            assert refusal(lambda: client.poll(USER, "t")).code is ErrorCode.PROVIDER_UNREACHABLE
        else:
            assert client.poll(USER, "t").signatures == expected
        client.close()


@pytest.fixture
def beside(
    small: SmallSchool, outside: tuple[Rig, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    with smartca_beside(outside[0].authority, tmp_path, monkeypatch) as rig:
        yield rig


def test_the_editor_offers_what_is_connected_and_connects_there(
    small: SmallSchool, beside: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside.add(SCHOOL)
    monkeypatch.setattr(key_editing, "database", lambda: small.db)
    state, admin = SimpleNamespace(), small.people["admin"]
    key_editing.open_editor(state, SEAL, "")
    assert [row.value for row in state.key_services] == ["mysign", "smartca"]
    asyncio.run(key_editing.connect_account(state, admin, {"user": TAX_CODE}))
    assert (state.key_problem, state.key_user) == ("", f"MST_{TAX_CODE}"), "MySign's name for the number, not typed"
    asyncio.run(key_editing.connect_account(state, admin, {"user": f"CMT_{TAX_CODE}"}))
    assert state.key_problem, "MySign does not know him under that name"
    asyncio.run(key_editing.connect_account(state, admin, {"user": TAX_CODE, "provider": "smartca"}))
    assert (state.key_problem, bool(state.key_done)) == ("", True)
    asyncio.run(key_editing.connect_account(state, admin, {"user": TAX_CODE, "provider": "../x"}))
    assert state.key_problem
    key_editing.open_editor(state, SEAL, "")
    view = keys.key_view(small.db, admin, SEAL)
    key_editing.show_stored(state, view)
    assert (state.key_user, state.key_provider, key_editing.key_row(view).provider) == (TAX_CODE, "smartca", "smartca")


def test_a_teacher_signs_with_smartca_beside_others_with_mysign(small: SmallSchool, beside: Rig) -> None:
    assert configured_providers() == ("mysign", "smartca")
    who = small.people["TOAN"]
    number = small.users["TOAN"].rpartition("_")[2]
    beside.add({**TEACHER, "user_id": number, "id_number": number, "full_name": who.full_name})
    keys.connect(small.db, small.people["admin"], who.staff_id or "", number, "smartca")
    with small.db.read(small.school_id) as session:
        provider_for(session, "smartca").poll_seconds = 0.1
    lock(small, "results")
    batch_id = start(small, "TOAN")
    worker = threading.Thread(target=work_on, args=(small, batch_id))
    worker.start()
    while not (waiting := beside.pending(number)):
        assert worker.is_alive()
    assert (
        beside.phone("confirm", user_id=number, transactionId=waiting[0]["transactionId"], pin=PIN).status_code == 200
    )
    worker.join(180)
    done = batch(small, batch_id)
    assert (done.provider, done.state, done.committed, done.failed) == ("smartca", "committed", 2, 0)
    assert progress.my_batches(small.db, who)[0].provider == "smartca", "the page names his app"
    assert held_leases(small) == 0


def test_a_service_that_is_not_connected_is_refused(small: SmallSchool) -> None:
    error = refusal(lambda: keys.connect(small.db, small.people["admin"], SEAL, TAX_CODE, "smartca"))
    assert error.code is ErrorCode.INVALID_INPUT
