"""A second opinion about archived records far in the future: pyHanko's AdES engine (ETSI EN 319 102-1), without a network."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from unittest import mock

from asn1crypto import ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import AdESLTAValidationResult, ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv import ades_past, poe
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import OCSPContainer

from hocba_app.verification.difference_policy import OURS


def ades_results(
    data: bytes, roots: Sequence[bytes], at: datetime, fresh: Sequence[bytes] = ()
) -> dict[str, AdESLTAValidationResult]:
    """Each signature (document time stamps left out) judged at ``at`` with what the file carries, by field.

    Args:
        fresh: OCSP answers of that day about the last archive stamp's unit, as a validator with a network has them. With
            them answers are as old as their authorities say; without, evidence may be years old.

    Its past validation and its proofs of existence ask the machine's clock instead of the time they are told, so that is
    moved with fresh answers. Without them it stays: old answers would then be taken for proofs of the pretended day.
    """

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return at

    clock = Moved if fresh else datetime
    with mock.patch.object(ades_past, "datetime", clock), mock.patch.object(poe, "datetime", clock):
        return asyncio.run(_judged(PdfFileReader(io.BytesIO(data)), _specification(roots, fresh), at))


async def _judged(
    reader: PdfFileReader, specification: PdfSignatureValidationSpec, at: datetime
) -> dict[str, AdESLTAValidationResult]:
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=False)
    return {
        str(signature.field_name): await ades_lta_validation(signature, specification, timing_info=timing)
        for signature in reader.embedded_regular_signatures
    }


def _specification(roots: Sequence[bytes], fresh: Sequence[bytes]) -> PdfSignatureValidationSpec:
    """Every certificate needs an answer. Core decision 12: without fresh ones, those in the archive may be years old."""
    freshness = (
        {}
        if fresh
        else {
            "freshness": timedelta(days=365 * 50),
            "freshness_req_type": FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        }
    )
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[x509.Certificate.load(root) for root in roots]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO, **freshness),  # type: ignore[arg-type]
    )
    known = [container for item in fresh for container in OCSPContainer.load_multi(ocsp.OCSPResponse.load(item))]
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=policy,
            ts_cert_validation_policy=policy,
            local_knowledge=LocalKnowledge(known_ocsps=known),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
        ),
        diff_policy=OURS,
    )
