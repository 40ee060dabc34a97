"""Records whose signatures all hold, and which are wrong all the same: by whom, in what order, when, under whose seal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.sealed_record import Record, Signer, World, open_record, staff
from hocba_app.recordfile.demands import Vouched, named
from hocba_app.recordfile.manifest import ManifestSchool
from hocba_app.simulators.trust.profiles import key_usage
from hocba_app.verification import replay_verifier as fast_verdict
from hocba_app.verification.report_presentation import simple_report
from tests.integration.verification.crafted import SIGNER, Extension, issuing, person
from tests.integration.verification.judging import ISSUERS, codes, judge, judge_with_roots, small_snapshot

ORDER = ("s.TOAN.1", "s.VAN.1", "homeroom", "principal", "seal")


def sign(record: Record, *slots: str, **by: Signer) -> None:
    for slot in slots:
        record.sign(slot, by=by.get(slot.replace(".", "_")))


def test_another_persons_valid_certificate(world: World, opened: Record) -> None:
    opened.signers["homeroom"] = world.person("Người Khác", "079085888888")
    sign(opened, *ORDER)
    opened.archive()
    report = judge(opened.file, world)
    assert (report.verdict, report.integrity, codes(report)) == ("invalid", "intact", {"wrong_signer"})


def test_two_teachers_in_each_others_places(world: World, opened: Record) -> None:
    sign(opened, *ORDER, s_TOAN_1=opened.signers["s.VAN.1"], s_VAN_1=opened.signers["s.TOAN.1"])
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and codes(report) == {"wrong_signer"} and len(report.reasons) == 2


def test_a_name_alone_makes_nobody_the_right_person(world: World, opened: Record) -> None:
    sign(opened, *ORDER, principal=world.person(opened.signers["principal"].name, "079085777777"))
    assert codes(judge(opened.file, world)) == {"wrong_signer"}


def test_the_right_number_under_another_name(world: World, opened: Record) -> None:
    sign(opened, *ORDER, homeroom=world.person("Người Khác", opened.signers["homeroom"].number))
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and codes(report) == {"wrong_name"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (lambda name: unicodedata.normalize("NFD", name.upper()).replace(" ", "\u00a0 "), set()),
        (lambda name: name[:3] + "\u200b" + name[3:], set()),
        (lambda name: name.replace("Ánh", "Anh"), {"name_marks"}),
    ],
)
def test_another_spelling_of_the_same_name(
    world: World, opened: Record, written: Callable[[str], str], told: set[str]
) -> None:
    person = opened.signers["homeroom"]
    sign(opened, *ORDER[:2])
    other = world.person(written(person.name), person.number)
    opened.sign("homeroom", by=other, name=person.name)
    sign(opened, *ORDER[3:])
    opened.signers["homeroom"] = other
    opened.archive()
    report = judge(opened.file, world)
    assert report.verdict == "valid" and codes(report) == told


def test_a_name_the_seal_vouches_for_is_one_name_and_not_any(world: World, opened: Record) -> None:
    """The principal accepted one other name; under a third one the same number is nobody's."""
    slot = next(slot.demand for slot in opened.manifest.slots if slot.field == "homeroom")
    accepted = Vouched(named(slot, opened.manifest.salt, "Tên Đã Chấp Nhận"), name_reason="Đổi tên")
    sign(opened, *ORDER[:2])
    opened.sign("homeroom", by=world.person("Tên Thứ Ba", opened.signers["homeroom"].number))
    opened.sign("principal")
    opened.sign("seal", vouched={"homeroom": accepted})
    assert codes(judge(opened.file, world)) == {"wrong_name"}


