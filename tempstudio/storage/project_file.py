"""Project files: read within limits, written atomically, watched for changes by others."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import MAX_BYTES, MAX_VALUES, parse
from tempstudio.core.project import Project
from tempstudio.storage.atomic import saying, write_bytes, write_text
from tempstudio.storage.json_layout import laid_out
from tempstudio.storage.migrations import VERSION, version_of
from tempstudio.storage.project_document import (
    project_from_document,
    project_to_document,
    read_needs,
)

SUFFIX = ".tempstudio"


class ChangedOnDisk(InputError):
    """The file is not as it was when it was last read or written here."""


@dataclass(frozen=True)
class FileStamp:
    """What tells one state of a file from another."""

    modified_ns: int
    bytes: int
    inode: int


@dataclass(frozen=True)
class ProjectFile:
    """What a project file holds: the project, its last plan, the plugins it needs, its version."""

    project: Project
    plan: dict[str, Any] | None
    needs: tuple[dict[str, str], ...]
    version: int
    stamp: FileStamp


def stamp_of(path: Path) -> FileStamp | None:
    """The present state of a file, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileStamp(found.st_mtime_ns, found.st_size, found.st_ino)


def load(path: str | Path) -> Project:
    """The project in a file; `InputError` names the file and the key that is wrong."""
    return read_project_file(Path(path)).project


def read_json(path: str | Path) -> Any:
    """The document in a JSON file, strictly read; `InputError` in one line where it is none."""
    content, _ = _content(Path(path))
    return parse(content, str(path))


def read_project_file(path: Path) -> ProjectFile:
    """Everything in a project file.  Nothing is executed and nothing is written."""
    content, stamp = _content(path)
    where = path.name
    document = parse(content, where)
    project = project_from_document(document, where)
    plan = document.get("plan")
    return ProjectFile(
        project=project,
        plan=plan if isinstance(plan, dict) else None,
        needs=read_needs(document.get("needs")),
        version=version_of(document),
        stamp=stamp,
    )


def _content(path: Path) -> tuple[bytes, FileStamp]:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a file"
            raise InputError(f"{path}: found {kind}, expected a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        reason = saying(error) if isinstance(error, OSError) else str(error)
        missing = isinstance(error, FileNotFoundError)
        raise InputError(f"{path}: {'no such file' if missing else reason}") from None
    return content, FileStamp(found.st_mtime_ns, found.st_size, found.st_ino)


def save(
    project: Project,
    path: str | Path,
    plan: dict[str, Any] | None = None,
    needs: Sequence[dict[str, str]] | None = None,
    expected: FileStamp | None = None,
) -> FileStamp:
    """Write a project file: at any moment it is the old one or the new one.

    `needs` are the foreign plugins that the file names (None: those that it has named before).
    `expected` is the stamp that the file had when it was last read or written here; if another
    program has changed it since, `ChangedOnDisk` is raised and nothing written.  A file of an older
    version is kept as `NAME.bak`.  `InputError` in one line where it cannot be written; returns
    the new stamp.
    """
    path = Path(path)
    present = stamp_of(path)
    if expected is not None and present is not None and present != expected:
        raise ChangedOnDisk(f"{path}: changed by another program since it was read")
    text = document_text(project_to_document(project, plan, needs), str(path))
    if present is not None:
        _keep_older(path)
    write_text(path, text)
    written = stamp_of(path)
    if written is None:
        raise InputError(f"{path}: gone just after it was saved")
    return written


def document_text(document: dict[str, Any], where: str) -> str:
    """A project document as the text of its file; `InputError` where it could not be read again."""
    try:
        text = laid_out(document)
    except ValueError as error:
        raise InputError(f"{where}: not saved: {error}") from None
    values = text.count("{") + text.count("[") + text.count(",")
    if len(text.encode()) > MAX_BYTES or values > MAX_VALUES:
        raise InputError(
            f"{where}: not saved: larger than the {MAX_BYTES / 1e6:g} MB or {MAX_VALUES:,} values "
            "that a project may have; remove kept runs"
        )
    return text


def _keep_older(path: Path) -> None:
    """Copy a project file of an older version to `NAME.bak` before it is written over."""
    try:
        content, _ = _content(path)
        older = version_of(parse(content, path.name)) < VERSION
    except InputError:
        return  # no project file: the person has chosen to replace it
    if older:
        write_bytes(path.with_name(path.name + ".bak"), content)
