"""What a list of staff may change by itself, and what only somebody with the greater right may: posts of the leadership.

Whoever may bring in a list (sync, workbook) could otherwise make himself principal, or the principal leave.
"""

from __future__ import annotations

LEADERS = ("principal", "vice_principal")
"""Posts from which rights follow: to approve, to sign for the school, to look after everybody's accounts."""
LEFT = "left"
"""No post any more: the person is no longer on the list, or is marked there as gone."""


def post_of(position: str, active: bool) -> str:
    """The post somebody has: his position, or :data:`LEFT`."""
    return position if active else LEFT


def needs_confirming(now: str, listed: str) -> bool:
    """Whether a change of post goes into, within or out of the leadership.

    Args:
        now: the post he has, :data:`LEFT` for somebody new.
        listed: the post the list gives him.
    """
    return now != listed and (now in LEADERS or listed in LEADERS)


def held_back(now: str, position: str) -> tuple[str, bool]:
    """Position and activity of a person whose change of post waits: what he had; somebody new works without a post.

    Args:
        now: the post he has, :data:`LEFT` for somebody new.
        position: the position in his row, "" for somebody new.
    """
    return (position, True) if now != LEFT else ("teacher", True)
