"""A model's file as bytes, never more of it than a reader would take."""

from __future__ import annotations

from pathlib import Path

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import MAX_BYTES


def printable(text: object) -> str:
    """A path or name as one line that any terminal and any JSON file can hold.

    >>> printable("a\\nb.json")
    'a?b.json'
    """
    return "".join(char if char.isprintable() else "?" for char in str(text))


def model_file(path: Path) -> Path:
    """The file that a path stands for: itself, or the `config.json` of a folder.

    Raises `InputError` where there is none.
    """
    where = printable(path)
    inside = path / "config.json"
    try:
        for file in (path, inside):
            if file.is_file():
                return file
        folder, there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:  # a name too long, a null character, a closed folder
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{where}: cannot be read: {reason}") from None
    if folder:
        raise InputError(f"{where}: the folder holds no config.json")
    raise InputError(f"{where}: {'not a file' if there else 'there is no such file'}")


def read_capped(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The file's bytes; one more than `max_bytes` at most, which `json_text.parse` then refuses."""
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be read: {error.strerror}") from None
