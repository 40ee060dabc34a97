"""One entry of a select."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class SelectOption:
    """What is sent, and what is read."""

    value: str
    label: str
