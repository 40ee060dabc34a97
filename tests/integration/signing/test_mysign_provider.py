"""The client of MySign against the simulator: each fault has its own end, and nothing taken is called "not taken"."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers.ascii_names import encoded_name, plain_name
from hocba_app.services.signing.providers.mysign import MySignProvider
from hocba_app.services.signing.providers.provider import Credential, SignRequest, SubmissionUnknown
from tests.integration.simulators.mysign_rig import SCHOOL, TEACHER, Rig, mysign_rig

USER = TEACHER["user_id"]
SIGN, STATUS, INFO, LOGIN = (
    f"/vtss/service/{path}" for path in ("signHash", "requests/status", "certificates/info", "ras/v1/login")
)


@pytest.fixture(scope="module")
def _rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with mysign_rig(tmp_path_factory.mktemp("mysign")) as rig:
        rig.add(TEACHER)
        rig.add(SCHOOL)
        yield rig


@pytest.fixture
def rig(_rig: Rig) -> Iterator[Rig]:
    yield _rig
    _rig.well()


@pytest.fixture
def provider(rig: Rig) -> Iterator[MySignProvider]:
    provider = MySignProvider(rig.url, rig.client["client_id"], rig.client["client_secret"], timeout=2.0)
    yield provider
    provider.close()


def credential(provider: MySignProvider, user: str = USER) -> Credential:
    return provider.credentials(user)[0]


def asked(provider: MySignProvider, count: int = 3, user: str = USER) -> SignRequest:
    return SignRequest(
        user=user,
        credential_id=credential(provider, user).credential_id,
        hashes=tuple(hashlib.sha256(bytes([index])).digest() for index in range(count)),
        document_ids=tuple(f"d{index}" for index in range(count)),
        document_names=tuple(f"Học bạ lớp 9A{index}: Đặng Thị Ngọc Ánh" for index in range(count)),
        description="Ký kết quả học tập (môn Ngữ văn), lớp 9A1",
    )


def signed(rig: Rig, provider: MySignProvider, request: SignRequest) -> tuple[bytes, ...]:
    transaction = provider.start(request).transaction_id or ""
    rig.confirm(transaction)
    rig.await_status(transaction, "1")
    status = provider.poll(request.user, transaction)
    assert status.state == "signed"
    return status.signatures


def holds(certificate: bytes, digest: bytes, signature: bytes) -> bool:
    key = x509.load_der_x509_certificate(certificate).public_key()
    try:
        key.verify(signature, digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))  # type: ignore[union-attr,call-arg]
    except InvalidSignature:
        return False
    return True


def code_of(call, *arguments) -> ErrorCode:
    with pytest.raises(HocbaError) as caught:
        call(*arguments)
    assert "…" not in caught.value.sentence
    return caught.value.code


# --- as it should go ---------------------------------------------------------------------------------------------------


def test_credentials_of_a_person_and_of_the_school(provider: MySignProvider) -> None:
    person, school = credential(provider), credential(provider, SCHOOL["user_id"])
    assert [
        x509.load_der_x509_certificate(each).subject.rfc4514_string().split(",")[0] for each in person.chain[:1]
    ] != []
    assert len(person.chain) == 3 and person.status == "valid"
    assert person.valid_from < person.valid_to and person.valid_from.tzinfo is not None
    assert "MST:0312345678" in str(x509.load_der_x509_certificate(school.chain[0]).subject)
    for lower, upper in zip(person.chain, person.chain[1:], strict=False):
        x509.load_der_x509_certificate(lower).verify_directly_issued_by(x509.load_der_x509_certificate(upper))


def test_one_confirmation_signs_every_hash(rig: Rig, provider: MySignProvider) -> None:
    request = asked(provider, 45)
    transaction = provider.start(request).transaction_id or ""
    assert provider.poll(USER, transaction).state == "waiting"
    shown = rig.pending(USER)[0]
    assert (shown["transactionId"], shown["count"], shown["application"]) == (transaction, 45, "Học bạ điện tử")
    assert shown["documents"][0] == "Hoc ba lop 9A0 Dang Thi Ngoc Anh"
    rig.confirm(transaction)
    rig.await_status(transaction, "1")
    signatures = provider.poll(USER, transaction).signatures
    certificate = credential(provider).chain[0]
    assert all(holds(certificate, digest, each) for digest, each in zip(request.hashes, signatures, strict=True))
    assert not holds(certificate, request.hashes[0], signatures[1])


def test_accounts_are_ordered_on_the_simulators_page(rig: Rig, provider: MySignProvider) -> None:
    """One line an account; a second certificate of one account signs with a key of its own, by the account's PIN."""

    def order(**form: str) -> str:
        return httpx.post(f"{rig.url}/accounts", data=form).text

    line = "079204009999 <b>Đỗ Thị Đặt</b>"
    refused = order(people=f"{line}\nkhông có số")
    assert "Dòng 2: hãy viết số định danh" in refused and "CCCD_079204009999" not in refused
    assert "079204009999 &lt;b&gt;" in refused, "what was typed stays"
    shown = order(people=f"{line}\n0312345999 Trường Đặt", pin="246813")
    assert "CCCD_079204009999<td>&lt;b&gt;Đỗ" in shown and "MST_0312345999" in shown and "đã kích hoạt" in shown
    order(people=line, again="1", days="20")
    order(people=line)  # without the tick nothing is added
    first, second = provider.credentials("CCCD_079204009999")
    assert (second.valid_to - first.valid_from).days < 30 < (first.valid_to - first.valid_from).days
    request = replace(asked(provider, 2, "CCCD_079204009999"), credential_id=second.credential_id)
    signatures = signed(rig, provider, request)
    assert all(holds(second.chain[0], digest, each) for digest, each in zip(request.hashes, signatures, strict=True))
    assert not holds(first.chain[0], request.hashes[0], signatures[0])
    with pytest.raises(HocbaError):
        provider.start(replace(request, credential_id="nonesuch"))


