"""The certificate before it is used: whose it is, its time, its chain, and revocation by OCSP or else by CRL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki import revocation_sources, signer_certificate
from hocba_app.simulators.trust import revocation
from hocba_app.simulators.trust.app import create_app
from hocba_app.simulators.trust.authority import Authority
from tests.integration.simulators.running import running
from tests.pki import pki

NUMBER, OLD, TAX = "079200000001", "023456789", "0312345678"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, str]]:
    folder, made = tmp_path_factory.mktemp("trust"), []

    def app(url: str) -> object:
        made.append(Authority(folder / "trust", url))
        return create_app(made[0])

    with running(app) as url:  # type: ignore[arg-type]
        yield made[0], url


@pytest.fixture(autouse=True)
def no_cached_answers() -> None:
    revocation_sources.forget()


KEY = rsa.generate_private_key(65537, 2048).public_key()


def chain(authority: Authority, uid: str = f"CCCD:{NUMBER}", **validity: datetime) -> list[bytes]:
    return authority.chain(authority.issue_person("Nguyễn Thị Ánh", uid, KEY, **validity))


def check(
    authority: Authority, chain: list[bytes], *, at: datetime | None = None, **whose: object
) -> signer_certificate.Evidence:
    whose = whose or {"id_numbers": (NUMBER, OLD)}
    signer_certificate.require_own(chain[0], **whose)  # type: ignore[arg-type]
    return signer_certificate.check_good(chain, trust_roots=[authority.root.der], at=at or datetime.now(UTC))


def refusal(*arguments: object, **more: object) -> ErrorCode:
    with pytest.raises(HocbaError) as refused:
        check(*arguments, **more)  # type: ignore[arg-type]
    assert "…" not in refused.value.sentence
    return refused.value.code


@pytest.mark.parametrize("uid", [f"CCCD:{NUMBER}", f"CMND:{OLD}", f"CMND:{NUMBER}", NUMBER, f"CCCD:{OLD}"])
def test_the_persons_own_number_under_any_usual_prefix(trust: tuple[Authority, str], uid: str) -> None:
    evidence = check(trust[0], chain(trust[0], uid))
    assert len(evidence.chain) == 3 and len(evidence.ocsps) == 2 and evidence.crls == ()
    assert signer_certificate.Evidence.loads(evidence.dumps()) == evidence


@pytest.mark.parametrize(
    "uid", ["CCCD:079200000002", f"CCCD:{NUMBER}9", f"CCCD:9{NUMBER}", f"MST:{TAX}", "CCCD:", f"CCCD:{NUMBER} x", "x"]
)
def test_anybody_elses_is_refused(trust: tuple[Authority, str], uid: str) -> None:
    assert refusal(trust[0], chain(trust[0], uid)) is ErrorCode.CERTIFICATE_NOT_OWN


def test_the_seals_certificate_carries_the_schools_tax_code(trust: tuple[Authority, str]) -> None:
    authority = trust[0]
    school = authority.chain(authority.issue_organisation("Trường THCS Kim Đồng", TAX, KEY))
    assert check(authority, school, tax_code=TAX).result == "good"
    assert refusal(authority, school, tax_code="0312345679") is ErrorCode.CERTIFICATE_NOT_OWN
    assert refusal(authority, school, tax_code="") is ErrorCode.CERTIFICATE_NOT_OWN
    assert refusal(authority, chain(authority), tax_code=NUMBER) is ErrorCode.CERTIFICATE_NOT_OWN


def test_time_chain_and_root(trust: tuple[Authority, str]) -> None:
    authority, now = trust[0], datetime.now(UTC)
    good = chain(authority)
    ends = signer_certificate.validity(good[0])[1]
    assert refusal(authority, good, at=ends + timedelta(seconds=1)) is ErrorCode.CERTIFICATE_EXPIRED
    assert (
        refusal(authority, good, at=signer_certificate.validity(good[0])[0] - timedelta(seconds=1))
        is ErrorCode.CERTIFICATE_NOT_YET_VALID
    )
    stranger = list(pki().person("Nguyễn Thị Ánh", NUMBER).chain)
    assert refusal(authority, stranger) is ErrorCode.CERTIFICATE_UNTRUSTED
    assert refusal(authority, [good[0]]) is ErrorCode.CERTIFICATE_UNTRUSTED, "the issuer is missing"
    assert refusal(authority, [stranger[0], *good[1:]]) is ErrorCode.CERTIFICATE_UNTRUSTED
    assert signer_certificate.days_left(good[0], ends - timedelta(days=29)) < 30 == signer_certificate.WARN_BEFORE.days
    assert signer_certificate.days_left(good[0], now) > 30


def test_answers_of_a_clock_since_set_back_are_asked_anew(
    trust: tuple[Authority, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock years ahead and mended left answers, here and at the authority, that never grew old: nobody could sign."""
    authority, ahead = trust[0], timedelta(days=365)
    good = chain(authority)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return datetime.now(tz) + ahead

    with monkeypatch.context() as patch:
        patch.setattr(revocation, "datetime", Ahead)
        assert check(authority, good, at=Ahead.now(UTC)).ocsps
    assert check(authority, good).checked_at < datetime.now(UTC) + timedelta(minutes=1)


def test_revocation_by_ocsp_and_else_by_crl(trust: tuple[Authority, str]) -> None:
    authority, url = trust
    good, bad = chain(authority), chain(authority)
    authority.revoke(x509.load_der_x509_certificate(bad[0]).serial_number)
    try:
        assert refusal(authority, bad) is ErrorCode.CERTIFICATE_REVOKED
        for fault in ("down", "try_later", "garbage"):
            revocation_sources.forget()
            httpx.put(f"{url}/_faults", json={"ocsp": fault})
            evidence = check(authority, good)
            assert evidence.ocsps == () and len(evidence.crls) == 2, fault
            assert refusal(authority, bad) is ErrorCode.CERTIFICATE_REVOKED, fault
        revocation_sources.forget()
        httpx.put(f"{url}/_faults", json={"ocsp": "down", "crl": "down"})
        assert refusal(authority, good) is ErrorCode.REVOCATION_UNKNOWN
    finally:
        httpx.delete(f"{url}/_faults")
