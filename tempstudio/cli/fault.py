"""The report that a fault of the program leaves behind."""

from __future__ import annotations

import platform
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import platformdirs


def write_report(error: BaseException, words: Sequence[str]) -> Path:
    """Write what was asked, on what, and the traceback; return where it lies."""
    text = "\n".join(
        [
            "TempStudio fault report",
            f"command: tempstudio {' '.join(words)}",
            f"python: {platform.python_version()} on {platform.platform()}",
            "",
            *traceback.format_exception(error),
        ]
    )
    name = time.strftime("fault-%Y%m%d-%H%M%S.txt")
    for folder in (Path(platformdirs.user_log_dir("tempstudio")), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return Path(name)
