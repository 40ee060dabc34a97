"""Python's cycle collector in a process that lives long: less often, and not over what stays anyway.

Reference counting frees nearly everything we make. By default the collector looks for cycles after each 700 objects and now and then
walks over all of them: a tenth of a worker's time, and in the web process pauses that every screen waits for.
"""

from __future__ import annotations

import gc

COLLECT_AFTER = 20_000
"""Objects with references made, less those freed, since the last look."""


def settle() -> None:
    """What is loaded by now stays for the life of the process and is never walked over again. Called once, after start-up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
