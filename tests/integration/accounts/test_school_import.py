"""Hundreds of schools from one file: all checked before the first is made, and repeatable."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, Database, School
from hocba_app.services.accounts import school_import

HEAD = "code,name,level,tax_code,admin_name\n"


def file(folder: Path, text: str) -> Path:
    path = folder / "schools.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def names(db: Database) -> list[str]:
    with db.installation() as session:
        return sorted(session.exec(select(School.name)).all())


def test_each_school_and_its_admin(db: Database, tmp_path: Path) -> None:
    lines = "".join(f"S{number},Trường {number},primary,031234567{number % 10},=Cô {number}\n" for number in range(30))
    rows = school_import.read_rows(file(tmp_path, HEAD + lines + ",,,,\n"))
    assert len(rows) == 30 and len(school_import.new_ones(db, rows)) == 30
    codes = tmp_path / "codes.csv"
    made = list(school_import.add_all(db, rows, codes))
    assert len(names(db)) == 30 and len({each.one_time_code for each in made}) == 30
    assert stat.S_IMODE(codes.stat().st_mode) == 0o600
    with codes.open(encoding="utf-8-sig", newline="") as kept:
        told = list(csv.DictReader(kept))
    assert [(row["code"], row["username"]) for row in told][:1] == [("S0", "admin@s0")]
    assert {row["one_time_code"] for row in told} == {each.one_time_code for each in made}
    with db.installation() as session:
        first = session.exec(select(School).where(School.code == "S0")).one()
    with db.read(first.id) as session:
        assert session.exec(select(Account.full_name)).one() == "=Cô 0"
    assert (first.level, first.tax_code) == ("primary", "0312345670")
    again = school_import.read_rows(file(tmp_path, HEAD + lines + "S99,Trường mới,,,\n"))
    assert [row.values["code"] for row in school_import.new_ones(db, again)] == ["S99"], "a run that was cut goes on"
    with pytest.raises(HocbaError):
        next(school_import.add_all(db, again, codes))
    assert len(names(db)) == 30, "the codes given out before are not written over"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code;name\nS1;Trường một\nx;\n", "dòng 3"),
        ("code,name\nS1,A\ns1,B\n", "dòng 3: mã s1 đã có ở dòng 2"),
        ("code,name,level\nS1,A,university\n", "dòng 2: cấp học"),
        ("code,name,current_year\nS1,A,2025\n", "dòng 2: năm học"),
        ("code,name,salary\nS1,A,1\n", "cột lạ: salary"),
        ("name\nA\n", "thiếu cột code"),
    ],
)
def test_nothing_is_made_of_a_file_that_is_wrong_somewhere(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(HocbaError) as refused:
        school_import.read_rows(file(tmp_path, text))
    assert refused.value.code is ErrorCode.INVALID_INPUT and said in refused.value.sentence


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "x.csv", tmp_path / "none.csv"):
        with pytest.raises(HocbaError):
            school_import.read_rows(path)
