"""Where the signature fields of a rendered document lie: what the layout hands to the signing core."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignatureField:
    """One signature field on a page. Its name is a slot, never a person (core decision 10)."""

    name: str
    """``s.<subject>.<n>``, ``homeroom``, ``principal`` or ``seal``."""
    stage: str
    """``subject``, ``homeroom``, ``principal`` or ``seal``."""
    page: int
    """Index of the page, from 0."""
    rect: tuple[float, float, float, float]
    """Left, bottom, right, top in points, PDF coordinates."""


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """A freshly laid out, unsigned PDF and the places where it will be signed."""

    pdf: bytes
    fields: tuple[SignatureField, ...]
    form: str = ""
    """What its pages are written on, as the manifest names it; "" on the forms of before they had versions."""
    dated: str = ""
    """The field whose signature writes its day into the form's line; "" for none."""
