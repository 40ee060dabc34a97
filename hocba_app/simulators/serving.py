"""Run a simulator's application on a bound socket: the port is known before anything is made for it."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.types import ASGIApp


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0: the system chooses one.

    Raises:
        OSError: the port is taken.
    """
    # The protocol is named, or asyncio leaves Nagle on for accepted connections: 40 ms a request on a kept connection.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(256)
    return listener


def server(app: ASGIApp) -> uvicorn.Server:
    """A server that logs nothing of a request: request lines carry personal ids."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a connection cut on purpose is no error here
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="critical",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    server(app).run(sockets=[listener])
