"""Uploads: PDF files and archives of them, hostile ones within limits."""

from __future__ import annotations

import io
import zipfile

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.attached import intake

PDF = b"%PDF-1.7\n"


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def refusal(*uploaded: tuple[str, bytes]) -> ErrorCode:
    with pytest.raises(HocbaError) as refused:
        list(intake.pdf_files(uploaded))
    return refused.value.code


def test_names_are_only_names() -> None:
    (file,) = intake.pdf_files(
        [("goi.zip", archive({"../../etc/a\\b.pdf": PDF, "doc.txt": b"x", "__MACOSX/._b.pdf": b"y"}))]
    )
    assert (file.name, file.package, file.data) == ("b.pdf", "goi.zip", PDF)


@pytest.mark.parametrize(
    "uploaded",
    [
        [],
        [("a.pdf", b"")],
        [("a.pdf", b"MZ\x90\x00")],
        [("a.zip", archive({"a.txt": b"x"}))],
        [("a.zip", archive({"a.pdf": b"MZ"}))],
        [("a.zip", b"PK\x03\x04" + b"\x00" * 60)],
        [("a.zip", archive({"a.pdf": PDF * 50})[:-30])],
        [("ok.pdf", PDF), ("b.exe", b"MZ")],
    ],
)
def test_what_holds_no_pdf_is_refused(uploaded: list[tuple[str, bytes]]) -> None:
    assert refusal(*uploaded) is ErrorCode.FILE_TYPE


def test_a_damaged_member_is_refused() -> None:
    data = bytearray(archive({"a.pdf": PDF + bytes(range(256)) * 40}))
    data[60:90] = b"\xff" * 30
    assert refusal(("a.zip", bytes(data))) is ErrorCode.FILE_TYPE


def test_bombs_and_crowds_are_refused() -> None:
    assert refusal(("a.zip", archive({"a.pdf": PDF + bytes(20_000_000)}))) is ErrorCode.TOO_MANY_FILES
    assert (
        refusal(("a.zip", archive({f"{number}.pdf": PDF + b"%d" % number for number in range(61)})))
        is ErrorCode.TOO_MANY_FILES
    )
    assert refusal(*((f"{number}.pdf", PDF + b"%d" % number) for number in range(61))) is ErrorCode.TOO_MANY_FILES


def test_one_file_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_BYTES", 1000)
    assert refusal(("a.pdf", PDF + b"x" * 1000)) is ErrorCode.FILE_TOO_LARGE
    assert refusal(("a.zip", archive({"a.pdf": PDF + b"x" * 1000}, zipfile.ZIP_STORED))) is ErrorCode.FILE_TOO_LARGE


def test_a_password_is_refused() -> None:
    data = bytearray(archive({"a.pdf": PDF}))
    for at in (6, data.find(b"PK\x01\x02") + 8):
        data[at] |= 1  # the flag "encrypted"
    assert refusal(("a.zip", bytes(data))) is ErrorCode.FILE_TYPE
