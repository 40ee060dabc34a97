"""Where an installation keeps pupils' data."""

from __future__ import annotations

from pathlib import Path

from hocba_app.models.schema_check import database_file
from hocba_app.settings import Settings


def data_places(settings: Settings) -> list[Path]:
    """Files and folders of pupils' data, which nobody but the service's user may open."""
    folder = settings.documents_folder()
    found = [folder] if folder is not None else []
    if file := database_file(settings.database_url):
        found += [file, *(file.with_name(file.name + other) for other in ("-wal", "-shm"))]
    return found
