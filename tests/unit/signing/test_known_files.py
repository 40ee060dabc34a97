"""What the product knows about a file without reading it again is what reading it would tell."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import pytest

from hocba_app.domain.snapshot import Snapshot
from hocba_app.forms.render import render
from hocba_app.recordfile.append_state import AppendState, read_tip
from hocba_app.recordfile.base_revision import base_with_tip
from hocba_app.recordfile.demands import demand_of
from hocba_app.recordfile.incremental_hash import HashedFile, PrefixHashes
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from tests import samples


@pytest.mark.parametrize("snapshot", [samples.results_snapshot(), samples.history_snapshot(), samples.cover_snapshot()])
def test_the_maker_of_a_base_knows_its_tip(snapshot: Snapshot) -> None:
    rendered = render(snapshot)
    manifest = Manifest(
        kind=snapshot["kind"],
        school=ManifestSchool("79001", "Trường THCS Kim Đồng", "0312345678"),
        student_code="HS1",
        snapshot_sha256="0" * 64,
        code="ABCD-EFGH-JKMN",
        version=1,
        salt="00",
        slots=tuple(
            ManifestSlot(field.name, "Giáo viên", "subject", demand_of("00", ("x",), "x")) for field in rendered.fields
        ),
    )
    base, tip = base_with_tip(rendered, manifest)
    assert tip == read_tip(base)
    assert list(tip.fields) == list(read_tip(base).fields)
    assert tip.dumps() == json.dumps(asdict(tip), separators=(",", ":")) and AppendState.loads(tip.dumps()) == tip


def test_a_hash_goes_on_from_a_file_whose_bytes_are_not_at_hand() -> None:
    kept, first, second = PrefixHashes(), b"first revision", b" and the next"
    assert kept.known(len(first), hashlib.sha256(first).hexdigest()) is None
    kept.keep(hashlib.sha256(first), len(first))
    file = kept.known(len(first), hashlib.sha256(first).hexdigest())
    assert isinstance(file, HashedFile) and len(file) == len(first)
    for _ in range(2):  # the state kept is never the one that goes on
        state = kept.after(file, hashlib.sha256(first).hexdigest())
        state.update(second)
        assert state.hexdigest() == hashlib.sha256(first + second).hexdigest()
