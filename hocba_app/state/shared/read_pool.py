"""The threads that screens read in: few, because they share one interpreter with the loop that answers everybody.

Sixteen readers at once finish no sooner than three, and meanwhile the loop waits its turn among them.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from hocba_app.process_scope import per_process_open

READERS = 3
Answer = TypeVar("Answer")


@per_process_open(ThreadPoolExecutor.shutdown)
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READERS, "screen")


async def in_thread(function: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
    """A short read of the database, without blocking the loop. What waits for the network belongs in
    ``asyncio.to_thread``: here it would keep everybody's screen waiting."""
    return await asyncio.get_running_loop().run_in_executor(
        _readers(), functools.partial(contextvars.copy_context().run, function, *arguments, **options)
    )
