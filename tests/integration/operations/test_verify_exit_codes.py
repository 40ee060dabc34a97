"""``hocba verify``: 0 valid, 1 invalid, 2 undecided, 3 nothing could be judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from hocba_app import cli
from hocba_app.services.verification import cli as service
from tests.integration.operations.conftest import Installation


@pytest.fixture
def unsigned(tmp_path: Path) -> Path:
    path = tmp_path / "unsigned.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing\n%%EOF\n")
    return path


def test_what_cannot_be_judged_is_neither_invalid_nor_undecided(on_sqlite: Installation, unsigned: Path) -> None:
    folder = on_sqlite.folder
    (folder / "spoilt.pem").write_text("no certificate")
    for arguments in (
        ("verify", str(folder / "missing.pdf")),
        ("verify", str(unsigned), str(folder / "missing.pdf")),
        ("verify", str(folder)),
        ("verify", str(unsigned), "--trust", str(folder / "missing.pem")),
        ("verify", str(unsigned), "--trust", str(folder / "spoilt.pem")),
        ("verify",),
        ("verify", str(unsigned), "--what"),
    ):
        said = on_sqlite.hocba(*arguments)
        assert (said.returncode, said.stdout) == (3, ""), (arguments, said.stderr)
        assert said.stderr and "Traceback" not in said.stderr
    assert on_sqlite.hocba("verify", str(unsigned)).returncode == 2
    assert not list(folder.glob("*.db")), "verifying makes no database"


def test_a_defect_of_ours_calls_no_file_invalid(monkeypatch: pytest.MonkeyPatch, unsigned: Path) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "verify_paths", broken)
    monkeypatch.setattr("sys.argv", ["hocba", "verify", str(unsigned)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
