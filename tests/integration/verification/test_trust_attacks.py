"""Attacks on trust: chains and revocation data that look right and are not. Controls show that each way is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID, ObjectIdentifier

from bench.sealed_record import Record, Signer, World
from hocba_app.pki.signer_certificate import Evidence
from hocba_app.simulators.trust.profiles import authority_name, key_usage
from tests.integration.verification.crafted import (
    AUTHORITY,
    DAY,
    RESPONDER,
    SIGNER,
    UNIT,
    Extension,
    Issuer,
    answer,
    authority,
    issue,
    issuing,
    namesake,
    new_key,
    person,
    revocation_list,
    root_of,
    with_tax_code,
)
from tests.integration.verification.judging import codes, judge

NOW = datetime.now(UTC).replace(microsecond=0)
WEIRD: Extension = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)
ELSEWHERE = x509.DirectoryName(authority_name("Nơi khác", "Nơi khác"))


def signed_by(record: Record, principal: Signer) -> None:
    for slot in record.manifest.slots:
        record.sign(slot.field, by=principal if slot.field == "principal" else None)


# --- chains --------------------------------------------------------------------------------------------------------------

Chain = Callable[[World, Signer], Signer]


def below_root(*extensions: Extension, **validity: datetime) -> Chain:
    return lambda world, like: person(authority(root_of(world), extensions, **validity), like)


def of_the_issuing_authority(*extensions: Extension) -> Chain:
    return lambda world, like: person(issuing(world), like, extensions)


def a_teacher_as_authority(world: World, like: Signer) -> Signer:
    teacher = world.person("Cô Giáo", "079085424242", key=2)
    certificate = x509.load_der_x509_certificate(teacher.chain[0])
    above = tuple(x509.load_der_x509_certificate(item) for item in teacher.chain[1:])
    return person(Issuer(teacher.key, certificate, above), like)


def forged(world: World, like: Signer) -> Signer:
    """The authority's name, another key."""
    honest = issuing(world)
    return person(Issuer(new_key(), honest.certificate, honest.above), like)


CHAINS: dict[str, Chain] = {
    "an authority without basic constraints": below_root(AUTHORITY[1]),
    "an authority that is none": below_root((x509.BasicConstraints(ca=False, path_length=None), True), AUTHORITY[1]),
    "an authority that may not sign certificates": below_root(AUTHORITY[0], (key_usage("crl_sign"), True)),
    "an authority that had expired": below_root(*AUTHORITY, begins=NOW - 90 * DAY, ends=NOW - 30 * DAY),
    "an authority that is not valid yet": below_root(*AUTHORITY, begins=NOW + 30 * DAY, ends=NOW + 90 * DAY),
    "an authority with a demand nobody knows": below_root(*AUTHORITY, WEIRD),
    "an authority for other names only": below_root(*AUTHORITY, (x509.NameConstraints([ELSEWHERE], None), True)),
    "an authority for no names of Vietnam": below_root(
        *AUTHORITY,
        (
            x509.NameConstraints(
                None, [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]))]
            ),
            True,
        ),
    ),
    "an authority that demands a policy": below_root(*AUTHORITY, (x509.PolicyConstraints(0, None), True)),
    "an authority below one that allows none": lambda world, like: person(authority(issuing(world)), like),
    "an authority of no root": lambda world, like: person(authority(None), like),
    "an authority of the same name": lambda world, like: person(
        authority(None, name=world.authority.ca.certificate.subject), like
    ),
    "a root of the same name": lambda world, like: person(
        authority(authority(None, name=world.authority.root.certificate.subject)), like
    ),
    "a teacher as authority": a_teacher_as_authority,
    "a forged certificate": forged,
    "a certificate that signs itself": lambda world, like: person(
        Issuer(like.key, x509.load_der_x509_certificate(like.chain[0])), like
    ),
    "a signer with a demand nobody knows": of_the_issuing_authority(*SIGNER, WEIRD),
    "a signer for encipherment only": of_the_issuing_authority(SIGNER[0], (key_usage("key_encipherment"), True)),
    "a signer for logging in only": of_the_issuing_authority(SIGNER[0], (key_usage("digital_signature"), True)),
    "a short key": lambda world, like: person(issuing(world), like, key=rsa.generate_private_key(65537, 1024)),
}


