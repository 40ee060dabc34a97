"""How fast records are made: finished result documents a second, and a printed packet of a class of 45.

A card is one TT22 results document as locking makes it: laid out with QR code, metadata and output intent, its fields,
signature font and manifest in place. The packet's 45 files carry every signature's picture and a CMS of the usual size
(its content plays no part in printing). Both are single-threaded work without waiting, measured in processor seconds: what a
core of its own would take, whatever else the machine does.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hocba_app.domain.snapshot import (
    SNAPSHOT_FORMAT,
    SlotField,
    Snapshot,
    SubjectRow,
    snapshot_sha256,
)
from hocba_app.forms.form_version import newest_form
from hocba_app.forms.render import render
from hocba_app.recordfile.appearance import Appearance, InkImage
from hocba_app.recordfile.append_state import read_tip
from hocba_app.recordfile.base_revision import build_base
from hocba_app.recordfile.demands import demand_of
from hocba_app.recordfile.incremental_writer import DirectWriter, SignatureRequest, tip_after
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from hocba_app.services.printing.imposition import PacketFile, assemble
from hocba_app.services.printing.options import PacketOptions

CARDS = 90
CLASS_SIZE = 45
RUNS = 3
"""Packets made; the best counts: the first one warms caches."""
CMS_BYTES = 6_000
"""A signature with its chain and time stamp."""
_SALT = "00" * 16
_SUBJECTS = (
    ("VAN", "Ngữ văn", "marked"),
    ("TOAN", "Toán", "marked"),
    ("NN1", "Ngoại ngữ 1", "marked"),
    ("GDCD", "Giáo dục công dân", "marked"),
    ("LSDL", "Lịch sử và Địa lí", "marked"),
    ("KHTN", "Khoa học tự nhiên", "marked"),
    ("CN", "Công nghệ", "marked"),
    ("TIN", "Tin học", "marked"),
    ("GDTC", "Giáo dục thể chất", "comment"),
    ("NT", "Nghệ thuật", "comment"),
    ("HDTN", "Hoạt động trải nghiệm, hướng nghiệp", "comment"),
    ("GDDP", "Nội dung giáo dục của địa phương", "comment"),
)
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng")
_GIVEN = (
    "Ngọc Ánh",
    "Gia Bảo",
    "Bảo Châu",
    "Hải Đăng",
    "Minh Khôi",
    "Thùy Linh",
    "Yến Nhi",
    "Đức Phúc",
    "Như Quỳnh",
    "Xuân Ý",
)
_COMMENTS = (
    "Chăm chỉ, tiến bộ rõ rệt trong học kỳ II; cần cẩn thận hơn khi trình bày bài.",
    "Hiểu bài nhanh, biết vận dụng kiến thức vào thực tế, tích cực giúp đỡ bạn.",
    "Có cố gắng; cần đọc thêm sách và mạnh dạn phát biểu ý kiến.",
)


def run(as_json: bool) -> dict[str, float]:
    """Measure on one core.

    Args:
        as_json: print one line of JSON; otherwise a sentence.

    Returns:
        ``cards_per_s`` and ``packet45_s``.
    """
    snapshots = [snapshot_of(number) for number in range(CARDS)]
    base_of(snapshot_of(CARDS))  # fonts are read once per process
    begun = time.process_time()
    cards = [base_of(snapshot) for snapshot in snapshots]
    cards_per_s = CARDS / (time.process_time() - begun)
    files = [
        PacketFile(
            signed_fields(card), snapshot["verification"]["code"], "Kết quả học tập", snapshot["student"]["code"]
        )
        for card, snapshot in zip(cards[:CLASS_SIZE], snapshots, strict=False)
    ]
    numbers = {
        "cards_per_s": round(cards_per_s, 1),
        "packet45_s": round(min(_packet_seconds(files) for _ in range(RUNS)), 3),
    }
    sys.stdout.write(
        json.dumps(numbers) + "\n"
        if as_json
        else f"{numbers['cards_per_s']} bản KQHT/giây · gói 45 học sinh: {numbers['packet45_s']} giây\n"
    )
    return numbers


def _packet_seconds(files: list[PacketFile]) -> float:
    begun = time.process_time()
    assemble(files, PacketOptions())
    return time.process_time() - begun


def base_of(snapshot: Snapshot) -> bytes:
    """One document, ready for its first signature."""
    school = snapshot["school"]
    slots = tuple(
        ManifestSlot(slot["field"], "Giáo viên bộ môn", slot["stage"], demand_of(_SALT, (slot["field"],), "Giáo viên"))
        for slot in snapshot["slots"]
    )
    rendered = render(snapshot)
    manifest = Manifest(
        kind=snapshot["kind"],
        school=ManifestSchool(school["code"], school["name"], school["tax_code"]),
        student_code=snapshot["student"]["code"],
        snapshot_sha256=snapshot_sha256(snapshot),
        code=snapshot["verification"]["code"],
        version=1,
        salt=_SALT,
        slots=slots,
        form=rendered.form,
        dated=rendered.dated,
    )
    return build_base(rendered, manifest)


def signed_fields(file: bytes) -> bytes:
    """The file with a picture and a CMS in every field."""
    writer, tip = DirectWriter(), read_tip(file)
    look = Appearance(_ink(), "Nguyễn Thị Ánh", (), datetime(2026, 5, 25, 8, 30, tzinfo=UTC))
    for field in list(tip.fields):
        own = replace(look, name="") if field == "seal" else look
        prepared = writer.prepare(file, tip, SignatureRequest(field, look.signed_at, own, CMS_BYTES))
        update = writer.embed(prepared, b"\0" * CMS_BYTES)
        tip = tip_after(tip, file, prepared, update)
        file += update
    return file


def _ink(width: int = 240, height: int = 90) -> InkImage:
    """A wave as somebody's hand."""
    levels = bytearray(width * height)
    for x in range(width):
        middle = height // 2 + (x * 7 % 53) - 26
        for y in range(middle - 2, middle + 3):
            levels[y * width + x] = 255
    return InkImage.from_mask(width, height, (20, 40, 150), bytes(levels))


