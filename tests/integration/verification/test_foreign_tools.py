"""Signatures and updates in the shapes that Acrobat, iText, PDFBox (DSS) and older or newer programs write: sound ones are intact, and whatever is
said of them is true."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp

from bench.sealed_record import World
from hocba_app.verification.report_model import FileReport
from tests.integration.verification.cms_kinds import Hand, Sign, assembled, detached, indefinite, sha1_inside, stamped
from tests.integration.verification.crafted import answer, issuing, revocation_list, root_of
from tests.integration.verification.foreign_forms import FORGED, forged_objects, stream, table
from tests.integration.verification.judging import codes, judge
from tests.integration.verification.signed_by_hand import CLASSIC, HABITS, ITEXT, SIG, Draft, Habit

DAY = timedelta(days=1)
OLD = SIG.replace(b"adbe.pkcs7.detached", b"adbe.pkcs7.sha1")
PADES = SIG.replace(b"adbe.pkcs7.detached", b"ETSI.CAdES.detached")


@pytest.fixture(scope="module")
def hand(world: World) -> Hand:
    return Hand(world)


def once(sign: Sign, habit: Habit = CLASSIC, **given: bytes) -> bytes:
    draft = Draft()
    draft.sign(sign, habit=habit, **given)  # type: ignore[arg-type]
    return draft.file


# --- kinds of signatures ------------------------------------------------------------------------------------------

SOUND: dict[str, Callable[[World], Sign]] = {
    "RSA": lambda world: detached(Hand(world)),
    "SHA-224": lambda world: detached(Hand(world, digest="sha224")),
    "SHA-512": lambda world: detached(Hand(world, digest="sha512")),
    "SHA3-256": lambda world: detached(Hand(world, digest="sha3_256")),
    "SHA3-512": lambda world: detached(Hand(world, digest="sha3_512")),
    "RSA-PSS": lambda world: detached(Hand(world, is_pss=True)),
    "RSA-PSS, SHA-512": lambda world: detached(Hand(world, digest="sha512", is_pss=True)),
    "P-256": lambda world: detached(Hand(world, ec.generate_private_key(ec.SECP256R1()))),
    "P-521": lambda world: detached(Hand(world, ec.generate_private_key(ec.SECP521R1()), "sha512")),
    "Brainpool": lambda world: detached(Hand(world, ec.generate_private_key(ec.BrainpoolP256R1()))),
    "Ed25519": lambda world: detached(Hand(world, ed25519.Ed25519PrivateKey.generate(), "sha512")),
    "Ed448": lambda world: detached(Hand(world, ed448.Ed448PrivateKey.generate(), "shake_256")),
    "no signed attributes": lambda world: detached(Hand(world), has_attributes=False),
    "BER of indefinite length": lambda world: lambda data: indefinite(detached(Hand(world))(data)),
    "a time stamp": lambda world: stamped(Hand(world), world),
}


@pytest.mark.parametrize("subfilter", [SIG, PADES], ids=["adbe.pkcs7.detached", "ETSI.CAdES.detached"])
@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_signature_of_any_kind(world: World, kind: str, subfilter: bytes) -> None:
    file = once(SOUND[kind](world), entries=subfilter)
    report = judge(file, world)
    assert (report.verdict, report.integrity, codes(report)) == ("indeterminate", "intact", {"foreign"}), report.reasons
    assert [(item.integrity, item.trust) for item in report.signatures] == [("intact", "trusted")]
    forged = judge(file.replace(b"binh: 7.0", b"binh: 9.0"), world)
    assert (forged.verdict, forged.integrity) == ("invalid", "altered") and "signature_altered" in codes(forged)


@pytest.mark.parametrize("has_attributes", [True, False], ids=["attributes", "none"])
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
@pytest.mark.parametrize("is_ber", [False, True], ids=["DER", "BER"])
def test_the_old_kind_that_signs_a_sha1(world: World, digest: str, has_attributes: bool, is_ber: bool) -> None:
    """``adbe.pkcs7.sha1``: it holds, and rests on SHA-1 whatever its own hash is; the horizon has passed, which is said."""
    made = sha1_inside(Hand(world, digest=digest), has_attributes=has_attributes)
    sign: Sign = (lambda data: indefinite(made(data))) if is_ber else made
    report = judge(once(sign, entries=OLD), world)
    assert (report.verdict, report.integrity) == ("indeterminate", "intact")
    assert codes(report) == {"weak_algorithm", "foreign"}, report.reasons
    assert report.signatures[0].signer == "Người Ngoài" and report.signatures[0].trust == "unknown"


def test_the_old_kind_forged(world: World, hand: Hand) -> None:
    lies = {
        "another file's": once(sha1_inside(hand, of=lambda _: b"another"), entries=OLD),
        "a byte": once(sha1_inside(hand), entries=OLD).replace(b"binh: 7.0", b"binh: 9.0"),
        "called detached": once(sha1_inside(hand), entries=SIG),
        "a detached one called old": once(detached(hand), entries=OLD),
    }
    for name, file in lies.items():
        report = judge(file, world)
        assert (report.verdict, report.integrity) == ("invalid", "altered"), name


def test_a_weak_hash_is_told(world: World) -> None:
    for digest in ("sha1", "md5"):
        report = judge(once(detached(Hand(world, digest=digest))), world)
        assert (report.integrity, codes(report)) == ("intact", {"weak_algorithm", "foreign"}), digest


def test_what_cannot_be_judged_is_said_so(world: World, hand: Hand) -> None:
    """Not "broken", not "no path", not "bad"."""
    none = judge(once(lambda data: assembled([hand.info(data)], [])), world)
    assert (none.verdict, codes(none)) == ("indeterminate", {"signature_not_judged", "foreign"})
    inside = judge(once(lambda data: assembled([hand.info(data)], hand.chain[:-1], data[:500])), world)
    assert (inside.verdict, codes(inside)) == ("indeterminate", {"signer_not_judged", "foreign"})
    missing = judge(once(lambda data: assembled([hand.info(data)], hand.chain[:1])), world)
    assert codes(missing) == {"chain_incomplete", "foreign"} and missing.signatures[0].trust == "unknown"


def test_several_signers_in_one_signature(world: World, hand: Hand) -> None:
    """Each is judged, the worst decides; poppler looks at the first alone."""
    other = Hand(world)
    both = [*hand.chain[:-1], other.chain[0]]

    def told(first: bytes = b"", second: bytes = b"", chain: Sequence[bytes] = both) -> tuple[FileReport, list[str]]:
        report = judge(once(lambda data: assembled([hand.info(data + first), other.info(data + second)], chain)), world)
        return report, sorted(
            item.integrity for item in report.signatures
        )  # DER sorts the set of signers by their bytes

    sound, parts = told()
    assert (sound.integrity, codes(sound), parts) == ("intact", {"foreign"}, ["intact", "intact"])
    assert [item.field for item in sound.signatures] == ["Chu ky", "Chu ky (2)"]
    for first, second in ((b"x", b""), (b"", b"x")):
        forged, parts = told(first, second)
        assert (forged.verdict, forged.integrity, parts) == ("invalid", "altered", ["altered", "intact"])
    lacking, parts = told(chain=hand.chain[:-1])
    assert (lacking.integrity, codes(lacking), parts) == (
        "unknown",
        {"signature_not_judged", "foreign"},
        ["intact", "unknown"],
    )


def test_a_bare_signature_value(world: World, hand: Hand) -> None:
    """``adbe.x509.rsa_sha1``: the value alone, its certificates beside it; it holds, and SHA-1 is past its horizon."""
    kind = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.x509.rsa_sha1"
    path = b" /Cert [%s]" % b" ".join(b"<%s>" % item.hex().encode() for item in hand.chain[:-1])

    def signed(entries: bytes = path, data: bytes = b"") -> bytes:
        assert isinstance(hand.key, rsa.RSAPrivateKey)
        key = hand.key
        value = lambda content: key.sign(content + data, padding.PKCS1v15(), hashes.SHA1())  # noqa: E731
        return once(lambda content: core.OctetString(value(content)).dump(), entries=kind + entries)

    report = judge(signed(), world)
    assert (report.integrity, codes(report)) == ("intact", {"weak_algorithm", "foreign"}), report.reasons
    assert report.signatures[0].signer == "Người Ngoài"
    alone = judge(signed(b" /Cert <%s>" % hand.chain[0].hex().encode()), world)
    assert (alone.integrity, codes(alone)) == ("intact", {"weak_algorithm", "chain_incomplete", "foreign"})
    for forged in (
        signed().replace(b"binh: 7.0", b"binh: 9.0"),
        signed(data=b"x"),
        signed(b" /Cert <%s>" % Hand(world).chain[0].hex().encode()),
    ):
        assert (judge(forged, world).verdict, judge(forged, world).integrity) == ("invalid", "altered")
    for unread in (b"", b" /Cert <3000>", b" /Cert 7"):
        assert codes(judge(signed(unread), world)) == {"signature_kind", "foreign"}


@pytest.mark.parametrize(
    "date",
    [b"null", b"()", b"42", b"(soon)", b"(D:20260230101010Z)", b"(D:20260101120000+0700)", b"(D:20260101+99'99')"],
)
def test_an_odd_date_is_only_a_claim(world: World, hand: Hand, date: bytes) -> None:
    report = judge(once(detached(hand), entries=SIG + b" /M " + date), world)
    assert (report.integrity, codes(report)) == ("intact", {"foreign"}), report.reasons


def test_digits_on_two_lines(world: World, hand: Hand) -> None:
    """pyHanko counts the digits only: nothing says that the file was altered, and nothing that it was not."""
    file = once(detached(hand), Habit(contents="< %s\n>"))
    for each in (file, file + table(file, forged_objects())):
        report = judge(each, world)
        assert (report.verdict, report.integrity, codes(report)) == (
            "indeterminate",
            "unknown",
            {"update_unclear", "foreign"},
        )


# --- times and authorities ----------------------------------------------------------------------------------------


def test_a_certificate_that_has_expired_since(world: World) -> None:
    """Without a stamp nobody knows whether it was signed before; with one, it was."""
    now = datetime.now(UTC).replace(microsecond=0)
    ended = Hand(world, begins=now - 60 * DAY, ends=now - DAY)
    before, after = (SIG + b" /M (D:%s)" % (now - days * DAY).strftime("%Y%m%d%H%M%SZ").encode() for days in (10, 0))
    report = judge(once(detached(ended), entries=before), world)
    assert codes(report) == {"expired_without_proof", "foreign"} and report.signatures[0].trust == "unknown"
    assert codes(judge(once(detached(ended), entries=after), world)) == {"certificate_expired", "foreign"}
    assert codes(judge(once(stamped(ended, world), entries=before), world)) == {"certificate_expired", "foreign"}


def test_a_stamp_of_nobody_proves_nothing(world: World, tmp_path: object) -> None:
    """A sound stamp of an untrusted unit is reported as untrusted, and the signer is judged as if there were none."""
    now = datetime.now(UTC).replace(microsecond=0)
    ended = Hand(world, begins=now - 60 * DAY, ends=now - DAY)
    other = World(tmp_path, today=now - 10 * DAY)  # type: ignore[arg-type]
    entries = SIG + b" /M (D:%s)" % (now - 10 * DAY).strftime("%Y%m%d%H%M%SZ").encode()
    report = judge(once(stamped(ended, other), entries=entries), world)
    other.close()
    assert codes(report) == {"timestamp_untrusted", "expired_without_proof", "foreign"}, report.reasons
    assert (report.verdict, report.signatures[0].trust) == ("indeterminate", "unknown")


# --- updates ------------------------------------------------------------------------------------------------------


def with_evidence(draft: Draft, world: World, hand: Hand, habit: Habit, answers: list[bytes] | None = None) -> None:
    """An update as Acrobat, iText and DSS add it: a DSS with a VRI, extensions of the format, metadata anew."""
    world_ca, root = world.authority.ca.certificate, world.authority.root.certificate
    given = answers or [answer(hand.chain[0], world_ca, issuing(world))]
    given.append(answer(hand.chain[1], root, root_of(world)))
    lists = [revocation_list(world.authority.root.key, root.subject)]
    packed = b"/Filter /FlateDecode"
    numbers = {
        key: [draft.new() for _ in items]
        for key, items in ((b"Cert", hand.chain[1:2]), (b"OCSP", given), (b"CRL", lists))
    }
    held = dict(zip([n for each in numbers.values() for n in each], [*hand.chain[1:2], *given, *lists], strict=True))
    objects = {number: stream(zlib.compress(data), packed) for number, data in held.items()}
    for key, each in numbers.items():
        draft.evidence.setdefault(key, []).extend(each)
    named, everything = (
        {key: b" ".join(b"%d 0 R" % number for number in each) for key, each in lists.items()}
        for lists in (numbers, draft.evidence)
    )
    found = re.findall(rb"/Contents <([0-9a-f]*)>", draft.file)
    store, entry, metadata = draft.new(), draft.new(), draft.new()
    key = hashlib.sha1(bytes.fromhex(found[-1].decode())).hexdigest().upper().encode()
    objects[entry] = b"<</Type /VRI %s /TU (D:20261130010101Z)>>" % b" ".join(
        b"/%s [%s]" % pair for pair in named.items()
    )
    draft.entries += b"/%s %d 0 R " % (key, entry)
    lists_of = b" ".join(b"/%ss [%s]" % pair for pair in everything.items())
    objects[store] = b"<</Type /DSS %s /VRI <<%s>>>>" % (lists_of, draft.entries)
    objects[metadata] = stream(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', b"/Type /Metadata /Subtype /XML")
    levels = b"<</ADBE <</BaseVersion /1.7 /ExtensionLevel 8>> /ESIC <</BaseVersion /1.7 /ExtensionLevel 5>>>>"
    for added in (b"/DSS %d 0 R" % store, b"/Extensions " + levels, b"/Metadata %d 0 R" % metadata):
        draft.bodies[1] = draft.entry(1, added)
    objects[1] = draft.bodies[1]
    draft.update(objects, habit)


@pytest.mark.parametrize("name", HABITS)
def test_signed_extended_and_signed_again(world: World, hand: Hand, name: str) -> None:
    """A signature, its evidence, a second signature with its evidence: each step by the same program."""
    draft, habit = Draft(), HABITS[name]
    for step in ("Mot", "Hai"):
        draft.sign(detached(hand), step, habit)
        assert judge(draft.file, world).integrity == "intact"
        with_evidence(draft, world, hand, habit)
        report = judge(draft.file, world)
        assert (report.integrity, codes(report)) == ("intact", {"foreign"}), (step, report.reasons)
    at = draft.file.rfind(b"/OCSPs")
    if at > draft.file.rfind(b"/Contents <"):  # not packed
        assert judge(draft.file[:at] + b"/OCSPz" + draft.file[at + 6 :], world).integrity != "intact"


def test_revoked_before_and_after_the_stamp(world: World) -> None:
    """The file's own evidence says when; only before the stamp it speaks against the signature."""
    now = datetime.now(UTC).replace(microsecond=0)
    seen = {}
    for when in ("before", "after"):
        hand, draft = Hand(world), Draft()
        draft.sign(stamped(hand, world))
        at = now - DAY if when == "before" else now + timedelta(hours=1)
        told = answer(
            hand.chain[0], world.authority.ca.certificate, issuing(world), status=ocsp.OCSPCertStatus.REVOKED, revoked_at=at, this_update=at
        )  # fmt: skip
        with_evidence(draft, world, hand, CLASSIC, [told])
        seen[when] = judge(draft.file, world)
    assert seen["before"].verdict == "invalid" and "certificate_revoked" in codes(seen["before"])
    assert seen["after"].verdict == "indeterminate" and "certificate_revoked" not in codes(seen["after"]), seen[
        "after"
    ].reasons


