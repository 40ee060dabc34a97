"""Letters that cannot be printed, listed in the report of the sync that brings them: long before somebody locks the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocba_app.forms.letters import is_plain, texts_of, unprintable


def odd_letters(resource: str, values: Mapping[str, Any]) -> str:
    """A sentence about what a synced record holds that no typeface has; "" for nothing.

    Args:
        resource: the data set.
        values: columns, as they are written.
    """
    content = content_of(resource, values)
    if content is None or is_plain(texts_of(content)):
        return ""
    found = unprintable(content)
    if not found:
        return ""
    places = "; ".join(f"{each.place}: {each.words}" for each in found)
    return f"Có ký tự không in được, chưa chốt được – {places}. Hãy sửa trên SMAS."


def content_of(resource: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part of a snapshot that the columns become."""
    if resource == "students":
        return {"student": {"full_name": values.get("full_name"), **(values.get("details") or {})}}
    if resource == "results":
        return {"results": values.get("payload") or {}}
    if resource == "history":
        return {"history": [values.get("payload") or {}]}
    return None
