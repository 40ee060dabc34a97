"""One e-mail address, or none: what a list of staff holds in that column is typed by hand and decides who gets a code."""

from __future__ import annotations

import re

MAX_LENGTH = 200
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""An unquoted mailbox at a named host (RFC 5321, 4.1.2): no list, no comment, no display name, no line break."""


def one_address(text: str | None) -> str | None:
    """The address, without blanks at its ends, or None where there is none, more than one, or something else.

    A letter with a secret goes to exactly this mailbox: "a@x, b@y" is nobody's, not both.
    """
    trimmed = (text or "").strip()
    return trimmed if len(trimmed) <= MAX_LENGTH and _ADDRESS.fullmatch(trimmed) else None