def test_another_authority_below_the_root_is_trusted(world: World, brief: Record) -> None:
    """The control: this is how every chain below is made, and this one is right."""
    signed_by(brief, person(authority(root_of(world)), brief.signers["principal"]))
    assert codes(judge(brief.file, world)) == {"not_archived"}, "nothing else is wrong with it"


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_that_only_looks_right(world: World, brief: Record, name: str) -> None:
    signed_by(brief, CHAINS[name](world, brief.signers["principal"]))
    report = judge(brief.file, world)
    assert report.verdict == "invalid" and not codes(report) <= {"update_not_ours"}, report.reasons
    assert {item.field for item in report.signatures if item.trust != "trusted"} <= {"principal"}


def test_a_person_of_the_school_is_not_its_seal(world: World, brief: Record) -> None:
    """Certificates of persons within an organisation carry its MST too."""
    like = brief.signers["principal"]
    for slot in brief.manifest.slots:
        own = (
            person(issuing(world), like, subject=with_tax_code(like, brief.signers["seal"].number))
            if slot.field == "seal"
            else None
        )
        brief.sign(slot.field, by=own)
    report = judge(brief.file, world)
    assert report.verdict == "invalid" and codes(report) == {"seal_wrong_school"} and not report.issued_here


# --- revocation data -----------------------------------------------------------------------------------------------------

Answers = Callable[[World, Signer], tuple[tuple[bytes, ...], tuple[bytes, ...]]]
"""OCSP answers and revocation lists about the principal's certificate."""


def by(responder: Callable[[World], Issuer], **rest: object) -> Answers:
    return lambda world, holder: (
        (answer(holder.chain[0], world.authority.ca.certificate, responder(world), **rest),),
        (),
    )  # type: ignore[arg-type]


def responder(
    issuer: Callable[[World], Issuer], *extensions: Extension, **validity: datetime
) -> Callable[[World], Issuer]:
    def made(world: World) -> Issuer:
        key = new_key()
        return Issuer(key, issue(issuer(world), authority_name("OCSP", "Thử nghiệm"), key, extensions, **validity))

    return made


def itself(world: World) -> Issuer:
    return Issuer(world.authority.ca.key, world.authority.ca.certificate)


