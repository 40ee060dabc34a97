"""The network an address belongs to, by which shares and failures are counted."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def network_of(address: str) -> str:
    """The network one subscriber has: an IPv4 address as it is, of IPv6 the /64, which anybody can walk through.

    Args:
        address: as the server or a proxy wrote it; what is not an address is returned as it is.
    """
    try:
        parsed = ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return address.strip()[:60]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
