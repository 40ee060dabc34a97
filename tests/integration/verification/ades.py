"""A second opinion about archived records far in the future: pyHanko's AdES engine (ETSI EN 319 102-1), without a network."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import AdESLTAValidationResult, ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
)
from pyhanko_certvalidator.registry import SimpleTrustManager

from hocba_app.verification.pyhanko_checks import OURS


def ades_results(data: bytes, roots: Sequence[bytes], at: datetime) -> dict[str, AdESLTAValidationResult]:
    """Each signature (document time stamps left out) judged at ``at`` with what the file carries, by field."""
    return asyncio.run(_judged(PdfFileReader(io.BytesIO(data)), _specification(roots), at))


async def _judged(reader: PdfFileReader, specification: PdfSignatureValidationSpec, at: datetime) -> dict[str, AdESLTAValidationResult]:
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=False)
    return {
        str(signature.field_name): await ades_lta_validation(signature, specification, timing_info=timing)
        for signature in reader.embedded_regular_signatures
    }


def _specification(roots: Sequence[bytes]) -> PdfSignatureValidationSpec:
    """Core decision 12: evidence in the archive may be years old, and nothing is fetched; every certificate needs an answer."""
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[x509.Certificate.load(root) for root in roots]),
        revinfo_policy=CertRevTrustPolicy(
            REQUIRE_REVINFO, freshness=timedelta(days=365 * 50), freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        ),
    )
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=policy, ts_cert_validation_policy=policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
        ),
        diff_policy=OURS,
    )