def snapshot_of(number: int) -> Snapshot:
    """A results document's snapshot, complete: the pupil and his marks follow from the number."""
    name = f"{_FAMILY[number % 10]} {_GIVEN[number // 10 % 10]} {_GIVEN[number % 7].split()[0]}"
    slots = [SlotField(field=f"s.{code}.1", stage="subject", rows=[code]) for code, _, _ in _SUBJECTS]
    slots += [
        SlotField(field="s.KHTN.2", stage="subject", rows=["KHTN"]),
        SlotField(field="s.LSDL.2", stage="subject", rows=["LSDL"]),
        *(SlotField(field=stage, stage=stage, rows=[]) for stage in ("homeroom", "principal", "seal")),
    ]
    levels: Any = {"term1": "Khá", "term2": "Tốt", "year": "Tốt", "reassessed": None}
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        kind="results",
        form=newest_form("results", "lower_secondary", "TT22"),
        school={
            "code": "79760001",
            "name": "Trường THCS Kim Đồng",
            "level": "lower_secondary",
            "commune": "Phường Bến Nghé",
            "province": "Thành phố Hồ Chí Minh",
            "department": "Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh",
            "tax_code": "0312345678",
        },
        student={
            "code": f"79760001{number:05d}",
            "full_name": name,
            "birth_date": "2014-05-12",
            "sex": "Nữ",
            "id_number": f"0793140{number:05d}",
        },
        school_year="2025-2026",
        class_name="6A1",
        grade=6,
        place="Phường Bến Nghé",
        verification={"code": f"K7QM-2RTX-{number:04d}", "url": f"https://hocba.example.vn/v/K7QM-2RTX-{number:04d}"},
        slots=slots,
        results={
            "regime": "TT22",
            "subjects": [
                SubjectRow(
                    code=code,
                    name=label,
                    kind=kind,
                    term1=f"7.{number % 10}" if kind == "marked" else "Đ",
                    term2=f"8.{(number + at) % 10}" if kind == "marked" else "Đ",
                    year=f"7.{at % 10}" if kind == "marked" else "Đ",
                    reassessed=None,
                    comment=_COMMENTS[(number + at) % 3],
                    note=None,
                )
                for at, (code, label, kind) in enumerate(_SUBJECTS)
            ],
            "learning": levels,
            "training": levels,
            "absences": {"term1": 1, "term2": number % 4, "year": 1 + number % 4},
            "promotion": "promoted",
            "promotion_note": None,
            "title": "Học sinh Giỏi",
            "awards": [],
            "certificates": None,
            "homeroom_comment": _COMMENTS[number % 3],
            "homeroom_comment_after_summer": None,
            "programme_completed": None,
            "departure": None,
        },
    )


if __name__ == "__main__":
    run("--json" in sys.argv)
