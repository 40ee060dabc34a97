"""What a person saw when he decided, as a short digest that his act carries: an act tied to something else is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hocba_app.domain.snapshot import canonical_json


def shown_digest(content: object) -> str:
    """A digest of what was shown: plain JSON, whatever its order of keys. "" for nothing."""
    if isinstance(content, Sequence) and not content:
        return ""
    return hashlib.sha256(canonical_json(content)).hexdigest()[:32]
