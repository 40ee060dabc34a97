"""What RFC 3161 asks of a token and its unit, and pyHanko does not: a token that OpenSSL would refuse is none here either."""

from __future__ import annotations

from asn1crypto import cms, x509

_NAMES_ITS_UNIT = ("signing_certificate", "signing_certificate_v2")


def follows_rfc3161(token: cms.SignedData | None, unit: x509.Certificate) -> bool:
    """Whether a token is of version 1 and names its unit (2.4.2), and the unit is certified for time stamps alone (2.3).

    That the name is the right one, and that the signature holds, pyHanko has checked.

    Args:
        token: the signed data; None fails.
        unit: the certificate that signed it.
    """
    if token is None:
        return False
    purposes = unit.extended_key_usage_value
    attributes = token["signer_infos"][0]["signed_attrs"]
    return (
        token["encap_content_info"]["content"].parsed["version"].native == "v1"
        and any(attribute["type"].native in _NAMES_ITS_UNIT for attribute in attributes)
        and purposes is not None
        and purposes.native == ["time_stamping"]
        and "extended_key_usage" in unit.critical_extensions
    )
