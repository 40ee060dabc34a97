"""``hocba dev``: whoever works on the product sees a change without starting anything again.

Processes of the product start anew when a source changes; the web process builds the pages first where they changed. What
cannot start says why and waits for the next change. Simulators stay as they are: they hold the world outside.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from watchfiles import DefaultFilter, watch

from hocba_app.processes import ROOT, Child, say

SOURCES = (ROOT / "hocba_app", ROOT / "assets", ROOT / "migrations", ROOT / "rxconfig.py")
LOOK_MILLISECONDS = 500


class _Sources(DefaultFilter):
    """Sources, and nothing that a build or an editor leaves."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, "external")


def restart_on_change(
    children: Sequence[Child],
    stop: threading.Event,
    check: Callable[[], None],
    sources: Iterable[Path] = SOURCES,
) -> None:
    """Start children again whenever a source changes, until asked to stop.

    Args:
        children: of the product; no longer restarted by their family.
        check: called every half second: how the other children are.

    Raises:
        HocbaError: what ``check`` raises.
    """
    for child in children:
        child.watched = False
    reported: set[int] = set()
    for changes in watch(
        *sources, watch_filter=_Sources(), stop_event=stop, rust_timeout=LOOK_MILLISECONDS, yield_on_timeout=True
    ):
        if changes:
            _restart(children, sorted({Path(path).name for _, path in changes}))
        for child in children:
            if child.process.poll() is not None and child.process.pid not in reported:
                reported.add(child.process.pid)
                say(f"{child.failure().sentence} Sửa tệp rồi lưu, tiến trình sẽ chạy lại. / Save a mended file.")
        check()


def _restart(children: Sequence[Child], changed: list[str]) -> None:
    more = f" (+{len(changed) - 3})" if len(changed) > 3 else ""
    say(f"Đã đổi: {', '.join(changed[:3])}{more}. Khởi động lại… / Changed: restarting…")
    for child in children:
        child.stop()
    for child in children:
        child.start()
    say(
        "Đã chạy lại; giao diện có đổi thì được dựng trước, mất khoảng một phút. / Running again; changed pages are built first."
    )
