"""What every signing service behind the one interface must do, asked of each: MySign, SmartCA, CSC v1 and v2,
PKCS#11, PKCS#12."""

from __future__ import annotations

import base64
import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers.csc import CscProvider
from hocba_app.services.signing.providers.mysign import MySignProvider
from hocba_app.services.signing.providers.pkcs11_provider import Pkcs11Provider
from hocba_app.services.signing.providers.pkcs12 import Pkcs12Provider
from hocba_app.services.signing.providers.provider import SigningProvider, SignRequest, SubmissionUnknown
from hocba_app.services.signing.providers.smartca import SmartCaProvider
from tests.integration.simulators.mysign_rig import TEACHER, mysign_rig
from tests.integration.simulators.running import running
from tests.integration.simulators.smartca_rig import smartca_rig
from tests.pki import pki
from tests.refusals import refused
from tests.softhsm import needs_softhsm, soft_token

_PREHASHED = Prehashed(hashes.SHA256())


@dataclass
class CscService:
    """A service of the standard, as small as it can be: one user, one key, confirmed at once."""

    version: int
    key: rsa.RSAPrivateKey
    chain: tuple[bytes, ...]
    mode: str = "implicit"
    authorised: dict[str, list[str]] = field(default_factory=dict)
    refuse: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        names = ("credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash")
        return Starlette(
            routes=[Route(f"/csc/v{self.version}/{name}", self.call(name), methods=["POST"]) for name in names]
        )

    def call(self, name: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            body = await request.json()
            self.calls.append(name)
            if request.headers["authorization"] != "Bearer token":
                return JSONResponse({"error": "invalid_token"}, 401)
            if name in self.refuse:
                status, shape = self.refuse[name]
                return JSONResponse(shape, status)
            return JSONResponse(getattr(self, name.split("/")[1])(body))

        return endpoint

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"credentialIDs": ["c1"] if body["userID"] == "teacher" else []}

    def info(self, body: dict[str, Any]) -> dict[str, Any]:
        shape = {
            "key": {"status": "enabled"},
            "cert": {"status": "valid", "certificates": [base64.b64encode(each).decode() for each in self.chain]},
        }
        return shape | ({"authMode": self.mode} if self.version == 1 else {"auth": {"mode": self.mode}})

    def authorize(self, body: dict[str, Any]) -> dict[str, Any]:
        hashes_ = body["hash" if self.version == 1 else "hashes"]
        assert len(hashes_) == body["numSignatures"]
        self.authorised["SAD1"] = hashes_
        return {"SAD": "SAD1"}

    def signHash(self, body: dict[str, Any]) -> dict[str, Any]:
        hashes_ = body["hash" if self.version == 1 else "hashes"]
        assert self.authorised.pop(body["SAD"]) == hashes_, "the permission is for these hashes only"
        made = [self.key.sign(base64.b64decode(text), padding.PKCS1v15(), _PREHASHED) for text in hashes_]
        return {"signatures": [base64.b64encode(each).decode() for each in made]}


@dataclass
class Case:
    """One provider under test."""

    provider: SigningProvider
    user: str
    confirm: Callable[[str], None]
    service: Any = None


