"""What may follow a signature, for pyHanko's difference analysis."""

from __future__ import annotations

from collections.abc import Iterable

from pyhanko.pdf_utils.generic import DictionaryObject, Reference
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    GenericFieldModificationRule,
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
from pyhanko.sign.diff_analysis.form_rules_api import FieldMDPRule
from pyhanko.sign.diff_analysis.rules_api import ReferenceUpdate
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from hocba_app.verification.signature_fields import entry_of


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
        if _draws_fields_anew(new) and not _draws_fields_anew(old):
            raise NotAnalysed("fields are drawn anew: what they show may be another value than the one that was signed")
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


def _draws_fields_anew(state: HistoricalResolver) -> bool:
    form = entry_of(state.root, "/AcroForm")
    return isinstance(form, DictionaryObject) and bool(entry_of(form, "/NeedAppearances", False))


def _was_there(old: HistoricalResolver, reference: Reference) -> bool:
    try:
        return old.reader.xrefs.get_historical_ref(reference, old.revision) is not None
    except KeyError:
        return False


def _policy(*more: QualifiedWhitelistRule, notes_allowed: bool, filling_allowed: bool = False) -> StandardDiffPolicy:
    """pyHanko's default policy less filling other form fields, which is not signing.

    Args:
        more: further rules.
        notes_allowed: other tools note the time of the change in info and metadata when they sign; ours does not.
        filling_allowed: other fields may be filled in, at a level of its own.
    """
    rules: list[QualifiedWhitelistRule] = [
        CatalogModificationRule(),
        TableStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        *more,
    ]
    if notes_allowed:
        rules += [
            DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
            MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ]
    fields: list[FieldMDPRule] = [SigFieldCreationRule(), SigFieldModificationRule()]
    if filling_allowed:
        fields.append(GenericFieldModificationRule())
    return CarefulDiffPolicy(global_rules=rules, form_rule=FormUpdatingRule(field_rules=fields))


def foreign_policy(*more: QualifiedWhitelistRule) -> StandardDiffPolicy:
    """What other programs do when they sign, and filling in fields; and what further rules let through."""
    return _policy(*more, notes_allowed=True, filling_allowed=True)


OURS, FOREIGN = _policy(notes_allowed=False), _policy(notes_allowed=True)
