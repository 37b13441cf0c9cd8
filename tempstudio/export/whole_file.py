"""Files that are there whole or not at all, whatever interrupts their writing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tempstudio.core.errors import InputError


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """A name beside `path` to write to; afterwards the file has its own name, or is gone.

    `InputError` where the folder does not exist or nothing can be written there.
    """
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise InputError(f"--out: the folder {str(path.parent)!r} does not exist")
    # The suffix stays: writers of movies go by it.
    part = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"--out: {str(path)!r}: {reason}") from error
    finally:
        with suppress(OSError):
            part.unlink()
