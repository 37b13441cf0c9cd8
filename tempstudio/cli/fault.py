"""The report that a fault of the program, or of a plugin, leaves behind."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path


def one_line(error: BaseException) -> str:
    """What failed: the program, or which plugin in which hook."""
    if hasattr(error, "plugin") and hasattr(error, "hook"):
        return " ".join(str(error).split())
    said = " ".join(str(error).split())[:200]
    kind = type(error).__name__
    return (
        f"a fault of the program ({kind}: {said})" if said else f"a fault of the program ({kind})"
    )


def write_report(error: BaseException, words: Sequence[str]) -> Path | None:
    """Write what was asked, on what, and the traceback; where it lies, None where it cannot be."""
    inside = getattr(error, "traceback", "")
    text = "\n".join(
        [
            "TempStudio fault report",
            f"command: tempstudio {' '.join(words)}",
            f"python: {platform.python_version()} on {platform.platform()}",
            "",
            *([inside] if isinstance(inside, str) and inside else []),
            *traceback.format_exception(error),
        ]
    )
    name = time.strftime(f"fault-%Y%m%d-%H%M%S-{os.getpid()}.txt")
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return path
    return None


def _folders() -> tuple[Path, ...]:
    from platformdirs import user_log_path

    return user_log_path("tempstudio", appauthor=False), Path(tempfile.gettempdir())
