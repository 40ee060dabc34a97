"""A record made by the first version must verify in every later one, on both ways; its bytes are kept.

It has every part that writer version 1 can write: nested fields, a deputy's caption lines, names in Vietnamese, a slot
reassigned after locking, the seal's lock, and two rounds of archive data. If this fails, stored formats were changed.
"""

from __future__ import annotations

from pathlib import Path

from hocba_app.services.verification.cli import verify_paths
from hocba_app.services.verification.verify import issuers_beside, verify

GOLDEN = Path(__file__).parent / "golden"
SECOND = GOLDEN / "writer-2"
"""Of writer and manifest 2: every number and the name of each signer frozen, one slot given to another person, one certificate under
another name that the principal accepted."""
THIRD = GOLDEN / "writer-3"
"""Of manifest and writer 3: the form's version named, the day in its line, a name on two lines, letters of Ê Đê, another homeroom
teacher."""


def test_the_first_versions_record_still_verifies(monkeypatch) -> None:
    monkeypatch.setattr("hocba_app.services.verification.cli._configured_database", lambda: None)
    (report,) = verify_paths([GOLDEN / "writer-1.pdf"], GOLDEN / "root.pem")
    assert (report.verdict, report.method, report.issued_here, report.reasons) == ("valid", "replay", True, [])
    assert [item.role for item in report.signatures][-2:] == ["archive", "archive"] and len(report.signatures) == 7


def test_and_pyhanko_agrees() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    root = x509.load_pem_x509_certificate((GOLDEN / "root.pem").read_bytes()).public_bytes(Encoding.DER)
    data = (GOLDEN / "writer-1.pdf").read_bytes()
    (report,) = verify([("x", data)], roots=[root], issuers=issuers_beside(GOLDEN / "root.pem"), always_analyse=True)
    assert (report.verdict, report.method) == ("valid", "analysis")


def test_the_second_versions_record_still_verifies(monkeypatch) -> None:
    monkeypatch.setattr("hocba_app.services.verification.cli._configured_database", lambda: None)
    (report,) = verify_paths([SECOND / "record.pdf"], SECOND / "root.pem")
    assert (report.verdict, report.method, report.issued_here) == ("valid", "replay", True)
    assert [found.code for found in report.reasons] == ["name_accepted"] and "12/QĐ-UBND" in report.reasons[0].text
    assert [item.role for item in report.signatures][-2:] == ["archive", "archive"] and len(report.signatures) == 7


def test_pyhanko_agrees_on_the_second_too() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    root = x509.load_pem_x509_certificate((SECOND / "root.pem").read_bytes()).public_bytes(Encoding.DER)
    data = (SECOND / "record.pdf").read_bytes()
    (report,) = verify([("x", data)], roots=[root], issuers=issuers_beside(SECOND / "root.pem"), always_analyse=True)
    assert (report.verdict, report.method, [found.code for found in report.reasons]) == (
        "valid",
        "analysis",
        ["name_accepted"],
    )


def test_the_third_versions_record_still_verifies(monkeypatch) -> None:
    monkeypatch.setattr("hocba_app.services.verification.cli._configured_database", lambda: None)
    (report,) = verify_paths([THIRD / "record.pdf"], THIRD / "root.pem")
    assert (report.verdict, report.method, report.issued_here, report.reasons) == ("valid", "replay", True, [])
    assert [item.role for item in report.signatures][-2:] == ["archive", "archive"] and len(report.signatures) == 7