def test_evidence_about_somebody_else_is_no_broken_path(world: World) -> None:
    """With a stamp, certificates must be covered by the evidence: where they are not, the verdict is a doubt."""
    hand, draft = Hand(world), Draft()
    draft.sign(stamped(hand, world))
    with_evidence(
        draft, world, hand, CLASSIC, [answer(Hand(world).chain[0], world.authority.ca.certificate, issuing(world))]
    )
    report = judge(draft.file, world)
    assert (report.verdict, codes(report)) == ("indeterminate", {"revocation_unknown", "foreign"}), report.reasons
    assert report.signatures[0].trust == "unknown"


def test_references_that_lead_nowhere(world: World, hand: Hand) -> None:
    """They have no meaning for the file; what is put at their end afterwards is a change."""
    draft = Draft()
    two = draft.entry(3, b"/Contents [4 0 R 90 0 R]")
    draft.bodies[3] = two
    draft.sign(detached(hand), habit=ITEXT, objects=None)
    assert b"90 0 R" in draft.bodies[3] and b"/Info 6 0 R" in draft.file
    with_evidence(draft, world, hand, ITEXT)
    assert judge(draft.file, world).integrity == "intact"
    for number, body in ((90, stream(FORGED)), (6, b"<</Title (x)>>")):
        forged = Draft(draft.file, dict(draft.bodies), 91)
        forged.update({number: body})
        report = judge(forged.file, world)
        assert report.integrity != "intact" and "changed_after_signing" in codes(report), number