def listed(key: Callable[[World], object], *, also: bool = False, revoked: bool = False, **rest: object) -> Answers:
    def made(world: World, holder: Signer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        serials = [x509.load_der_x509_certificate(holder.chain[0]).serial_number] if revoked else []
        found = revocation_list(key(world), world.authority.ca.certificate.subject, serials=serials, **rest)  # type: ignore[arg-type]
        return (good(world, holder)[0] if also else ()), (found,)

    return made


def good(world: World, holder: Signer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return by(lambda world: Issuer(world.authority.ocsp.key, world.authority.ocsp.certificate))(world, holder)


def good_and_revoked(order: int) -> Answers:
    def made(world: World, holder: Signer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        bad = by(itself, status=ocsp.OCSPCertStatus.REVOKED, revoked_at=NOW - timedelta(hours=3))(world, holder)[0]
        return (good(world, holder)[0] + bad)[::order], ()

    return made


def broken_answer(world: World, holder: Signer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    ((honest,), _) = good(world, holder)
    at = honest.rfind(b"\x03\x48\x00") if b"\x03\x48\x00" in honest else len(honest) // 3
    return (honest[: at + 12] + bytes((honest[at + 12] ^ 1,)) + honest[at + 13 :],), ()


def about_another(world: World, holder: Signer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return good(world, world.person("Người Khác", "079085313131", key=2))


NOT_CA = ((x509.BasicConstraints(ca=False, path_length=None), True), (key_usage("digital_signature"), True))
FOR_LISTS_OF_OTHERS: Extension = (
    x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
    True,
)
DELTA: Extension = (x509.DeltaCRLIndicator(3), True)
REVOCATION: dict[str, Answers] = {
    "no answer": lambda world, holder: ((), ()),
    "an answer about another certificate": about_another,
    "an answer changed": broken_answer,
    "an answer by a responder of no such purpose": by(responder(issuing, *NOT_CA, (x509.OCSPNoCheck(), False))),
    "an answer by a responder for time stamps": by(responder(issuing, *UNIT)),
    "an answer by a responder of another authority": by(responder(lambda world: authority(root_of(world)), *RESPONDER)),
    "an answer by a responder of the root": by(responder(root_of, *RESPONDER)),
    "an answer by a responder of a namesake": by(responder(namesake, *RESPONDER)),
    "an answer by a responder that had expired": by(
        responder(issuing, *RESPONDER, begins=NOW - 90 * DAY, ends=NOW - 30 * DAY)
    ),
    "an answer by a namesake of the authority": by(namesake),
    "an answer by the root": by(root_of),
    "an answer by nobody": by(lambda world: authority(None, RESPONDER)),
    "an answer that says unknown": by(itself, status=ocsp.OCSPCertStatus.UNKNOWN),
    "an answer that says revoked": by(itself, status=ocsp.OCSPCertStatus.REVOKED, revoked_at=NOW - DAY),
    "an answer of last year": by(itself, this_update=NOW - 400 * DAY, next_update=NOW - 399 * DAY),
    "good, then revoked": good_and_revoked(1),
    "revoked, then good": good_and_revoked(-1),
    "a list by a namesake": listed(lambda world: new_key()),
    "a list by the root's key": listed(lambda world: world.authority.root.key),
    "a list of last year": listed(
        lambda world: world.authority.ca.key, last=NOW - 400 * DAY, following=NOW - 399 * DAY
    ),
    "a list of authorities only": listed(lambda world: world.authority.ca.key, extensions=[FOR_LISTS_OF_OTHERS]),
    "a list of changes only": listed(lambda world: world.authority.ca.key, extensions=[DELTA]),
    "a list with a demand nobody knows": listed(lambda world: world.authority.ca.key, extensions=[WEIRD]),
    "a list with the signer on it": listed(lambda world: world.authority.ca.key, revoked=True),
    "a list with the signer on it beside a good answer": listed(
        lambda world: world.authority.ca.key, revoked=True, also=True
    ),
}
SHOWN_REVOKED = {
    "an answer that says revoked",
    "good, then revoked",
    "revoked, then good",
    "a list with the signer on it",
    "a list with the signer on it beside a good answer",
}


def archived_with(
    world: World, record: Record, answers: Answers, patch: pytest.MonkeyPatch, *, alone: bool = False
) -> None:
    """Sealed, then archived with these answers about the principal and honest ones about everybody else.

    Args:
        alone: the answers stand for his whole chain; otherwise the honest one about his authority is added.
    """
    holder, honest = record.signers["principal"], world.evidence

    def evidence(chain: tuple[bytes, ...]) -> Evidence:
        found = honest(chain)
        if chain[0] != holder.chain[0]:
            return found
        ocsps, lists = answers(world, holder)
        return Evidence(found.chain, ocsps if alone else (*ocsps, *found.ocsps[1:]), lists, found.checked_at)

    record.sign_all()
    with patch.context() as inside:
        inside.setattr(world, "evidence", evidence)
        record.archive()


@pytest.mark.parametrize(
    "answers",
    [
        good,
        by(itself),
        by(itself, carried=()),
        by(responder(issuing, *RESPONDER)),
        listed(lambda world: world.authority.ca.key),
    ],
)
def test_honest_answers_of_these_forms_are_taken(
    world: World, brief: Record, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controls."""
    archived_with(world, brief, answers, monkeypatch)
    report = judge(brief.file, world)
    assert report.verdict == "valid", report.reasons


@pytest.mark.parametrize("name", REVOCATION)
def test_revocation_data_that_shows_nothing(
    world: World, brief: Record, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived_with(world, brief, REVOCATION[name], monkeypatch)
    report = judge(brief.file, world)
    expected = (
        ("invalid", {"certificate_revoked"}) if name in SHOWN_REVOKED else ("indeterminate", {"revocation_unknown"})
    )
    assert (report.verdict, codes(report)) == expected, "could not be checked is told as neither good nor bad"
    assert {item.field for item in report.signatures if item.trust != "trusted"} == {"principal"}


def test_a_list_by_an_authority_that_may_not_sign_lists(
    world: World, brief: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the right to sign certificates only; the control has both."""
    verdicts = []
    for usages in (("key_cert_sign", "crl_sign"), ("key_cert_sign",)):
        above = authority(root_of(world), (AUTHORITY[0], (key_usage(*usages), True)))
        record = Record(world, brief.file, brief.tip, brief.manifest, dict(brief.signers), list(brief.after))
        record.signers["principal"] = person(above, brief.signers["principal"])
        listing = revocation_list(above.key, above.certificate.subject)
        of_root = revocation_list(world.authority.root.key, world.authority.root.certificate.subject)
        archived_with(world, record, lambda *_, found=((), (listing, of_root)): found, monkeypatch, alone=True)
        verdicts.append(judge(record.file, world).verdict)
    assert verdicts == ["valid", "indeterminate"]
