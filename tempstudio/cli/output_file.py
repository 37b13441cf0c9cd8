"""A file that a flag names for writing, looked at before the work and not after it."""

from __future__ import annotations

import os
from pathlib import Path

from tempstudio.cli.arguments import shown
from tempstudio.core.errors import InputError


def output_file(flag: str, text: str, suffixes: tuple[str, ...] = ()) -> Path:
    """The path, where it can be written; `InputError` names the flag and what stands in the way."""
    path = Path(text)
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{flag}: found {shown(text)}, allowed: a file {', '.join(suffixes)}")
    try:
        folder = path.absolute().parent
        if not text or path.is_dir():
            raise InputError(f"{flag}: found {shown(text)}, expected a file's name")
        if not folder.is_dir():
            raise InputError(f"{flag}: the folder {shown(str(folder))} does not exist")
        target = path if path.exists() else folder
        if not os.access(target, os.W_OK):
            raise InputError(f"{flag}: writing {shown(text)} is not permitted")
    except OSError as error:
        raise InputError(
            f"{flag}: {shown(text)}: {(error.strerror or str(error)).lower()}"
        ) from None
    return path


def make_folder(flag: str, path: Path) -> None:
    """A folder to write into, made where it is not there; `InputError` names the flag and why."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        permitted = os.access(path, os.W_OK)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{flag}: {shown(str(path))}: {reason}") from None
    if not permitted:
        raise InputError(f"{flag}: writing into {shown(str(path))} is not permitted")


def name_of(path: Path) -> str:
    """A path as JSON and any terminal can hold it (one that is not UTF-8 loses these letters).

    >>> name_of(Path("wafer.svg"))
    'wafer.svg'
    """
    return os.fsencode(path).decode("utf-8", "replace")