@pytest.fixture(params=["mysign", "smartca", "csc1", "csc2", pytest.param("pkcs11", marks=needs_softhsm), "pkcs12"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    holder = pki().person("Nguyễn Thị Ánh", "079204001234")
    if request.param == "mysign":
        with mysign_rig(tmp_path) as rig:
            rig.add(TEACHER)
            provider = MySignProvider(rig.url, rig.client["client_id"], rig.client["client_secret"])

            def confirm(transaction: str) -> None:
                rig.confirm(transaction)
                rig.await_status(transaction, "1")

            yield Case(provider, TEACHER["user_id"], confirm)
            provider.close()
    elif request.param == "smartca":
        with smartca_rig(tmp_path) as rig:
            rig.add(TEACHER)
            smartca = SmartCaProvider(rig.url, rig.client["client_id"], rig.client["client_secret"])
            yield Case(smartca, TEACHER["user_id"], rig.confirm, rig)
            smartca.close()
    elif request.param == "pkcs11":
        with soft_token(tmp_path) as token:
            token.put(holder.key, holder.chain, label="teacher")  # type: ignore[arg-type]
            pkcs11 = Pkcs11Provider(token.module, token.label, token.pin)
            yield Case(pkcs11, "teacher", lambda _transaction: None)
            pkcs11.close()
    elif request.param == "pkcs12":
        certificates = [x509.load_der_x509_certificate(item) for item in holder.chain]
        (tmp_path / "teacher.p12").write_bytes(
            serialize_key_and_certificates(None, holder.key, certificates[0], certificates[1:], NoEncryption())  # type: ignore[arg-type]
        )
        yield Case(Pkcs12Provider(tmp_path), "teacher", lambda _transaction: None)
    else:
        service = CscService(int(request.param[-1]), holder.key, holder.chain)  # type: ignore[arg-type]
        with running(lambda _url: service.app()) as url:
            csc = CscProvider(f"{url}/csc/v{service.version}", "token", window_seconds=5, timeout=5)
            yield Case(csc, "teacher", lambda _transaction: None, service)
            csc.close()


def asked(case: Case, count: int = 5) -> SignRequest:
    return SignRequest(
        user=case.user,
        credential_id=case.provider.credentials(case.user)[0].credential_id,
        hashes=tuple(hashlib.sha256(bytes([number])).digest() for number in range(count)),
        document_ids=tuple(f"d{number}" for number in range(count)),
        document_names=("Kết quả học tập",) * count,
        description="Ký 5 hồ sơ",
    )


def signatures(case: Case, request: SignRequest) -> tuple[bytes, ...]:
    submitted = case.provider.start(request)
    if submitted.signatures is not None:
        return submitted.signatures
    case.confirm(submitted.transaction_id or "")
    deadline = time.monotonic() + 180
    while (status := case.provider.poll(case.user, submitted.transaction_id or "")).state != "signed":
        assert time.monotonic() < deadline, status.state
        time.sleep(0.05)
    return status.signatures


def test_a_user_has_his_certificate_first_in_its_chain(case: Case) -> None:
    found = case.provider.credentials(case.user)
    assert [each.status for each in found] == ["valid"]
    parsed = [x509.load_der_x509_certificate(each) for each in found[0].chain]
    for lower, upper in itertools.pairwise(parsed):
        lower.verify_directly_issued_by(upper)
    assert found[0].valid_from == parsed[0].not_valid_before_utc and found[0].valid_to == parsed[0].not_valid_after_utc


def test_many_hashes_are_one_request_answered_in_order(case: Case) -> None:
    request = asked(case)
    certificate = x509.load_der_x509_certificate(case.provider.credentials(case.user)[0].chain[0])
    made = signatures(case, request)
    assert len(made) == len(request.hashes)
    for digest, signature in zip(request.hashes, made, strict=True):
        certificate.public_key().verify(signature, digest, padding.PKCS1v15(), _PREHASHED)  # type: ignore[union-attr, call-arg]


def test_somebody_unknown_has_nothing(case: Case) -> None:
    try:
        assert case.provider.credentials("nobody") == []
    except HocbaError as error:
        assert error.code is ErrorCode.PROVIDER_UNKNOWN_USER


def test_limits_are_stated(case: Case) -> None:
    assert case.provider.max_hashes > 0 and case.provider.window_seconds > 0 and case.provider.poll_seconds > 0


@pytest.mark.parametrize("case", ["csc1", "csc2"], indirect=True)
@pytest.mark.parametrize(
    ("call", "status", "error", "expected"),
    [
        ("credentials/authorize", 400, "access_denied", ErrorCode.SIGNING_REJECTED),
        ("credentials/authorize", 400, "expired_token", ErrorCode.SIGNING_TIMED_OUT),
        ("credentials/authorize", 401, "invalid_token", ErrorCode.PROVIDER_REFUSED_CLIENT),
        ("credentials/authorize", 400, "odd", ErrorCode.PROVIDER_REFUSED_REQUEST),
        ("credentials/authorize", 429, "", ErrorCode.PROVIDER_BUSY),
        ("credentials/authorize", 500, "", None),
        ("signatures/signHash", 500, "", None),
        ("signatures/signHash", 429, "", None),
    ],
)
def test_csc_refusals(case: Case, call: str, status: int, error: str, expected: ErrorCode | None) -> None:
    request = asked(case)
    case.service.refuse[call] = status, {"error": error}
    with pytest.raises(SubmissionUnknown if expected is None else HocbaError) as caught:
        case.provider.start(request)
    if expected is not None:
        assert caught.value.code is expected  # type: ignore[attr-defined]
    assert case.service.calls.count("credentials/authorize") == 1, "nobody is asked twice"


@pytest.mark.parametrize("case", ["csc1"], indirect=True)
def test_csc_with_a_pin_of_its_own_is_not_used(case: Case) -> None:
    """A PIN would have to pass through this product."""
    case.service.mode = "explicit"
    assert case.provider.credentials(case.user)[0].status == "disabled"


@pytest.mark.parametrize("user", ["../secret", "a/b", "", "x" * 81])
def test_a_file_outside_the_folder_is_never_opened(tmp_path: Path, user: str) -> None:
    (tmp_path / "secret.p12").write_bytes(b"?")
    assert refused(lambda: Pkcs12Provider(tmp_path / "inner").credentials(user)) is ErrorCode.PROVIDER_UNKNOWN_USER
