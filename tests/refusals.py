"""What a call is refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> HocbaError:
    """The error of a call that must be refused."""
    with pytest.raises(HocbaError) as caught:
        call(*arguments, **named)
    return caught.value


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> ErrorCode:
    """Its code."""
    return refusal(call, *arguments, **named).code
