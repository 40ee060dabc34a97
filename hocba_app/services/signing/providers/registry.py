"""Every signing service the product can use. A new one is a module with an ``ENTRY``, and a line here."""

from __future__ import annotations

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers import csc, mysign, pkcs11_provider, pkcs12, smartca
from hocba_app.services.signing.providers.provider import ProviderEntry, Words

PROVIDERS: dict[str, ProviderEntry] = {
    entry.name: entry for entry in (mysign.ENTRY, smartca.ENTRY, csc.ENTRY, pkcs11_provider.ENTRY, pkcs12.ENTRY)
}
"""By name, in the order they are offered in."""
USUAL = mysign.ENTRY.name
"""What is offered first."""


def entry_of(name: str) -> ProviderEntry:
    """The service of this name.

    Raises:
        HocbaError: INVALID_INPUT for a name nobody has.
    """
    if name not in PROVIDERS:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"dịch vụ ký số {name[:20]} chưa được hỗ trợ")
    return PROVIDERS[name]


def words_of(name: str) -> Words:
    """How people speak of a service; by its bare name where a later version of the product knows more than this one."""
    return PROVIDERS[name].words if name in PROVIDERS else Words(name)
