"""Writing a file so that it is always the old one or the new one, whenever the power goes."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from pathlib import Path

from tempstudio.core.errors import InputError

_STALE_S = 60.0
_SAYINGS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "writing there is not permitted",
    errno.EPERM: "writing there is not permitted",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "the folder does not exist",
    errno.EISDIR: "that is a folder",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EFBIG: "the file would be larger than allowed",
}


def write_text(path: Path, text: str) -> None:
    """Replace (or create) a file by this text, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace (or create) a file by this content.

    Written to a file beside it, flushed to the disk, then renamed over it.  Permissions of an
    existing file are kept, a symbolic link goes on pointing where it did.  `InputError` with one
    line where that cannot be done; the old file is untouched then.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        _write_part(part, content, _mode(target))
        part.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise InputError(f"{path}: not saved: {saying(error)}") from None
    _sweep(target)


def saying(error: OSError) -> str:
    """What went wrong with a file, in words.

    >>> saying(OSError(errno.ENOSPC, ""))
    'the disk is full'
    """
    return _SAYINGS.get(error.errno or 0) or (error.strerror or str(error)).lower()


def _mode(target: Path) -> int | None:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None


def _write_part(part: Path, content: bytes, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(part, flags, 0o666 if mode is None else 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Have the rename itself on the disk, where folders can be flushed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(target: Path) -> None:
    """Remove what killed processes left of earlier attempts at the same file."""
    with contextlib.suppress(OSError):
        for part in target.parent.glob(f".{glob_escaped(target.name)}.*.part"):
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > _STALE_S:
                    part.unlink()


def glob_escaped(name: str) -> str:
    """A file's name as a pattern that matches only itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
