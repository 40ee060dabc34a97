"""Honest files: both ways say the same, and pdfsig agrees."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from bench.sealed_record import Record, World, open_record, pem, staff
from hocba_app.domain.snapshot import Snapshot
from hocba_app.recordfile.demands import Vouched
from hocba_app.services.verification.verify import verify
from hocba_app.verification.replay import replay
from tests import samples
from tests.integration.verification.judging import ISSUERS, codes, fast, judge, judge_with_roots, small_snapshot

KINDS = [
    samples.cover_snapshot,
    samples.history_snapshot,
    samples.results_snapshot,
    samples.demanding_snapshot,
    samples.upper_snapshot,
    samples.tt26_snapshot,
    samples.primary_snapshot,
    samples.demanding_primary_snapshot,
    samples.primary_cover,
    samples.primary_history,
]


@pytest.mark.parametrize("newest", [False, True], ids=["first form", "newest form"])
@pytest.mark.parametrize("make", KINDS)
def test_every_kind_of_document_replays(world: World, make, newest: bool) -> None:
    """If this fails, the layout (`forms.pdf_file`) emits something that `layout_grammar` does not know: extend the grammar."""
    snapshot: Snapshot = samples.in_newest_form(make()) if newest else make()
    record = open_record(world, snapshot, staff(world, snapshot))
    record.sign_all()
    record.archive()
    report, _ = fast(record.file, [world.root], None)
    assert report is not None and report.verdict == "valid", report and report.reasons


def test_a_cover_with_a_photo_replays(world: World) -> None:
    photo = samples.photo_jpeg()
    snapshot = samples.cover_snapshot(photo=photo)
    record = open_record(world, snapshot, staff(world, snapshot), photo=photo)
    record.sign_all()
    record.archive()
    assert judge(record.file, world).verdict == "valid"


def test_every_revision_is_judged_the_same_on_both_ways(world: World, sealed: Record) -> None:
    for length in sealed.after[1:]:
        report = judge(sealed.file[:length], world)
        assert report.integrity == "intact"
        verdict, why = "invalid", {"slot_missing"}
        if length == sealed.after[-3]:
            verdict, why = "indeterminate", {"not_archived"}
        elif length in sealed.after[-2:]:
            verdict, why = "valid", set()
        assert (report.verdict, codes(report)) == (verdict, why), report.reasons


def test_a_full_record_is_valid_and_issued_here(world: World, large: Record) -> None:
    report = judge(large.file, world)
    assert (report.verdict, report.integrity, report.issued_here, report.reasons) == ("valid", "intact", True, [])
    assert len(report.signatures) == 17 and report.signatures[-1].role == "archive"
    assert [item.coverage for item in report.signatures] == ["revision"] * 16 + ["whole_file"]
    assert {(item.integrity, item.trust, item.order) for item in report.signatures} == {("intact", "trusted", "ok")}
    assert all(item.timestamp_time and item.detail.revocation == "good" for item in report.signatures)
    assert (
        report.signatures[0].signer.startswith("Nguyễn Thị Ánh") and "UID=CCCD:079085" in report.signatures[0].subject
    )


def test_without_issuers_the_school_is_self_declared(world: World, sealed: Record) -> None:
    report = judge(sealed.file, world, None)
    assert report.verdict == "valid" and codes(report) == {"issuer_self_declared"}


def test_without_roots_nothing_is_concluded(sealed: Record) -> None:
    report = judge_with_roots(sealed.file, [])
    assert (report.verdict, report.integrity) == ("indeterminate", "intact")
    assert "no_trust" in codes(report) and not report.issued_here


def test_a_slot_reassigned_after_locking_is_vouched_for_by_the_seal(world: World, opened: Record) -> None:
    other = world.person("Trần Văn Thay", "079085999999")
    for slot in ("s.TOAN.1", "s.VAN.1"):
        opened.sign(slot)
    opened.sign("homeroom", by=other)
    opened.sign("principal")
    assert "wrong_signer" in codes(judge(opened.file, world)), "before the seal nobody vouches for it"
    opened.sign(
        "seal",
        vouched={"homeroom": Vouched(other.demand(opened.manifest.salt), "Nghỉ thai sản (từ 1/3)", "12/QĐ-THCS")},
    )
    opened.signers["homeroom"] = other
    opened.archive()
    report = judge(opened.file, world)
    assert report.verdict == "valid", report.reasons


def test_an_rsa_timestamp_unit_and_one_that_leaves_its_certificate_out(tmp_path: Path) -> None:
    world = World(tmp_path, timestamp_key="rsa")
    snapshot = small_snapshot()
    record = open_record(world, snapshot, staff(world, snapshot))
    record.sign_all()
    record.archive()
    assert judge(record.file, world).verdict == "valid"
    world.close()


def test_evidence_by_revocation_list(world: World, opened: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.sign_all()
    ocsp = World.evidence

    def listed(self: World, chain):
        evidence = ocsp(self, chain)
        crls = (self._revocation.revocation_list("ca"), self._revocation.revocation_list("root"))
        return type(evidence)(evidence.chain, (), crls, evidence.checked_at)

    monkeypatch.setattr(World, "evidence", listed)
    opened.archive()
    report = judge(opened.file, world)
    assert report.verdict == "valid" and report.signatures[0].detail.revocation == "good", report.reasons


def test_packing_differs_with_another_zlib_but_not_what_it_holds(
    world: World, opened: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hocba_app.recordfile import appearance

    real = appearance.zlib.compress
    opened.sign("s.TOAN.1")
    with monkeypatch.context() as patch:
        patch.setattr(appearance.zlib, "compress", lambda data, level=9: real(data, 1))
        opened.sign("s.VAN.1")
    assert len(replay(opened.file).updates) == 2


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed")
def test_pdfsig_agrees(tmp_path: Path, large: Record) -> None:
    path = tmp_path / "record.pdf"
    path.write_bytes(large.file)
    told = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False, timeout=180
    ).stdout
    assert told.count("Signature Validation: Signature is Valid.") == 16, told


def test_the_chain_of_verify_takes_the_fast_way(world: World, large: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hocba_app.verification.sandbox.decode_one", lambda *_, **__: pytest.fail("a process was started")
    )
    (report,) = verify([("hồ sơ.pdf", large.file)], roots=[world.root], issuers=ISSUERS)
    assert (report.path, report.verdict, report.method) == ("hồ sơ.pdf", "valid", "replay")


def test_a_second_opinion_can_be_asked_for(world: World, sealed: Record) -> None:
    (report,) = verify([("x", sealed.file)], roots=[world.root], issuers=ISSUERS, always_analyse=True)
    assert (report.verdict, report.method) == ("valid", "analysis")


def test_it_holds_when_every_signer_has_expired(world: World, opened: Record) -> None:
    """Judged at the time stamp, with the evidence in the file: no clock of today enters."""
    soon = world.authority.ca.certificate.not_valid_before_utc + timedelta(days=1)
    old = world.person(
        opened.signers["s.TOAN.1"].name,
        opened.signers["s.TOAN.1"].number,
        not_before=soon,
        not_after=soon + timedelta(days=30),
    )
    opened.signers["s.TOAN.1"] = old
    real = world.clock
    world.clock = lambda: (soon + timedelta(days=10)).timestamp()
    try:
        opened.sign("s.TOAN.1", claimed=soon + timedelta(days=10))
    finally:
        world.clock = real
    quick, _ = fast(opened.file, [world.root])
    assert quick is not None and quick.signatures[0].trust == "trusted" and codes(quick) == {"slot_missing"}


def test_a_root_of_the_same_name_with_another_key_is_no_obstacle(world: World, sealed: Record, tmp_path: Path) -> None:
    other = World(tmp_path)
    for roots in ([other.root, world.root], [world.root, other.root]):
        report, _ = fast(sealed.file, roots)
        assert report is not None and report.verdict == "valid"
    assert judge_with_roots(sealed.file, [other.root, world.root]).verdict == "valid"
    other.close()


def test_pem_round_trip(world: World) -> None:
    from cryptography import x509

    assert x509.load_pem_x509_certificate(pem(world.root)).subject == world.authority.root.certificate.subject
