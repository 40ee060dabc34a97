"""A form as the client sent it: any client may send anything in its place."""

from __future__ import annotations

from typing import Any

MAX_LENGTH = 500


def form_texts(form: Any) -> dict[str, str]:
    """The form's fields as texts, cut at :data:`MAX_LENGTH`; what is no form has none."""
    if not isinstance(form, dict):
        return {}
    return {str(name): str(value)[:MAX_LENGTH] for name, value in form.items() if value is not None}
