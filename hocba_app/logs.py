"""How the product speaks to its operator: one line an event on standard error, tracebacks without the values of variables.

A variable of ours may hold a pupil's name; a log never does.
"""

from __future__ import annotations

import logging
import sys
import threading
import time

import structlog

MAX_LINE = 500
"""Letters of what a browser says of itself."""
MAX_RECORD = 6_000
"""Letters of one record of a library: room for a traceback, not for a megabyte that a stranger sent."""
PER_MINUTE = 60
"""Records of libraries; what comes on top is counted."""
_SOCKETS = ("socketio", "engineio")
_LIBRARIES = ("reflex", *_SOCKETS)


def one_line(text: str, longest: int = MAX_LINE) -> str:
    """Text from outside as one printable line of at most ``longest`` letters."""
    cut = text[:longest]
    return "".join(letter if letter.isprintable() else " " for letter in cut) + ("…" if len(text) > longest else "")


def frontend_defect(exception: Exception) -> None:
    """Note what a browser reported."""
    if (left_out := _frontend.admit()) is not None:
        structlog.get_logger().error("page.defect", said=one_line(str(exception)), left_out=left_out)


class _Budget:
    """So many records a minute; the next one let pass tells how many were not."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._began, self._count, self._left_out = 0.0, 0, 0

    def admit(self) -> int | None:
        """How many were left out since the last one, or None for a record that is one too many."""
        with self._lock:
            now = time.monotonic()
            if now - self._began > 60:
                self._began, self._count = now, 0
            self._count += 1
            if self._count > self._most:
                self._left_out += 1
                return None
            left_out, self._left_out = self._left_out, 0
            return left_out


_frontend, _libraries, _sockets = _Budget(20), _Budget(PER_MINUTE), _Budget(20)


def socket_refused(kind: str) -> None:
    """Note that a connection ended because of what came over it."""
    if (left_out := _sockets.admit()) is not None:
        structlog.get_logger().warning("socket.refused", kind=kind, left_out=left_out)


class _Bounded(logging.Handler):
    """What the framework logs, as one bounded line each: clients can put whatever they send into its words."""

    def emit(self, record: logging.LogRecord) -> None:
        left_out = _libraries.admit()
        if left_out is None:
            return
        if record.exc_info and record.name.startswith(_SOCKETS):
            # What a stranger's bytes did to their parsers: our own handlers' errors are told by Reflex.
            record.msg, record.args = f"{record.getMessage()}: {getattr(record.exc_info[0], '__name__', '')}", ()
            record.exc_info = record.exc_text = None
        said = self.format(record)
        if len(said) > MAX_RECORD:  # a traceback says at its end what happened
            said = f"{said[: MAX_RECORD // 2]} … {said[-MAX_RECORD // 2 :]}"
        lines = (one_line(line, MAX_RECORD) for line in said.splitlines())
        structlog.get_logger().error(record.name, said="\n".join(lines), left_out=left_out)


class _StandardError:
    """Standard error as it is when something is written: who replaces it for a while must not leave us a closed file."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure() -> None:
    """Set up structlog for this process. Repeating it changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(_StandardError()),  # type: ignore[arg-type] # writes to whatever stderr is now
        cache_logger_on_first_use=False,
    )
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        if not any(isinstance(handler, _Bounded) for handler in library.handlers):
            library.addHandler(_Bounded(logging.WARNING))
    for name in _SOCKETS:  # one without a level gets a handler of the library's own, which has no bounds
        logging.getLogger(f"{name}.server").setLevel(logging.ERROR)