def test_an_old_id_number_does_not_match_by_accident(world: World, opened: Record) -> None:
    holder = opened.signers["homeroom"]
    sign(opened, *ORDER, homeroom=world.person(holder.name, holder.number[:9] + "000"))
    assert codes(judge(opened.file, world)) == {"wrong_signer"}


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        (("homeroom", "s.TOAN.1", "s.VAN.1", "principal", "seal"), {"homeroom"}),
        (("s.TOAN.1", "homeroom", "s.VAN.1", "principal", "seal"), {"homeroom"}),
        (("s.TOAN.1", "s.VAN.1", "principal", "homeroom", "seal"), {"principal"}),
    ],
)
def test_a_stage_out_of_order(world: World, opened: Record, order: tuple[str, ...], wrong: set[str]) -> None:
    sign(opened, *order)
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and codes(report) == {"wrong_order"}
    assert {item.field for item in report.signatures if item.order == "wrong"} == wrong


def test_the_seal_first_then_everybody(world: World, opened: Record) -> None:
    from dataclasses import replace

    opened.sign("seal")
    seal = opened.tip.fields["seal"]
    opened.tip = replace(
        opened.tip, fields={**opened.tip.fields, "seal": replace(seal, signed=False)}
    )  # our writer refuses
    sign(opened, *ORDER[:-1])
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and {"wrong_order", "update_not_ours"} <= codes(report)


@pytest.mark.parametrize("left_out", ORDER)
def test_a_missing_slot(world: World, opened: Record, left_out: str) -> None:
    sign(opened, *(slot for slot in ORDER if slot != left_out))
    opened.archive()
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and "slot_missing" in codes(report) and report.integrity == "intact"
    assert report.issued_here == (left_out != "seal")


def test_another_schools_seal(world: World, opened: Record) -> None:
    sign(opened, *ORDER, seal=world.school("Trường THCS Lê Lợi", "0399999999"))
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and codes(report) == {"seal_wrong_school"} and not report.issued_here


def test_a_person_sets_the_seal(world: World, opened: Record) -> None:
    sign(opened, *ORDER, seal=opened.signers["principal"])
    assert codes(judge(opened.file, world)) == {"seal_wrong_school"}


@pytest.mark.parametrize(
    ("school", "reason"),
    [
        (ManifestSchool("79760001", "Trường THCS Kim Đồng", "0388888888"), "issuer_not_listed"),
        (ManifestSchool("79769999", "Công ty Kim Đồng", "0388888888"), "issuer_not_listed"),
    ],
)
def test_a_whole_record_made_by_another_organisation_under_the_same_root(
    world: World, school: ManifestSchool, reason: str
) -> None:
    """What a chain cannot exclude and the list of issuers does (core decision 9)."""
    snapshot = small_snapshot()
    snapshot["school"] |= {"tax_code": school.tax_code, "name": school.name}
    signers = staff(world, snapshot)
    forged = open_record(world, snapshot, signers, school=school)
    forged.sign_all()
    forged.archive()
    report = judge(forged.file, world)
    assert (report.verdict, report.issued_here) == ("invalid", False) and reason in codes(report)
    unlisted = judge(forged.file, world, None)
    is_named_as_a_school = school.name.startswith("Trường")
    assert codes(unlisted) == {"issuer_self_declared" if is_named_as_a_school else "issuer_doubtful"}
    assert unlisted.verdict == ("valid" if is_named_as_a_school else "indeterminate"), "the doubt reaches the verdict"


def test_without_a_list_a_companys_seal_makes_no_school_record(world: World) -> None:
    """A record that names a school and a company's tax code, sealed by the company."""
    school = ManifestSchool("79760001", "Trường THCS Kim Đồng", "0388888888")
    snapshot = small_snapshot()
    snapshot["school"]["tax_code"] = school.tax_code
    signers = staff(world, snapshot) | {"seal": world.school("CÔNG TY TNHH SAO MAI", school.tax_code)}
    forged = open_record(world, snapshot, signers, school=school)
    forged.sign_all()
    forged.archive()
    report = judge(forged.file, world, None)
    assert (report.verdict, report.issued_here, codes(report)) == ("indeterminate", False, {"issuer_doubtful"})
    assert "CÔNG TY TNHH SAO MAI" in report.reasons[0].text
    assert simple_report(report).issued.reply == "unknown" and "khớp" not in simple_report(report).issued.sentence


