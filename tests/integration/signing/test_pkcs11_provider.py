"""Keys in a token: which one signs, and what becomes of a token pulled out, a PIN refused, a key or module missing."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pkcs11 import ObjectClass
from pkcs11.exceptions import DeviceError, PinIncorrect, PinLocked

from hocba_app.domain.errors import ErrorCode
from hocba_app.services.signing.providers import pkcs11_token as tokens
from hocba_app.services.signing.providers.pkcs11_provider import Pkcs11Provider
from hocba_app.services.signing.providers.provider import SignRequest
from tests.pki import Holder, pki
from tests.refusals import refused
from tests.softhsm import SoftToken, needs_softhsm, soft_token

DIGEST = hashlib.sha256(b"record").digest()


@pytest.fixture
def token(tmp_path: Path) -> Iterator[SoftToken]:
    with soft_token(tmp_path) as made:
        yield made


@pytest.fixture
def provider(token: SoftToken) -> Iterator[Pkcs11Provider]:
    made = Pkcs11Provider(token.module, token.label, token.pin)
    yield made
    made.close()


@pytest.fixture
def seal(token: SoftToken) -> Holder:
    """The school's key, in the token."""
    holder = pki().school("Trường THCS Kim Đồng", "0312345678")
    token.put(holder.key, holder.chain, label="con dau")  # type: ignore[arg-type]
    return holder


def asked(credential: str, user: str = "con dau") -> SignRequest:
    return SignRequest(user, credential, (DIGEST,), ("d1",), ("KQHT",), "Ký 1 hồ sơ")


def verified(holder: Holder, signature: bytes) -> None:
    key = x509.load_der_x509_certificate(holder.certificate).public_key()
    key.verify(signature, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))  # type: ignore[union-attr, call-arg]


@needs_softhsm
def test_a_key_is_found_by_label_or_id_and_no_other_is_shown(
    provider: Pkcs11Provider, token: SoftToken, seal: Holder
) -> None:
    teacher = pki().person("Nguyễn Thị Ánh", "079204001234")
    token.put(teacher.key, teacher.chain[:1], label="Cô Ánh", key_id=b"\xa1\xb2")  # type: ignore[arg-type]
    for user in ("Cô Ánh", unicodedata.normalize("NFD", "Cô Ánh"), "a1b2", "A1B2"):
        (found,) = provider.credentials(user)
        assert (found.credential_id, found.chain) == ("a1b2", teacher.chain), (
            "the issuers are the token's, whoever wrote them"
        )
        verified(teacher, provider.start(asked("a1b2", user)).signatures[0])  # type: ignore[index]
    assert [each.credential_id for each in provider.credentials("con dau")] == ["01"]
    assert refused(lambda: provider.start(asked("01", "Cô Ánh"))) is ErrorCode.CREDENTIAL_GONE, "another's key"
    assert refused(lambda: provider.credentials("")) is ErrorCode.PROVIDER_UNKNOWN_USER


@needs_softhsm
def test_issuers_that_the_token_lacks_come_from_the_settings(token: SoftToken) -> None:
    holder = pki().person("Nguyễn Thị Ánh", "079204001234")
    token.put(holder.key, holder.chain[:1], label="teacher")  # type: ignore[arg-type]
    alone = Pkcs11Provider(token.module, token.label, token.pin)
    assert alone.credentials("teacher")[0].chain == holder.chain[:1]
    helped = Pkcs11Provider(token.module, token.label, token.pin, issuers=holder.chain[1:])
    assert helped.credentials("teacher")[0].chain == holder.chain
    alone.close()
    helped.close()


@needs_softhsm
def test_a_renewed_certificate_takes_the_old_ones_place(provider: Pkcs11Provider, token: SoftToken) -> None:
    old = pki().person("Nguyễn Thị Ánh", "079204001234", ends=pki().now + timedelta(days=3))
    new = pki().person("Nguyễn Thị Ánh", "079204001234")
    token.put(new.key, new.chain, label="teacher")  # type: ignore[arg-type]
    token.put(None, old.chain[:1], label="teacher")
    assert [each.chain[0] for each in provider.credentials("teacher")] == [new.certificate]


@needs_softhsm
def test_a_key_that_wants_its_pin_each_time_gets_it(provider: Pkcs11Provider, token: SoftToken) -> None:
    holder = pki().person("Nguyễn Thị Ánh", "079204001234")
    token.put(holder.key, holder.chain, label="teacher", again=True)  # type: ignore[arg-type]
    request = SignRequest("teacher", "01", (DIGEST, DIGEST), ("d1", "d2"), ("KQHT",) * 2, "Ký 2 hồ sơ")
    for signature in provider.start(request).signatures or ():
        verified(holder, signature)


@needs_softhsm
def test_a_certificate_without_its_key_is_of_no_use(provider: Pkcs11Provider, token: SoftToken, seal: Holder) -> None:
    token.remove(ObjectClass.PRIVATE_KEY)
    assert refused(lambda: provider.credentials("con dau")) is ErrorCode.TOKEN_KEY_MISSING
    assert refused(lambda: provider.start(asked("01"))) is ErrorCode.TOKEN_KEY_MISSING
    other = pki().person("Nguyễn Thị Ánh", "079204001234", key=2)
    token.put(other.key, (), label="con dau")  # type: ignore[arg-type]
    assert refused(lambda: provider.credentials("con dau")) is ErrorCode.TOKEN_KEY_MISSING, "same id, another key"
    token.remove(ObjectClass.CERTIFICATE)
    assert refused(lambda: provider.credentials("con dau")) is ErrorCode.PROVIDER_UNKNOWN_USER
    assert refused(lambda: provider.start(asked("01"))) is ErrorCode.CREDENTIAL_GONE


