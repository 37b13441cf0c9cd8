"""The plugins that a command works with."""

from __future__ import annotations

import argparse
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host


def add_safe_mode(parser: argparse.ArgumentParser) -> None:
    """`--safe-mode`."""
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")


def host_for(safe_mode: bool, project: str | None = None) -> Host:
    """Installed plugins, and the trusted ones of the user's folder and of the project's."""
    beside = Path(project).absolute().parent / "plugins" if project else None
    return _host(safe_mode, beside)


@lru_cache(maxsize=4)
def _host(safe_mode: bool, beside: Path | None) -> Host:
    from tempstudio.plugin_files import user_folder
    from tempstudio.plugin_host import Host

    folders = [user_folder()] if beside is None else [user_folder(), beside]
    return Host(safe_mode=safe_mode, folders=folders)