LISTED = [
    {"tax_code": "0312345678", "name": "Trường THCS Kim Đồng", "code": "79760001"},
    {"tax_code": "0377777777", "name": "Trường THPT Lê Hồng Phong", "code": "79799999"},
]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("79760001", "Trường THPT Lê Hồng Phong"),
        ("79799999", "Trường THCS Kim Đồng"),
        ("79799999", "Trường THPT Lê Hồng Phong"),
    ],
)
def test_own_seal_under_what_another_listed_school_is_called(world: World, code: str, name: str) -> None:
    snapshot = small_snapshot()
    snapshot["school"] |= {"name": name, "code": code}
    signers = staff(world, snapshot) | {"seal": world.school("Trường THCS Kim Đồng", "0312345678")}
    forged = open_record(world, snapshot, signers, school=ManifestSchool(code, name, "0312345678"))
    forged.sign_all()
    forged.archive()
    report = judge(forged.file, world, LISTED)
    assert (report.verdict, report.issued_here, codes(report)) == ("invalid", False, {"issuer_not_listed"})


def test_a_seal_under_another_listed_schools_name_and_what_is_shown(world: World, sealed: Record) -> None:
    snapshot = small_snapshot()
    signers = dict(sealed.signers) | {"seal": world.school("Trường THPT Lê Hồng Phong", "0312345678")}
    odd = open_record(world, snapshot, signers)
    odd.sign_all()
    odd.archive()
    report = judge(odd.file, world, LISTED)
    assert (report.verdict, codes(report)) == ("indeterminate", {"seal_name_unconfirmed"})
    known = [{**LISTED[0], "name": "TRƯỜNG THCS KIM ĐỒNG", "certificate_name": "Trường THPT Lê Hồng Phong"}]
    report = judge(odd.file, world, known)
    assert (report.verdict, codes(report)) == ("valid", {"seal_name"})
    assert report.origin is not None and report.origin.school == "TRƯỜNG THCS KIM ĐỒNG", "shown as the list has it"


def test_a_certificate_that_is_not_for_signing_is_told_as_that(world: World, opened: Record) -> None:
    only_login: list[Extension] = [SIGNER[0], (key_usage("digital_signature"), True)]
    other = person(issuing(world), opened.signers["homeroom"], only_login)
    sign(opened, *ORDER, homeroom=other)
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and "certificate_unsuitable" in codes(report)
    assert "untrusted_chain" not in codes(report), "its chain does end in the trust"
    (finding,) = [found for found in report.reasons if found.code == "certificate_unsuitable"]
    assert "Giáo viên chủ nhiệm – " in finding.text


def test_an_altered_signature_says_nothing_of_its_chain(world: World, sealed: Record) -> None:
    at = sealed.file.index(b"/Contents <") + 600
    hostile = sealed.file[:at] + (b"0" if sealed.file[at : at + 1] != b"0" else b"1") + sealed.file[at + 1 :]
    report = judge(hostile, world)
    assert report.verdict == "invalid" and "untrusted_chain" not in codes(report)


def test_a_listed_school_cannot_speak_for_another(world: World) -> None:
    issuers = [*ISSUERS, {"tax_code": "0377777777", "name": "Trường THCS Lê Lợi", "code": "79760002"}]
    snapshot = small_snapshot()
    snapshot["school"]["tax_code"] = "0377777777"
    forged = open_record(
        world, snapshot, staff(world, snapshot), school=ManifestSchool("79760001", "Trường THCS Kim Đồng", "0377777777")
    )
    forged.sign_all()
    report = judge(forged.file, world, issuers)
    assert report.verdict == "invalid" and codes(report) == {"issuer_not_listed"}


