"""Every form is PDF/A-2b as laid out, and its fields and manifest add nothing the validator objects to.

The validator is pikepdf's (``pikepdf[pdfa]``, for the suite alone); what it passes over is checked piece by piece in
``test_pdf_file``.
"""

from __future__ import annotations

import copy
import io

import pikepdf
import pytest
from pikepdf import pdfa

from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.forms.form_version import form_of
from hocba_app.forms.render import render
from hocba_app.recordfile.base_revision import build_base
from hocba_app.recordfile.demands import demand_of
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from tests import samples

SNAPSHOTS = [
    samples.cover_snapshot(),
    samples.history_snapshot(),
    samples.results_snapshot(),
    samples.reassessed_snapshot(),
    samples.demanding_snapshot(),
    samples.upper_snapshot(),
    samples.tt26_snapshot(),
    samples.primary_snapshot(),
    samples.demanding_primary_snapshot(),
    samples.primary_cover(),
    samples.primary_history(),
]
SNAPSHOTS += [samples.in_newest_form(copy.deepcopy(snapshot)) for snapshot in SNAPSHOTS]


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
            ManifestSlot(slot["field"], "Giáo viên", slot["stage"], demand_of("00" * 16, (str(number),), "Giáo viên"))
            for number, slot in enumerate(snapshot["slots"])
        ),
        form=snapshot.get("form", ""),
        dated=form_of(snapshot).dated,
    )


def findings(pdf: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        report = pdfa.check(opened, "2b")
        return [str(finding) for finding in report.findings]


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda s: f"{s['kind']}-{s['school']['level']}")
def test_forms_are_pdfa_2b(snapshot: Snapshot) -> None:
    rendered = render(snapshot)
    assert findings(rendered.pdf) == []
    # The validator stops at interactive forms; what the fields add (appearances, F 132, no NeedAppearances) is plain.
    with_fields = findings(build_base(rendered, manifest_of(snapshot)))
    assert all("/AcroForm" in finding or "not checked" in finding for finding in with_fields), with_fields


def test_a_cover_with_a_photo_is_pdfa_2b() -> None:
    photo = samples.photo_jpeg()
    assert findings(render(samples.cover_snapshot(photo=photo), photo=photo).pdf) == []


def test_the_validator_finds_what_is_wrong() -> None:
    pdf = render(samples.cover_snapshot()).pdf
    assert findings(pdf.replace(b"/OutputIntents", b"/OutputIntentz")) != []
