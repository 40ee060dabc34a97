"""What may follow a signature, for pyHanko's difference analysis."""

from __future__ import annotations

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
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm


class CarefulDiffPolicy(StandardDiffPolicy):
    """Later changes that cannot be analysed are suspicious; the signature before them is judged all the same."""

    def review_file(
        self,
        reader: PdfFileReader,
        base_revision: int | HistoricalResolver,
        field_mdp_spec: FieldMDPSpec | None = None,
        doc_mdp: MDPPerm | None = None,
    ) -> DiffResult | SuspiciousModification:
        """See :class:`StandardDiffPolicy`."""
        try:
            return super().review_file(reader, base_revision, field_mdp_spec, doc_mdp)
        except Exception as error:
            # A broken object in a later revision is that revision's fault.
            return SuspiciousModification(type(error).__name__)


def _policy(*, notes_allowed: bool) -> StandardDiffPolicy:
    """pyHanko's default policy less filling other form fields, which is not signing.

    Args:
        notes_allowed: other tools note the time of the change in info and metadata when they sign; ours does not.
    """
    rules: list[QualifiedWhitelistRule] = [
        CatalogModificationRule(),
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
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
