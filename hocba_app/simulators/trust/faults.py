"""What can be made to go wrong at the trust service, so that the product's behaviour then can be tested."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass
class TrustFaults:
    """Read and replaced as JSON at ``/_faults``; each lasts until it is replaced."""

    tsa: str = "ok"
    """``ok`` · ``down`` (503) · ``refuse`` (a refusal by RFC 3161) · ``garbage`` · ``wrong_imprint`` · ``no_nonce``."""
    tsa_delay: float = 0.0
    """Seconds before a token is answered."""
    tsa_clock_offset: float = 0.0
    """Seconds the authority's clock is wrong by."""
    tsa_times: int | None = None
    """How many requests ``tsa`` still spoils; None: all."""
    ocsp: str = "ok"
    """``ok`` · ``down`` (503) · ``try_later`` · ``garbage`` · ``stale`` (of last week) · ``unknown``."""
    ocsp_of: str = ""
    """Serial number (hex) the fault of ``ocsp`` is limited to; empty: every certificate."""
    ocsp_delay: float = 0.0
    """Seconds before an OCSP answer."""
    crl: str = "ok"
    """``ok`` · ``down`` (503) · ``garbage``."""

    @classmethod
    def of(cls, values: dict[str, object]) -> TrustFaults:
        """Faults named in ``values``, everything else well.

        Raises:
            ValueError: an unknown name.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown: {sorted(unknown)}")
        return cls(**values)  # type: ignore[arg-type] # names were checked; values are the caller's

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def next_tsa(self) -> str:
        """The fault for this request; counts ``tsa_times`` down."""
        if self.tsa == "ok" or self.tsa_times is None:
            return self.tsa
        if self.tsa_times <= 0:
            return "ok"
        self.tsa_times -= 1
        return self.tsa
