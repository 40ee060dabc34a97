"""The one answer besides yes of everything that proves: what cannot be shown here is judged by somebody slower."""

from __future__ import annotations


class NotShown(Exception):
    """The fast verdict cannot say yes; the slow one decides."""
