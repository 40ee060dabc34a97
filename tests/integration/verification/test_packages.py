"""An archive as the school hands it out is verified as it is: a verdict a record; a hostile one gets a sentence."""

from __future__ import annotations

import dataclasses
import io
import json
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bench.sealed_record import Record, World
from hocba_app.routes.app import create_api
from hocba_app.services.printing.signed_package import _add
from hocba_app.services.verification import cli, packages
from tests.integration.verification.judging import ISSUERS, codes

GUIDE = {"HUONG-DAN.txt": "đọc".encode(), "signers.json": b"[]", "certificates/a.pem": b"-----BEGIN"}


def packed(members: dict[str, bytes]) -> bytes:
    """As `signed_package` packs: PDF files, and beside them what explains them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            _add(archive, name, data)
    return out.getvalue()


@pytest.fixture
def trust(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cli, "_configured_database", lambda: None)
    root = tmp_path / "trust" / "root.pem"
    root.parent.mkdir()
    root.write_bytes(x509.load_der_x509_certificate(world.root).public_bytes(Encoding.PEM))
    root.with_name("issuers.json").write_text(json.dumps(ISSUERS), encoding="utf-8")
    return root


def test_a_package_gives_a_verdict_for_each_record(tmp_path: Path, trust: Path, sealed: Record) -> None:
    cut = sealed.file[: sealed.after[3]]
    package, alone = tmp_path / "hoc-ba-1.zip", tmp_path / "alone.pdf"
    package.write_bytes(
        packed({"cover.pdf": sealed.file, "other-schools/x.pdf": cut, "results-2025-2026.pdf": b"%PDF-1.7 no"} | GUIDE)
    )
    alone.write_bytes(sealed.file)
    reports = cli.verify_paths([package, alone, package], trust)
    assert [Path(report.path).name for report in reports] == [
        "cover.pdf", "x.pdf", "results-2025-2026.pdf", "alone.pdf", "cover.pdf", "x.pdf", "results-2025-2026.pdf"
    ]  # fmt: skip
    assert [report.verdict for report in reports[:4]] == ["valid", "invalid", "indeterminate", "valid"]
    assert reports[0].path == f"{package}/cover.pdf" and "slot_missing" in codes(reports[1])


def bomb(_: bytes) -> bytes:
    return packed({f"{number}.pdf": b"%PDF-1.7" + bytes(9 << 20) for number in range(12)})


def many(data: bytes) -> bytes:
    return packed({f"{number}.pdf": data[:200] for number in range(packages.MAX_RECORDS + 1)})


def locked(data: bytes) -> bytes:
    """The bit that says a member is encrypted, set in both headers."""
    found = bytearray(packed({"a.pdf": data}))
    found[6] |= 1
    found[found.index(b"PK\x01\x02") + 8] |= 1
    return bytes(found)


def lying(data: bytes) -> bytes:
    """A size in the directory that the member does not have."""
    found = bytearray(packed({"a.pdf": data}))
    struct.pack_into("<I", found, found.index(b"PK\x01\x02") + 24, 5)
    return bytes(found)


def nested(data: bytes) -> bytes:
    return packed({"inner.zip": packed({"a.pdf": data})})


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "a bomb": bomb,
    "too many": many,
    "a password": locked,
    "another size": lying,
    "an archive in it": nested,
    "nothing in it": lambda _: packed({}),
    "no record in it": lambda _: packed(GUIDE),
    "cut off": lambda data: packed({"a.pdf": data})[:-40],
    "no archive at all": lambda _: b"PK\x03\x04 and so on",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_gets_a_sentence(tmp_path: Path, trust: Path, sealed: Record, kind: str) -> None:
    package = tmp_path / "x.zip"
    package.write_bytes(HOSTILE[kind](sealed.file))
    (report,) = cli.verify_paths([package], trust)
    assert (report.verdict, report.integrity, codes(report)) == ("indeterminate", "unknown", {"archive_refused"})
    assert report.reasons[0].text.startswith("Tệp nén này không kiểm tra được: ") and not report.signatures


def test_a_record_that_is_too_large_is_not_judged_by_its_beginning(
    tmp_path: Path, trust: Path, sealed: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "LIMITS", dataclasses.replace(packages.LIMITS, each=len(sealed.file)))
    package = tmp_path / "x.zip"
    package.write_bytes(packed({"a.pdf": sealed.file + b"\n", "b.pdf": sealed.file, "c.pdf": sealed.file + b"%%"}))
    reports = cli.verify_paths([package], trust)
    assert [(report.verdict, Path(report.path).name) for report in reports] == [
        ("indeterminate", "a.pdf"), ("valid", "b.pdf"), ("indeterminate", "c.pdf")
    ]  # fmt: skip
    assert codes(reports[0]) == codes(reports[2]) == {"too_large"}


def test_names_and_litter_of_other_systems(tmp_path: Path, trust: Path, sealed: Record) -> None:
    """macOS puts a file beside each; names come with their marks apart, in capitals, with folders."""
    package = tmp_path / "x.zip"
    marks_apart = unicodedata.normalize("NFD", "Học bạ/Nguyễn Thị Ánh.PDF")
    package.write_bytes(packed({marks_apart: sealed.file, "__MACOSX/Học bạ/._Nguyễn Thị Ánh.PDF": b"\0\5\x16\7"}))
    (report,) = cli.verify_paths([package], trust)
    assert report.verdict == "valid" and report.path.endswith(unicodedata.normalize("NFD", "/Nguyễn Thị Ánh.PDF"))


async def test_the_page_tells_each_verdict(trust: Path, sealed: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_configured_trust", lambda: trust)
    monkeypatch.setattr("hocba_app.routes.verification.database", lambda: None)
    transport = httpx.ASGITransport(create_api(), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:

        async def page(name: str, data: bytes) -> str:
            answer = await client.post("/verify", files={"file": (name, data)}, headers={"origin": "http://testserver"})
            assert answer.status_code == 200
            return answer.text

        both = await page(
            "hoc-ba-1.zip", packed({"cover.pdf": sealed.file, "results.pdf": sealed.file[: sealed.after[3]]} | GUIDE)
        )
        assert "Gói có 2 tệp học bạ" in both and "hoc-ba-1.zip/cover.pdf" in both
        assert both.count("Học bạ hợp lệ.") == 2 and both.count("Không công nhận được tệp này.") == 2
        assert "Con dấu của nhà trường" in both and ">s.TOAN.1<" not in both
        refused = await page("x.zip", nested(sealed.file))
        assert "Tệp nén này không kiểm tra được" in refused and "Học bạ hợp lệ." not in refused
        monkeypatch.setattr(cli, "MAX_SECONDS", 0.0)
        late = await page("hoc-ba-1.zip", packed({"a.pdf": sealed.file, "b.pdf": sealed.file + b"\n"}))
        assert late.count("Việc kiểm tra bị dừng") >= 2, "what an archive may use together is bounded"
