"""A count as it is written here."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.vars.function import FunctionStringVar


def count(number: Any) -> rx.Var[str]:
    """``1.791``, as :func:`hocba_app.domain.wording.amount` has it, of a number in a state."""
    return FunctionStringVar.create("(n => n.toLocaleString('vi-VN'))").call(number).to(str)
