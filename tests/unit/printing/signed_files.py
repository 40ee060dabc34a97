"""Signed files for printing: every field has its picture; the CMS is a placeholder, which printing never reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.forms.form_version import form_of
from hocba_app.forms.render import render
from hocba_app.recordfile.appearance import Appearance
from hocba_app.recordfile.append_state import read_tip
from hocba_app.recordfile.base_revision import build_base
from hocba_app.recordfile.demands import demand_of
from hocba_app.recordfile.incremental_writer import DirectWriter, SignatureRequest, tip_after
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from hocba_app.services.printing.imposition import PacketFile
from tests import samples
from tests.school import ink

DEPUTY = ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG")


def manifest_of(snapshot: Snapshot) -> Manifest:
    """A manifest that fits the snapshot's slots."""
    school = snapshot["school"]
    return Manifest(
        kind=snapshot["kind"],
        school=ManifestSchool(school["code"], school["name"], school["tax_code"]),
        student_code=snapshot["student"]["code"],
        snapshot_sha256=snapshot_sha256(snapshot),
        code=snapshot["verification"]["code"],
        version=1,
        salt="00" * 16,
        slots=tuple(
            ManifestSlot(slot["field"], "Giáo viên", slot["stage"], demand_of("00" * 16, (slot["field"],), "Giáo viên"))
            for slot in snapshot["slots"]
        ),
        form=snapshot.get("form", ""),
        dated=form_of(snapshot).dated,
    )


def signed(snapshot: Snapshot) -> bytes:
    """The document with a picture in every field; the principal's is a deputy's."""
    file = build_base(render(snapshot), manifest_of(snapshot))
    writer, tip = DirectWriter(), read_tip(file)
    look = Appearance(ink(), "Công Tằng Tôn Nữ Ánh Ngọc", (), datetime(2026, 5, 25, 8, 30, tzinfo=UTC))
    for field in list(tip.fields):
        own = replace(look, name="", image=ink(160, 160)) if field == "seal" else look
        own = replace(own, caption_lines=DEPUTY) if field == "principal" else own
        prepared = writer.prepare(file, tip, SignatureRequest(field, look.signed_at, own, 64))
        update = writer.embed(prepared, b"\0" * 64)
        tip = tip_after(tip, file, prepared, update)
        file += update
    return file


@cache
def record_of(pupil: int) -> tuple[PacketFile, ...]:
    """Cover, history and results of one pupil: two, one and two pages."""
    name = samples.NAMES[pupil]
    made = (
        ("Bìa", samples.cover_snapshot(name)),
        ("Quá trình học tập", samples.history_snapshot(name)),
        ("Kết quả học tập", samples.results_snapshot(name)),
    )
    files = []
    for number, (title, snapshot) in enumerate(made):
        snapshot["verification"] = samples.verification(f"K7QM-{pupil}RTX-9BH{number}")
        files.append(
            PacketFile(
                signed(snapshot),
                snapshot["verification"]["code"],
                title,
                f"pupil{pupil}",
                name,
                "Trường THCS Kim Đồng",
                "Phường Bến Nghé",
                ("HIỆU TRƯỞNG",),
            )
        )
    return tuple(files)
