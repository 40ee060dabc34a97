"""Files other tools signed: what can be said of them, and no more."""

from __future__ import annotations

import io

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.sealed_record import Record, World
from hocba_app.verification.report_presentation import simple_report
from tests.integration.verification.judging import codes, judge, judge_with_roots


def plain_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    return out.getvalue()


def signed_with_pyhanko(world: World, file: bytes, field: str = "Chu ky 1") -> bytes:
    person = world.person("Người Ngoài", "079085123123")
    store = SimpleCertificateStore()
    for item in person.chain[1:]:
        store.register(x509.Certificate.load(item))
    key = person.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = signers.SimpleSigner(x509.Certificate.load(person.chain[0]), keys.PrivateKeyInfo.load(key), store)
    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    out = signers.sign_pdf(writer, signers.PdfSignatureMetadata(field_name=field), signer=signer)
    return out.getvalue()


def test_an_unaltered_foreign_file(world: World) -> None:
    report = judge(signed_with_pyhanko(world, plain_pdf()), world)
    assert (report.verdict, report.integrity, report.issued_here) == ("indeterminate", "intact", False)
    assert (
        codes(report) == {"foreign"}
        and report.signatures[0].trust == "trusted"
        and report.signatures[0].order == "unknown"
    )
    assert [answer.reply for answer in simple_report(report).answers] == ["yes", "unknown", "unknown"]


def test_two_foreign_signatures(world: World) -> None:
    report = judge(signed_with_pyhanko(world, signed_with_pyhanko(world, plain_pdf()), "Chu ky 2"), world)
    assert (report.verdict, report.integrity, len(report.signatures)) == ("indeterminate", "intact", 2)


def test_an_altered_foreign_file(world: World) -> None:
    file = signed_with_pyhanko(world, plain_pdf())
    report = judge(file.replace(b"/MediaBox", b"/MediaBax", 1), world)
    assert report.verdict == "invalid" and "signature_altered" in codes(report)


def test_a_foreign_file_without_roots(world: World) -> None:
    report = judge_with_roots(signed_with_pyhanko(world, plain_pdf()), [])
    assert (report.verdict, report.integrity) == ("indeterminate", "intact") and codes(report) == {
        "foreign",
        "no_trust",
    }


def test_an_unsigned_pdf(world: World) -> None:
    report = judge(plain_pdf(), world)
    assert (report.verdict, report.integrity) == ("indeterminate", "unsigned") and codes(report) == {"unsigned"}


@pytest.mark.parametrize("stage", [0, 4, -1])
def test_our_record_signed_further_by_another_tool(world: World, sealed: Record, stage: int) -> None:
    """Before the seal and after it: a signature our writer did not write is never part of a record of ours."""
    file = signed_with_pyhanko(world, sealed.file[: sealed.after[stage]])
    report = judge(file, world)
    assert report.verdict == "invalid" and "update_not_ours" in codes(report)
