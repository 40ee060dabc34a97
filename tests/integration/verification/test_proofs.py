"""A missing proof is reported as missing, fresh evidence counts, and trusted times follow the order of signatures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from bench.sealed_record import Record, Signer, World, open_record
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.revocation_sources import Found
from hocba_app.verification import online
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.pyhanko_verifier import examine_file
from hocba_app.verification.replay_verifier import examine_fast
from hocba_app.verification.report_model import FileReport
from hocba_app.verification.report_presentation import simple_report
from tests.integration.verification.judging import ISSUERS, codes, judge, small_snapshot

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def old_hands(world: World, sealed: Record) -> dict[str, Signer]:
    """The same people with certificates that began more than a year ago."""

    def issued(field: str, signer: Signer) -> Signer:
        if field == "seal":
            certificate = world.authority.issue_organisation(
                signer.name, signer.number, signer.key.public_key(), not_before=NOW - 400 * DAY
            )
            return Signer(signer.name, signer.number, signer.key, tuple(world.authority.chain(certificate)))
        return world.person(signer.name, signer.number, not_before=NOW - 400 * DAY)

    return {field: issued(field, signer) for field, signer in sealed.signers.items()}


@pytest.fixture
def record(world: World, old_hands: dict[str, Signer]) -> Record:
    return open_record(world, small_snapshot(), old_hands)


def sign_at(record: Record, patch: pytest.MonkeyPatch, **ago: timedelta) -> None:
    """Every slot at its time, by default now; ``s`` is both teachers."""
    for slot in record.manifest.slots:
        moment = NOW - ago.get(slot.field.split(".")[0], timedelta(0))
        with patch.context() as inside:
            inside.setattr(record.world, "clock", moment.timestamp)
            record.sign(slot.field, claimed=moment)


# --- chronology ----------------------------------------------------------------------------------------------------------


def test_teachers_yesterday_and_the_seal_now(world: World, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_at(record, monkeypatch, s=DAY, homeroom=DAY)
    record.archive()
    assert judge(record.file, world).verdict == "valid"


@pytest.mark.parametrize("ago", [{"principal": 300 * DAY}, {"homeroom": timedelta(minutes=2)}, {"seal": DAY}])
def test_a_time_before_the_signatures_it_covers(
    world: World, record: Record, monkeypatch: pytest.MonkeyPatch, ago: dict[str, timedelta]
) -> None:
    sign_at(record, monkeypatch, **ago)
    record.archive()
    report = judge(record.file, world)
    assert (report.verdict, codes(report)) == ("invalid", {"time_order"})


def test_clocks_of_two_units_may_differ_a_little(world: World, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_at(record, monkeypatch, homeroom=timedelta(seconds=50))
    record.archive()
    assert judge(record.file, world).verdict == "valid"


def test_an_archive_stamp_before_what_it_covers(world: World, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_at(record, monkeypatch)
    with monkeypatch.context() as inside:
        inside.setattr(world, "clock", (NOW - DAY).timestamp)
        record.archive()
    assert "time_order" in codes(judge(record.file, world))


# --- absence, and fresh evidence ------------------------------------------------------------------------------------------


@pytest.fixture
def revoked(world: World, record: Record) -> Iterator[Record]:
    """The principal was revoked a week before he signed."""
    serial = x509.load_der_x509_certificate(record.signers["principal"].chain[0]).serial_number
    world.authority.revoke(serial, at=NOW - 7 * DAY)
    yield record
    world.authority.reinstate(serial)


def fetched(record: Record) -> Fetched:
    """What the authorities say today about everybody and the unit."""
    chains = [signer.chain for signer in record.signers.values()] + [(*record.world.certificates, record.world.root)]
    found = [record.world.evidence(chain) for chain in chains]
    return Fetched(tuple(dict.fromkeys(answer for each in found for answer in each.ocsps)))


def both(record: Record, evidence: Fetched | None = None, at: datetime | None = None) -> FileReport:
    slow = examine_file("x", record.file, [record.world.root], ISSUERS, fetched=evidence, at=at)
    try:
        quick = examine_fast("x", record.file, [record.world.root], ISSUERS, fetched=evidence, at=at)
    except NotShown:
        return slow
    assert quick.as_json() == slow.as_json()
    return quick


def test_a_revoked_signer_whose_evidence_is_cut_off(revoked: Record) -> None:
    """It used to be valid, without a reason."""
    revoked.sign_all()
    report = both(revoked)
    assert (report.verdict, codes(report), report.issued_here, report.guaranteed_until) == (
        "indeterminate",
        {"not_archived"},
        False,
        None,
    )
    assert {answer.reply for answer in simple_report(report).answers[1:]} == {"unknown"}
    report = both(revoked, fetched(revoked))
    assert (report.verdict, codes(report)) == ("invalid", {"certificate_revoked"})
    revoked.archive()
    report = both(revoked)
    assert (report.verdict, codes(report)) == ("invalid", {"certificate_revoked"})


def test_evidence_without_a_stamp_over_it_is_none(world: World, sealed: Record) -> None:
    stamp = sealed.file.rfind(b"/Type /DocTimeStamp", 0, sealed.after[-2])
    cut = sealed.file[: sealed.file.rfind(b"%%EOF\n", 0, stamp) + len(b"%%EOF\n")]
    assert b"/Type /DSS" in cut and b"/DocTimeStamp" not in cut
    report = judge(cut, world)
    assert (report.verdict, codes(report)) == ("indeterminate", {"not_archived"})


def test_fresh_evidence_makes_up_for_what_is_not_archived(record: Record) -> None:
    record.sign_all()
    report = both(record, fetched(record))
    assert (report.verdict, report.issued_here, report.guaranteed_until) == ("valid", True, None), (
        "nothing of it stays in the file"
    )
    someone = Fetched(fetched(record).ocsps[:1])
    assert both(record, someone).verdict == "indeterminate"


def test_only_what_leads_to_a_trusted_root_is_asked_about(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report comes from a process that read a hostile file: it does not choose whom the server calls."""
    record.sign_all()
    report = both(record)
    asked: list[tuple[bytes, ...]] = []

    def ask(path: tuple[bytes, ...], *_: object) -> Found:
        asked.append(path)
        return Found((b"answer",), (), True, False)

    monkeypatch.setattr(online, "ask_about", ask)
    assert online.fetch_lacking(report, [record.world.root]) == Fetched((b"answer",))
    honest = len(asked)
    assert honest == len(report.lacking) > 4
    report.lacking += [["00"], [report.lacking[0][0]], [*report.lacking[0][:-1], report.lacking[0][0]]]
    online.fetch_lacking(report, [record.world.root])
    assert len(asked) == 2 * honest
    asked.clear()
    assert online.fetch_lacking(report, []) is None and asked == []
    report.verdict = "invalid"
    assert online.fetch_lacking(report, [record.world.root]) is None, "no answer can mend it"


def test_never_archived_and_judged_decades_later(record: Record) -> None:
    record.sign_all()
    for year in (2047, 2060):
        report = both(record, at=datetime(year, 1, 1, tzinfo=UTC))
        assert (report.verdict, codes(report)) == ("indeterminate", {"not_archived"})