def test_rejected_and_lapsed(rig: Rig, provider: MySignProvider) -> None:
    transaction = provider.start(asked(provider)).transaction_id or ""
    rig.phone("reject", transactionId=transaction)
    assert provider.poll(USER, transaction).state == "rejected"
    rig.fault("lapse_seconds", seconds=0.1)
    transaction = provider.start(asked(provider)).transaction_id or ""
    time.sleep(0.15)
    assert provider.poll(USER, transaction).state == "timed_out"


# --- the answer is odd -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["crlf", "number_status"])
def test_odd_forms_of_a_good_answer(rig: Rig, provider: MySignProvider, fault: str) -> None:
    request = asked(provider)
    rig.fault(fault)
    signatures = signed(rig, provider, request)
    certificate = credential(provider).chain[0]
    assert all(holds(certificate, digest, each) for digest, each in zip(request.hashes, signatures, strict=True))


def test_zero_means_waiting(rig: Rig, provider: MySignProvider) -> None:
    transaction = provider.start(asked(provider)).transaction_id or ""
    rig.fault("zero_pending")
    assert provider.poll(USER, transaction).state == "waiting"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("4000", "waiting"),
        ("6000", "signing"),
        ("4001", "timed_out"),
        ("4002", "rejected"),
        ("4004", "failed"),
        ("4005", "quota"),
        ("13004", "certificate"),
        ("50000", "internal"),
        ("98765", "waiting"),
    ],
)
def test_every_status(rig: Rig, provider: MySignProvider, status: str, state: str) -> None:
    transaction = provider.start(asked(provider)).transaction_id or ""
    rig.fault("status_code", status=status)
    assert provider.poll(USER, transaction).state == state


def test_an_unknown_transaction_has_failed(provider: MySignProvider) -> None:
    assert provider.poll(USER, "no-such-transaction").state == "failed"