def test_a_valid_chain_to_another_root(tmp_path: Path, sealed: Record) -> None:
    other = World(tmp_path)
    report = judge_with_roots(sealed.file, [other.root])
    assert report.verdict == "invalid" and report.integrity == "intact" and "untrusted_chain" in codes(report)
    assert {item.trust for item in report.signatures} == {"untrusted"}
    other.close()


def test_a_certificate_that_had_expired(world: World, opened: Record) -> None:
    now = datetime.now(UTC)
    expired = world.person(
        "Hết Hạn",
        opened.signers["homeroom"].number,
        not_before=now - timedelta(days=60),
        not_after=now - timedelta(days=30),
    )
    sign(opened, *ORDER, homeroom=expired)
    assert "certificate_expired" in codes(judge(opened.file, world))


def test_a_certificate_that_was_not_valid_yet(world: World, opened: Record) -> None:
    now = datetime.now(UTC)
    early = world.person(
        "Chưa Đến",
        opened.signers["homeroom"].number,
        not_before=now + timedelta(days=2),
        not_after=now + timedelta(days=30),
    )
    sign(opened, *ORDER, homeroom=early)
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and "certificate_expired" in codes(report)


def test_a_revoked_certificate(tmp_path: Path) -> None:
    world = World(tmp_path)
    snapshot = small_snapshot()
    record = open_record(world, snapshot, staff(world, snapshot))
    from cryptography import x509

    serial = x509.load_der_x509_certificate(record.signers["homeroom"].chain[0]).serial_number
    world.authority.revoke(serial, at=datetime.now(UTC) - timedelta(days=1))
    record.sign_all()
    record.archive()
    report = judge(record.file, world)
    assert report.verdict == "invalid" and "certificate_revoked" in codes(report), report.reasons
    world.close()


def test_evidence_that_does_not_cover_everybody(world: World, opened: Record) -> None:
    sign(opened, *ORDER)
    del opened.signers["homeroom"]
    opened.archive()
    report = judge(opened.file, world)
    assert (report.verdict, codes(report)) == ("indeterminate", {"revocation_unknown"}), (
        "absence is neither good nor bad"
    )
    assert {item.field for item in report.signatures if item.trust != "trusted"} == {"homeroom"}


@pytest.mark.parametrize("shift", [timedelta(days=-3), timedelta(hours=1)])
def test_a_claimed_time_far_from_the_stamp(world: World, opened: Record, shift: timedelta) -> None:
    """Back-dated by three days; or claimed for later than it was stamped."""
    for slot in ORDER:
        opened.sign(
            slot, claimed=datetime.now(UTC).replace(microsecond=0) + (shift if slot == "principal" else timedelta())
        )
    assert codes(judge(opened.file, world)) == {"time_mismatch"}


def test_no_time_stamp(world: World, opened: Record) -> None:
    for slot in ORDER:
        opened.sign(slot, stamped=slot != "homeroom")
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and codes(report) == {"no_timestamp"}