_DOC = b" /Reference [<</Type /SigRef /TransformMethod /DocMDP /TransformParams <</Type /TransformParams /P %d /V /1.2>> /Data 1 0 R /DigestMethod /MD5 /DigestValue <00> /DigestLocation [1 2]>>]"  # fmt: skip
_FIELDS = (
    b" /Reference [<</Type /SigRef /TransformMethod /FieldMDP /TransformParams <</Type /TransformParams /V /1.2 %s>>>>]"
)
_RIGHTS = b" /Reference [<</Type /SigRef /TransformMethod /UR3 /TransformParams <</Type /TransformParams /V /2.2 /Document [/FullSave] /Form [/FillIn]>>>>]"  # fmt: skip
PERMISSIONS: dict[str, tuple[dict[str, bytes], bool]] = {
    "certified, nothing allowed": ({"entries": SIG + _DOC % 1, "catalog": b"/Perms <</DocMDP %d 0 R>>"}, False),
    "certified, filling allowed": ({"entries": SIG + _DOC % 2, "catalog": b"/Perms <</DocMDP %d 0 R>>"}, True),
    "certified, notes allowed": ({"entries": SIG + _DOC % 3, "catalog": b"/Perms <</DocMDP %d 0 R>>"}, True),
    "all fields locked": ({"entries": SIG + _FIELDS % b"/Action /All"}, False),
    "its own field locked": ({"entries": SIG + _FIELDS % b"/Action /Include /Fields [(Chu ky)]"}, True),
    "all but the next locked": ({"entries": SIG + _FIELDS % b"/Action /Exclude /Fields [(Hai)]"}, True),
    "usage rights": ({"entries": SIG + _RIGHTS, "catalog": b"/Perms <</UR3 %d 0 R>>"}, True),
    "Acrobat's notes on itself": ({"entries": SIG + b" /Prop_Build <</App <</Name /Acrobat#20Pro /R 131104>>>>"}, True),
    "unusual entries": ({"entries": SIG + b" /Name 5 /Reason /x /Location [1] /Changes [1 2 3] /R 0 /V 0"}, True),
}


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_permissions(world: World, hand: Hand, kind: str) -> None:
    """A certified or locking signature is intact, and stays so as long as it allows what follows."""
    given, allows_more = PERMISSIONS[kind]
    draft = Draft()
    draft.sign(detached(hand), **given)  # type: ignore[arg-type]
    assert judge(draft.file, world).integrity == "intact"
    draft.sign(detached(hand), "Hai")
    report = judge(draft.file, world)
    assert (report.integrity == "intact") == allows_more, report.reasons
    assert allows_more or "changed_after_signing" in codes(report)