@pytest.mark.parametrize("fault", ["swap", "duplicate", "repeat", "other_key"])
def test_wrong_answers_come_through_to_be_judged(rig: Rig, provider: MySignProvider, fault: str) -> None:
    """The client changes nothing: which signature belongs to which document is verified by the batch."""
    request = asked(provider)
    rig.fault(fault)
    signatures = signed(rig, provider, request)
    certificate = credential(provider).chain[0]
    fitting = [holds(certificate, digest, each) for digest, each in zip(request.hashes, signatures, strict=False)]
    assert (len(signatures), fitting) == {
        "swap": (3, [False, False, True]),
        "duplicate": (3, [True, False, True]),
        "repeat": (4, [True, True, True]),
        "other_key": (3, [False, False, False]),
    }[fault]


@pytest.mark.parametrize("fault", ["certificate_changed", "certificate_changed_after"])
def test_certificate_renewed_between_two_calls(rig: Rig, provider: MySignProvider, fault: str) -> None:
    before = credential(provider)
    request = asked(provider)
    rig.fault(fault)
    told = credential(provider)
    signature = signed(rig, provider, request)[0]
    assert not holds(before.chain[0], request.hashes[0], signature)
    assert holds(told.chain[0], request.hashes[0], signature) is (fault == "certificate_changed")
    assert told.credential_id == before.credential_id


def test_revoked_and_quota_and_a_service_that_fails(rig: Rig, provider: MySignProvider) -> None:
    request = asked(provider, user=SCHOOL["user_id"])
    serial = x509.load_der_x509_certificate(credential(provider, SCHOOL["user_id"]).chain[0]).serial_number
    waiting = provider.start(request).transaction_id or ""
    rig.authority.revoke(serial)
    try:
        assert credential(provider, SCHOOL["user_id"]).status == "expired"
        refused = provider.start(request).transaction_id or ""
        assert provider.poll(request.user, refused).state == "certificate"
        rig.confirm(waiting)
        rig.await_status(waiting, "13004")
    finally:
        rig.authority.reinstate(serial)
    rig.fault("quota")
    assert provider.poll(request.user, provider.start(request).transaction_id or "").state == "quota"
    rig.fault("sign_fails")
    failing = provider.start(request).transaction_id or ""
    rig.confirm(failing)
    rig.await_status(failing, "4004")
    assert provider.poll(request.user, failing).state == "failed"


# --- taken, or not taken? ----------------------------------------------------------------------------------------------


def test_surely_not_taken(rig: Rig, provider: MySignProvider) -> None:
    request = asked(provider)
    before = len(rig.pending(USER))
    rig.fault("http", path=SIGN, status=429, retry_after=7)
    with pytest.raises(HocbaError) as busy:
        provider.start(request)
    assert (busy.value.code, busy.value.params) == (ErrorCode.PROVIDER_BUSY, {"seconds": 7})
    for error, expected in (
        ("58007", ErrorCode.PROVIDER_REFUSED_CLIENT),
        ("86024", ErrorCode.PROVIDER_REFUSED_CLIENT),
        ("86002", ErrorCode.PROVIDER_REFUSED_CLIENT),
        ("58008", ErrorCode.PROVIDER_UNKNOWN_USER),
        ("4005", ErrorCode.SIGNING_QUOTA),
        ("13004", ErrorCode.SIGNING_CERTIFICATE),
        ("77777", ErrorCode.PROVIDER_REFUSED_REQUEST),
    ):
        rig.fault("error", path=SIGN, error=error)
        assert code_of(provider.start, request) is expected
    rig.fault("http", path=SIGN, status=404)
    assert code_of(provider.start, request) is ErrorCode.PROVIDER_REFUSED_REQUEST
    assert len(rig.pending(USER)) == before


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    provider = MySignProvider(url, "c", "s", timeout=1.0)
    provider._tokens[USER] = "token", time.monotonic() + 100  # logged in while the service was still there
    request = SignRequest(USER, "x", (bytes(32),), ("d",), ("n",), "d")
    assert code_of(provider.start, request) is ErrorCode.PROVIDER_UNREACHABLE
    assert code_of(provider.poll, USER, "t") is ErrorCode.PROVIDER_UNREACHABLE
    assert code_of(provider.credentials, USER) is ErrorCode.PROVIDER_UNREACHABLE
    provider.close()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_after_taken"},
        {"kind": "garbage_after_taken"},
        {"kind": "cut", "path": SIGN},
        {"kind": "slow", "path": SIGN, "seconds": 2.5},
        {"kind": "http", "path": SIGN, "status": 500},
        {"kind": "http", "path": SIGN, "status": 502},
        {"kind": "http", "path": SIGN, "status": 503},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values() if value != SIGN),
)
def test_unknown_whether_taken(rig: Rig, provider: MySignProvider, fault: dict[str, object]) -> None:
    request = asked(provider)
    before = len(rig.pending(USER))
    rig.fault(**fault)  # type: ignore[arg-type]
    with pytest.raises(SubmissionUnknown):
        provider.start(request)
    if "taken" in str(fault["kind"]):
        assert len(rig.pending(USER)) == before + 1, "it was taken once, and not sent again"


