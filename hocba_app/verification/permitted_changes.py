"""Changes after a signature that whoever certified the file permits (DocMDP, ISO 32000-2, 12.8.2.2), or that any signature leaves open.

Fields of a form may be filled in unless a signature locks them or forbids it; notes may be added where level 3 permits it. The file
then shows something else than was signed, with leave: neither intact nor altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    DiffResult,
    ModificationLevel,
    QualifiedWhitelistRule,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.commons import compare_dicts
from pyhanko.sign.diff_analysis.rules_api import ReferenceUpdate
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import EmbeddedPdfSignature

from hocba_app.verification.difference_policy import foreign_policy
from hocba_app.verification.signature_fields import entry_of
from hocba_app.verification.signature_result import Judged

_NOTES = frozenset(
    [
        "/Text",
        "/FreeText",
        "/Line",
        "/Square",
        "/Circle",
        "/Polygon",
        "/PolyLine",
        "/Highlight",
        "/Underline",
        "/Squiggly",
        "/StrikeOut",
        "/Stamp",
        "/Caret",
        "/Ink",
        "/Popup",
    ]
)
_LEVELS = {
    MDPPerm.NO_CHANGES: ModificationLevel.LTA_UPDATES,
    MDPPerm.FILL_FORMS: ModificationLevel.FORM_FILLING,
    MDPPerm.ANNOTATE: ModificationLevel.ANNOTATIONS,
}


class NotesRule(QualifiedWhitelistRule):
    """Notes on pages may be added and changed; of the page itself nothing else changes, and none of them is a field."""

    def apply_qualified(
        self, old: HistoricalResolver, new: HistoricalResolver
    ) -> Iterator[tuple[ModificationLevel, ReferenceUpdate]]:
        """See :class:`QualifiedWhitelistRule`."""
        for reference in new.explicit_refs_in_revision():
            before, after = _dictionary(old, reference), _dictionary(new, reference)
            if before is None or after is None:
                continue
            if before.get("/Type") == "/Page":
                for found in self._on_page(before, after, old, new):
                    yield ModificationLevel.ANNOTATIONS, ReferenceUpdate(found)
                yield ModificationLevel.ANNOTATIONS, ReferenceUpdate(reference)
            elif _is_note(before) and _is_note(after):
                for found in (reference, *_brought_along(after, old, new)):
                    yield ModificationLevel.ANNOTATIONS, ReferenceUpdate(found)

    @staticmethod
    def _on_page(
        before: generic.DictionaryObject,
        after: generic.DictionaryObject,
        old: HistoricalResolver,
        new: HistoricalResolver,
    ) -> Iterator[Reference]:
        compare_dicts(before, after, frozenset({"/Annots"}))
        known = {_reference(each) for each in _notes(before)}
        listed = {_reference(each) for each in _notes(after)}
        if not known <= listed:
            raise SuspiciousModification("a note or a field was taken away")
        for each in listed - known:
            note = _dictionary(new, each)
            if note is None or not _is_note(note) or not old.is_ref_unassignable(each):
                raise SuspiciousModification("not a new note")
            yield each
            yield from _brought_along(note, old, new)
        array = after.raw_get("/Annots") if "/Annots" in after else None
        if isinstance(array, generic.IndirectObject):
            yield array.reference


def note_permitted(signatures: Sequence[EmbeddedPdfSignature], judged: Sequence[Judged]) -> None:
    """Tell changes that may have come after a foreign signature from those that may not."""
    levels = [level for signature in signatures if (level := _certified(signature)) is not None]
    lowest = min(levels, key=lambda level: level.value, default=MDPPerm.FILL_FORMS)
    for signature, item in zip(signatures, judged, strict=True):
        if item.modified and item.integrity == "intact" and item.coverage == "revision":
            item.is_permitted = _may_have_come(signature, lowest)
            item.modified = not item.is_permitted


def _certified(signature: EmbeddedPdfSignature) -> MDPPerm | None:
    """What a certification permits; None for another signature."""
    try:
        return signature.docmdp_level
    except Exception:
        # Hostile entries raise whatever they like; what they would permit is not permitted.
        return MDPPerm.NO_CHANGES


def _may_have_come(signature: EmbeddedPdfSignature, level: MDPPerm) -> bool:
    try:
        found = _POLICY.review_file(
            signature.reader,
            signature.signed_revision,
            field_mdp_spec=signature.fieldmdp,
            doc_mdp=_certified(signature),
        )
    except Exception:
        # As above.
        return False
    return isinstance(found, DiffResult) and found.modification_level <= _LEVELS[level]


_POLICY = foreign_policy(NotesRule())


def _dictionary(resolver: HistoricalResolver, reference: Reference) -> generic.DictionaryObject | None:
    try:
        found = resolver(reference)
    except Exception:
        # It is not there in that revision, or cannot be read: then it is no note.
        return None
    is_plain = isinstance(found, generic.DictionaryObject) and not isinstance(found, generic.StreamObject)
    return found if is_plain else None


def _notes(page: generic.DictionaryObject) -> Iterable[generic.PdfObject]:
    return entry_of(page, "/Annots", ())  # type: ignore[return-value] # whatever cannot be walked ends the analysis


def _reference(entry: generic.PdfObject) -> Reference:
    if not isinstance(entry, generic.IndirectObject):
        raise SuspiciousModification("a note in place")
    return entry.reference


def _is_note(found: generic.DictionaryObject) -> bool:
    return found.get("/Subtype") in _NOTES and "/A" not in found and "/AA" not in found and "/FT" not in found


def _brought_along(
    note: generic.DictionaryObject, old: HistoricalResolver, new: HistoricalResolver
) -> Iterator[Reference]:
    for each in new.collect_dependencies(note, since_revision=old.revision + 1):
        if old.is_ref_unassignable(each):
            yield each
