"""What a manifest of ours must say beyond its form: it comes from a file nobody vouches for, and may ask for too little."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hocba_app.domain.document_lifecycle import STAGES
from hocba_app.forms.form_version import find_form
from hocba_app.recordfile.append_state import stage_of
from hocba_app.recordfile.demands import Demand
from hocba_app.recordfile.manifest import WRITERS, Manifest

_CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")
_PLAIN = re.compile(r"[^<>\x00-\x1f\x7f-\x9f]+")
_TAX_CODE = re.compile(r"[0-9]{10}(?:-?[0-9]{3})?")
_HASH = re.compile(r"[0-9a-f]{64}")
MAX_LIMIT_SECONDS = 7 * 86_400
MAX_NUMBERS = 4
"""Id numbers one person may sign with."""


def is_sound(manifest: Manifest) -> bool:
    """Whether a manifest says what the rules need, in words they know: it comes from a file nobody vouches for yet."""
    stages = STAGES.get(manifest.kind) if isinstance(manifest.kind, str) else None
    if stages is None or not isinstance(manifest.version, int):
        return False
    texts = [
        manifest.school.code,
        manifest.school.name,
        manifest.school.tax_code,
        manifest.student_code,
        manifest.snapshot_sha256,
    ]
    texts += [
        manifest.code,
        manifest.salt,
        manifest.form,
        manifest.dated,
        *(part for slot in manifest.slots for part in (slot.field, slot.role, slot.stage, slot.demand.name)),
    ]
    texts += [text for slot in manifest.slots for text in (slot.demand.plain_name, *slot.demand.signers)]
    limits = (manifest.claim_limit_seconds, manifest.claim_early_seconds)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(limit, int) for limit in limits):
        return False
    fields = [slot.field for slot in manifest.slots]
    present = {slot.stage for slot in manifest.slots}
    return (
        all(0 <= limit <= MAX_LIMIT_SECONDS for limit in limits)
        and len(set(fields)) == len(fields)
        and all(slot.stage in stages and stage_of(slot.field) == slot.stage for slot in manifest.slots)
        and present >= set(stages) - {"subject"}  # in primary school the homeroom teacher may sign every row
        and (manifest.format == 1 or all(_is_demand(slot.demand) for slot in manifest.slots if slot.stage != "seal"))
    )


def is_known(manifest: Manifest) -> bool:
    """Whether this installation has the writer and the form that a manifest names; a later one may have others."""
    if manifest.writer not in WRITERS:
        return False
    return manifest.format < 3 or (isinstance(manifest.form, str) and find_form(manifest.form) is not None)


def _is_demand(demand: Demand) -> bool:
    return 0 < len(demand.signers) <= MAX_NUMBERS and all(
        _HASH.fullmatch(text) for text in (demand.name, demand.plain_name, *demand.signers)
    )


def is_a_records(manifest: Manifest) -> bool:
    """Whether a manifest, whose fields are of the types they should be, is what a record's can be.

    Version, codes and names are ones that our software gives, without mark-up; results are not signed by one person in every place.
    """
    school = manifest.school
    return (
        type(manifest.version) is int
        and manifest.version >= 1
        and _CODE.fullmatch(manifest.code) is not None
        and _HASH.fullmatch(manifest.snapshot_sha256) is not None
        and bool(manifest.salt)
        and _is_name(manifest.student_code)
        and _is_name(school.code)
        and _TAX_CODE.fullmatch(school.tax_code) is not None
        and _is_name(school.name)
        and all(_is_name(slot.role) for slot in manifest.slots)
        and not (
            manifest.kind == "results"
            and is_one_person([slot.demand.signers for slot in manifest.slots if slot.stage != "seal"])
        )
    )


def is_one_person(numbers: Iterable[Iterable[str]]) -> bool:
    """Whether one person is named in every one of at least two signature fields.

    Args:
        numbers: those of each place, in clear or hashed.
    """
    places = [set(each) for each in numbers]
    return len(places) > 1 and bool(set.intersection(*places))


def _is_name(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and bool(text.strip()) and text.isprintable()