def test_a_half_read_request_is_unknown() -> None:
    """The server takes a part of the body and goes away: nobody can say what it made of it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def take_a_part() -> None:
        connection, _ = listener.accept()
        connection.recv(100)
        connection.close()

    thread = threading.Thread(target=take_a_part)
    thread.start()
    provider = MySignProvider(f"http://127.0.0.1:{listener.getsockname()[1]}", "c", "s", timeout=2.0)
    provider._tokens[USER] = "token", time.monotonic() + 100
    with pytest.raises(SubmissionUnknown):
        provider.start(SignRequest(USER, "x", (bytes(32),) * 500, ("d",) * 500, ("n",) * 500, "d"))
    thread.join()
    listener.close()
    provider.close()


def test_a_connection_kept_too_long_loses_no_request(rig: Rig, provider: MySignProvider) -> None:
    """signHash never rides on a kept connection: one that the server has closed looks like a request lost on the way."""
    request = asked(provider)
    seen: list[str] = []
    provider._fresh.event_hooks = {"request": [lambda sent: seen.append(sent.url.path)]}
    provider.start(request)
    provider.start(request)
    assert seen == [SIGN, SIGN]
    pool = provider._fresh._transport._pool  # type: ignore[attr-defined]
    assert pool.connections == []


# --- tokens ------------------------------------------------------------------------------------------------------------


def test_a_stale_token_is_renewed_once(rig: Rig, provider: MySignProvider) -> None:
    request = asked(provider)
    before = len(rig.pending(USER))
    rig.fault("expire_tokens")
    transaction = provider.start(request).transaction_id or ""
    assert len(rig.pending(USER)) == before + 1
    rig.fault("expire_tokens")
    assert provider.poll(USER, transaction).state == "waiting"
    rig.fault("expire_tokens", times=2)
    assert code_of(provider.start, request) is ErrorCode.PROVIDER_REFUSED_REQUEST
    assert len(rig.pending(USER)) == before + 1


def test_tokens_are_kept_per_user(rig: Rig, provider: MySignProvider) -> None:
    logins: list[str] = []
    provider._client.event_hooks = {"request": [lambda sent: logins.append(sent.url.path)]}
    for user in (USER, SCHOOL["user_id"], USER, SCHOOL["user_id"]):
        credential(provider, user)
    assert logins.count(LOGIN) == 2


# --- polling never ends a transaction by itself ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "http", "path": STATUS, "status": 500}, ErrorCode.PROVIDER_UNREACHABLE),
        ({"kind": "http", "path": STATUS, "status": 404}, ErrorCode.PROVIDER_UNREACHABLE),
        ({"kind": "http", "path": STATUS, "status": 429, "retry_after": 3}, ErrorCode.PROVIDER_BUSY),
        ({"kind": "cut", "path": STATUS}, ErrorCode.PROVIDER_UNREACHABLE),
        ({"kind": "slow", "path": STATUS, "seconds": 2.5}, ErrorCode.PROVIDER_UNREACHABLE),
        ({"kind": "error", "path": STATUS, "error": "58007"}, ErrorCode.PROVIDER_UNREACHABLE),
    ],
    ids=lambda value: (
        "-".join(str(each) for each in value.values() if each != STATUS) if isinstance(value, dict) else ""
    ),
)
def test_no_answer_is_no_status(
    rig: Rig, provider: MySignProvider, fault: dict[str, object], expected: ErrorCode
) -> None:
    transaction = provider.start(asked(provider)).transaction_id or ""
    rig.fault(**fault)  # type: ignore[arg-type]
    assert code_of(provider.poll, USER, transaction) is expected
    assert provider.poll(USER, transaction).state == "waiting"


def test_login_refused_while_polling_is_no_status(rig: Rig, provider: MySignProvider) -> None:
    transaction = provider.start(asked(provider)).transaction_id or ""
    rig.fault("expire_tokens")
    rig.fault("error", path=LOGIN, error="59033", status=401)
    assert code_of(provider.poll, USER, transaction) is ErrorCode.PROVIDER_UNREACHABLE


# --- refusals of credentials -------------------------------------------------------------------------------------------


def test_refused_client_and_unknown_user(rig: Rig) -> None:
    for client_id, secret, user, expected in (
        ("nobody", "x", USER, ErrorCode.PROVIDER_REFUSED_CLIENT),
        (rig.client["client_id"], "wrong", USER, ErrorCode.PROVIDER_REFUSED_CLIENT),
        (rig.client["client_id"], rig.client["client_secret"], "CCCD_000000000000", ErrorCode.PROVIDER_UNKNOWN_USER),
    ):
        provider = MySignProvider(rig.url, client_id, secret)
        assert code_of(provider.credentials, user) is expected
        provider.close()


def test_garbage_instead_of_credentials() -> None:
    provider = MySignProvider("http://127.0.0.1:1", "c", "s")
    provider._client = httpx.Client(
        base_url="http://x",
        transport=httpx.MockTransport(lambda sent: httpx.Response(200, json=[{"cert": {}}], request=sent)),
    )
    provider._tokens[USER] = "token", time.monotonic() + 100
    assert code_of(provider.credentials, USER) is ErrorCode.PROVIDER_UNREACHABLE
    provider.close()


def test_a_signature_that_is_no_base64_keeps_its_place() -> None:
    good = base64.b64encode(b"x" * 256).decode()
    provider = MySignProvider("http://127.0.0.1:1", "c", "s")
    provider._client = httpx.Client(
        base_url="http://x",
        transport=httpx.MockTransport(
            lambda sent: httpx.Response(200, json={"status": 1, "signatures": ["a", good]}, request=sent)
        ),
    )
    provider._tokens[USER] = "token", time.monotonic() + 100
    assert provider.poll(USER, "t").signatures == (b"", b"x" * 256)
    provider.close()


def test_signatures_at_once() -> None:
    """A gateway that answers signHash with the signatures themselves."""
    provider = MySignProvider("http://127.0.0.1:1", "c", "s")
    provider._fresh = httpx.Client(
        base_url="http://x",
        transport=httpx.MockTransport(lambda sent: httpx.Response(200, json={"signatures": ["eHg="]}, request=sent)),
    )
    provider._tokens[USER] = "token", time.monotonic() + 100
    assert provider.start(SignRequest(USER, "x", (bytes(32),), ("d",), ("n",), "d")).signatures == (b"xx",)
    provider.close()


# --- names -------------------------------------------------------------------------------------------------------------


def test_vietnamese_names_in_plain_letters() -> None:
    assert plain_name("Đặng Thị Ngọc Ánh – KQHT 9A1 (2025-2026)") == "Dang Thi Ngoc Anh KQHT 9A1 2025-2026"
    assert plain_name("Ưu, ướt, ỵ, Ỡ, ằ") == "Uu uot y O a"


@given(st.text(max_size=300))
def test_any_name_is_taken_by_the_service(text: str) -> None:
    from hocba_app.simulators.mysign.wire import _is_name

    assert _is_name(encoded_name(text))