def test_a_time_stamp_of_another_signature(world: World, opened: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = world.token_over(b"\1" * 32)
    with monkeypatch.context() as patch:
        patch.setattr(World, "token_over", lambda *_: kept)
        opened.sign("s.TOAN.1")
    sign(opened, *ORDER[1:])
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and "timestamp_invalid" in codes(report)


def test_a_time_stamp_unit_of_another_root(world: World, opened: Record, tmp_path: Path) -> None:
    other = World(tmp_path)
    opened.world = other
    opened.sign("s.TOAN.1")
    opened.world = world
    sign(opened, *ORDER[1:])
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and "timestamp_untrusted" in codes(report)
    other.close()


def test_a_signer_is_no_time_stamp_unit(world: World, opened: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography import x509

    from hocba_app.simulators.trust.timestamp import TimestampUnit

    teacher = opened.signers["s.TOAN.1"]
    unit = TimestampUnit(teacher.key, x509.load_der_x509_certificate(teacher.chain[0]), world.authority.ca.certificate)
    with monkeypatch.context() as patch:
        patch.setattr(world, "_unit", unit)
        opened.sign("s.TOAN.1")
    sign(opened, *ORDER[1:])
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and "timestamp_invalid" in codes(report)


def test_a_reassignment_that_the_seal_does_not_list(world: World, opened: Record) -> None:
    other, third = world.person("Người Thay", "079085666666"), world.person("Người Lạ", "079085555555")
    for slot in ORDER[:-1]:
        opened.sign(slot, by=third if slot == "homeroom" else None)
    opened.sign("seal", vouched={"homeroom": Vouched(other.demand(opened.manifest.salt), "Nghỉ ốm")})
    assert codes(judge(opened.file, world)) == {"wrong_signer"}


def test_a_seal_of_another_school_vouches_for_nobody(world: World, opened: Record) -> None:
    other = world.person("Người Thay", "079085666666")
    for slot in ORDER[:-1]:
        opened.sign(slot, by=other if slot == "homeroom" else None)
    opened.sign(
        "seal",
        by=world.school("Trường THCS Lê Lợi", "0399999999"),
        vouched={"homeroom": Vouched(other.demand(opened.manifest.salt), "Nghỉ ốm")},
    )
    assert codes(judge(opened.file, world)) == {"seal_wrong_school", "wrong_signer"}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "thesis"},
        {"claim_limit_seconds": 10**9},
        {"claim_early_seconds": -1},
        {"version": "1"},
        {"salt": 7},
        {"kind": "cover"},
    ],
)
def test_a_manifest_that_makes_no_sense(world: World, sealed: Record, change: dict[str, object]) -> None:
    forged = open_record(world, small_snapshot(), sealed.signers, **change)
    forged.sign_all()
    report = judge(forged.file, world)
    assert report.verdict == "invalid" and "manifest_broken" in codes(report)


def test_a_manifest_that_asks_for_nobody_but_the_seal(world: World, sealed: Record) -> None:
    snapshot = small_snapshot()
    snapshot["slots"] = [slot for slot in snapshot["slots"] if slot["stage"] == "seal"]
    from hocba_app.domain.errors import HocbaError

    with pytest.raises(HocbaError):  # the layout refuses; a forger's own would not
        open_record(world, snapshot, sealed.signers)


def test_a_record_of_another_writer_is_not_called_valid(world: World, sealed: Record) -> None:
    later = open_record(world, small_snapshot(), sealed.signers, writer=99)
    later.sign_all()
    report = judge(later.file, world)
    assert (report.verdict, report.integrity) == ("indeterminate", "intact") and "writer_unknown" in codes(report)


def test_the_fast_way_says_yes_only(world: World, opened: Record) -> None:
    """Whatever the fast way does not plainly show is pyHanko's to refuse."""
    opened.sign("s.TOAN.1", stamped=False)
    report = fast_verdict.examine_fast("x", opened.file, [world.root], ISSUERS)
    assert report.verdict == "invalid" and codes(report) == {"no_timestamp", "slot_missing"}


def test_an_overlay_slipped_in_before_the_seal(world: World, opened: Record) -> None:
    """A new unsigned field drawn over the marks, then signed and sealed by people who did not look: pyHanko sees no change."""
    from hocba_app.recordfile.append_state import read_tip
    from hocba_app.verification.pyhanko_verifier import examine_file
    from tests.integration.verification.attacks import ATTACKS

    sign(opened, *ORDER[:3])
    opened.file = ATTACKS["overlay_field_over_the_marks"](opened)
    opened.tip = read_tip(opened.file)
    sign(opened, *ORDER[3:])
    opened.archive()
    assert examine_file("x", opened.file, [world.root], ISSUERS).verdict == "valid", (
        "if pyHanko learns this, so much the better"
    )
    report = judge(opened.file, world)
    assert report.verdict == "invalid" and codes(report) == {"update_not_ours"}
