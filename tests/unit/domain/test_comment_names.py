"""A comment pasted into the wrong pupil's row names somebody else."""

from __future__ import annotations

import unicodedata

import pytest

from hocba_app.domain.comment_names import foreign_names

CLASS = ["Nguyễn Thị Huyền Trang", "Đặng Ỷ Lan", "Lê Thu Trang", "Trần Văn An", "Phạm Thị Hiền", "Y Moan Ênuôl"]
TRANG = CLASS[0]


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("Chăm chỉ, tiến bộ.", []),
        ("Em Trang có nhiều tiến bộ.", []),
        ("Em Huyền Trang ngoan.", []),
        ("Nguyễn Thị Huyền Trang học tốt.", []),
        ("Em Lan có nhiều tiến bộ.", ["Lan"]),
        ("Học sinh Trần Văn An cần cố gắng.", ["Trần Văn An"]),
        ("TRẦN VĂN AN cần cố gắng.", ["Trần Văn An"]),
        ("Ỷ Lan hăng hái phát biểu.", ["Ỷ Lan"]),
        ("Em Thu Trang ngoan.", ["Thu Trang"]),
        ("Hiền lành, chăm chỉ.", []),
        ("Em hiền lành, an tâm học tập.", []),
        ("Biết giúp đỡ bạn Lan.", []),
        ("Con Moan Ênuôl tự tin.", ["Moan Ênuôl"]),
        ("", []),
    ],
)
def test_names(comment: str, found: list[str]) -> None:
    assert foreign_names([comment], TRANG, CLASS) == found
    assert foreign_names([unicodedata.normalize("NFD", comment)], TRANG, CLASS) == found


def test_each_name_once() -> None:
    assert foreign_names(["Em Lan ngoan.", "Em Lan giỏi, em An cũng vậy."], TRANG, CLASS) == ["Lan", "An"]