@needs_softhsm
def test_an_elliptic_key_is_no_rsa_key(provider: Pkcs11Provider, token: SoftToken) -> None:
    unit = pki().timestamp_unit()
    assert isinstance(unit.key, ec.EllipticCurvePrivateKey)
    token.put(None, unit.chain, label="teacher")
    assert refused(lambda: provider.credentials("teacher")) is ErrorCode.TOKEN_KEY_MISSING


@needs_softhsm
def test_a_token_pulled_out_is_missed_and_found_again(provider: Pkcs11Provider, token: SoftToken, seal: Holder) -> None:
    verified(seal, provider.start(asked("01")).signatures[0])  # type: ignore[index]
    token.pull_out()
    assert refused(lambda: provider.start(asked("01"))) is ErrorCode.TOKEN_ABSENT
    assert refused(lambda: provider.credentials("con dau")) is ErrorCode.TOKEN_ABSENT
    token.plug_in()
    verified(seal, provider.start(asked("01")).signatures[0])  # type: ignore[index]


@needs_softhsm
def test_a_wrong_pin_is_tried_once_and_never_again(
    token: SoftToken, seal: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Pkcs11Provider(token.module, token.label, "000000")
    assert refused(lambda: wrong.credentials("con dau")) is ErrorCode.TOKEN_PIN_WRONG
    tried: list[str] = []
    monkeypatch.setattr(tokens, "_library", lambda module: FakeLibrary(0, tried))
    assert refused(lambda: wrong.start(asked("01"))) is ErrorCode.TOKEN_PIN_WRONG
    assert tried == [], "the token is not asked again"
    monkeypatch.undo()
    right = Pkcs11Provider(token.module, token.label, token.pin)
    assert right.credentials("con dau")
    wrong.close()
    right.close()


@needs_softhsm
def test_a_token_of_another_label_is_not_ours(token: SoftToken, seal: Holder) -> None:
    other = Pkcs11Provider(token.module, "Truong khac", token.pin)
    assert refused(lambda: other.credentials("con dau")) is ErrorCode.TOKEN_ABSENT
    other.close()


@pytest.mark.parametrize("module", ["/nowhere/libtoken.so", __file__])
def test_a_module_that_cannot_be_loaded(module: str) -> None:
    assert refused(lambda: Pkcs11Provider(module, "x", "1").credentials("con dau")) is ErrorCode.TOKEN_MODULE


class FakeLibrary:
    """A module whose token says of its PIN what SoftHSM2 never says."""

    def __init__(self, flags: int, tried: list[str], error: type[Exception] = PinIncorrect) -> None:
        self.flags, self.tried, self.error = pkcs11.TokenFlag(flags), tried, error

    def get_token(self, token_label: str) -> FakeLibrary:
        return self

    def open(self, user_pin: str) -> None:
        self.tried.append(user_pin)
        raise self.error


@pytest.mark.parametrize(
    ("flags", "error", "expected", "tries"),
    [
        (pkcs11.TokenFlag.USER_PIN_LOCKED, PinIncorrect, ErrorCode.TOKEN_PIN_LOCKED, 0),
        (pkcs11.TokenFlag.USER_PIN_FINAL_TRY, PinIncorrect, ErrorCode.TOKEN_PIN_LAST_TRY, 0),
        (pkcs11.TokenFlag.USER_PIN_COUNT_LOW, PinLocked, ErrorCode.TOKEN_PIN_LOCKED, 1),
        (pkcs11.TokenFlag.USER_PIN_COUNT_LOW, PinIncorrect, ErrorCode.TOKEN_PIN_WRONG, 1),
        (0, DeviceError, ErrorCode.PROVIDER_UNREACHABLE, 1),
    ],
)
def test_what_a_token_says_of_its_pin(
    flags: int, error: type[Exception], expected: ErrorCode, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(tokens, "_library", lambda module: FakeLibrary(flags, tried, error))
    assert refused(lambda: Pkcs11Provider("module", "x", "1234").credentials("con dau")) is expected
    assert len(tried) == tries


@needs_softhsm
def test_many_threads_share_one_session(provider: Pkcs11Provider, seal: Holder) -> None:
    made: list[bytes] = []

    def sign() -> None:
        for _ in range(5):
            made.extend(provider.start(asked("01")).signatures or ())
            assert provider.credentials("con dau")[0].credential_id == "01"

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 40
    for signature in made:
        verified(seal, signature)


def test_a_driver_that_hangs_makes_nobody_else_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_WAIT", 0.05)
    with tokens._MODULE_LOCK:
        assert refused(lambda: Pkcs11Provider("module", "x", "1").credentials("con dau")) is ErrorCode.PROVIDER_BUSY


@needs_softhsm
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_logs_in_for_itself(provider: Pkcs11Provider, seal: Holder) -> None:
    verified(seal, provider.start(asked("01")).signatures[0])  # type: ignore[index]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        signal.alarm(60)  # a lock that some thread of the parent held would hold it for ever
        try:
            os.write(writer, (provider.start(asked("01")).signatures or (b"",))[0])
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    verified(seal, answer)
    verified(seal, provider.start(asked("01")).signatures[0])  # type: ignore[index]
