"""What is kept on disk: project files, their schemas and migrations, recovery, settings."""

from __future__ import annotations

from tempstudio.storage.project_document import project_from_document, project_to_document
from tempstudio.storage.project_file import (
    ChangedOnDisk,
    FileStamp,
    ProjectFile,
    load,
    read_json,
    read_project_file,
    save,
    stamp_of,
)
from tempstudio.storage.schema import SCHEMAS, schema, schema_names

__all__ = [
    "SCHEMAS",
    "ChangedOnDisk",
    "FileStamp",
    "ProjectFile",
    "load",
    "project_from_document",
    "project_to_document",
    "read_json",
    "read_project_file",
    "save",
    "schema",
    "schema_names",
    "stamp_of",
]
