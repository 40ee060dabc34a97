"""What may follow a signature, for pyHanko's difference analysis."""

from __future__ import annotations

from collections.abc import Iterable

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    QualifiedWhitelistRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules_api import ReferenceUpdate
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm


class NotAnalysed(SuspiciousModification):
    """The analysis of later changes gave up: they are neither shown to be harmless nor to be more."""


class TableStreamRule(XrefStreamRule):
    """A new table's stream may take the number of an earlier table's, which some writers do, where nothing else refers to it."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        """See :class:`XrefStreamRule`."""
        yield from super().apply(old, new)
        xrefs = new.reader.xrefs
        stream = xrefs.get_xref_container_info(new.revision).stream_ref
        earlier = {xrefs.get_xref_container_info(revision).stream_ref for revision in range(new.revision)}
        if stream is not None and stream in earlier:
            old._load_reverse_xref_cache()
            if not old._get_usages_of_ref(stream):
                yield ReferenceUpdate(stream)


class CarefulDiffPolicy(StandardDiffPolicy):
    """Later changes that cannot be analysed are suspicious; the signature before them is judged all the same."""

    def apply(
        self,
        old: HistoricalResolver,
        new: HistoricalResolver,
        field_mdp_spec: FieldMDPSpec | None = None,
        doc_mdp: MDPPerm | None = None,
    ) -> DiffResult:
        """See :class:`StandardDiffPolicy`, which takes a new object for an orphan where no *changed* object refers to it: one
        that an unchanged page already referred to, in vain, would go unnoticed."""
        old._load_reverse_xref_cache()
        for reference in new.explicit_refs_in_revision():
            if old._get_usages_of_ref(reference) and not _was_there(old, reference):
                raise SuspiciousModification(f"{reference} was referred to before it was there")
        return super().apply(old, new, field_mdp_spec, doc_mdp)

    def review_file(
        self,
        reader: PdfFileReader,
        base_revision: int | HistoricalResolver,
        field_mdp_spec: FieldMDPSpec | None = None,
        doc_mdp: MDPPerm | None = None,
    ) -> DiffResult | SuspiciousModification:
        """See :class:`StandardDiffPolicy`."""
        was_strict = reader.strict
        try:
            return super().review_file(reader, base_revision, field_mdp_spec, doc_mdp)
        except Exception as error:
            # A broken object in a later revision is that revision's fault; a strict reader also gives up where others read on.
            if not was_strict:
                return NotAnalysed(type(error).__name__)
        reader.strict = False
        try:
            return super().review_file(reader, base_revision, field_mdp_spec, doc_mdp)
        except Exception as error:
            return NotAnalysed(type(error).__name__)
        finally:
            reader.strict = True


def _was_there(old: HistoricalResolver, reference: Reference) -> bool:
    try:
        return old.reader.xrefs.get_historical_ref(reference, old.revision) is not None
    except KeyError:
        return False


def _policy(*, notes_allowed: bool) -> StandardDiffPolicy:
    """pyHanko's default policy less filling other form fields, which is not signing.

    Args:
        notes_allowed: other tools note the time of the change in info and metadata when they sign; ours does not.
    """
    rules: list[QualifiedWhitelistRule] = [
        CatalogModificationRule(),
        TableStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ]
    if notes_allowed:
        rules += [
            DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
            MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ]
    return CarefulDiffPolicy(
        global_rules=rules, form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()])
    )


OURS, FOREIGN = _policy(notes_allowed=False), _policy(notes_allowed=True)
