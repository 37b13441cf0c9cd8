"""Open the studio, on a project if one is named."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import shown
from tempstudio.cli.plugin_access import check_developed
from tempstudio.core.errors import InputError

EXAMPLE = "tempstudio open"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project."""
    parser.add_argument(
        "project",
        nargs="?",
        metavar="PROJECT",
        help="a .tempstudio file (default: the last one, else the first sample)",
    )
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")
    parser.add_argument(
        "--develop",
        action="append",
        default=[],
        metavar="PATH",
        help="run a plugin's file or folder as it is, and again whenever it is saved",
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """Open the window; returns when it is closed."""
    if arguments.project is not None:
        _check(arguments.project)
    check_developed(arguments.develop, arguments.safe_mode)
    if not has_display():
        raise InputError(
            "open: there is no display (DISPLAY and WAYLAND_DISPLAY are not set); "
            "`tempstudio run` and `tempstudio render` need none"
        )
    try:
        from tempstudio.gui import app
    except ImportError as error:
        raise InputError(
            f"open: Qt cannot start here ({error}); `make run` names the libraries that are "
            "missing, and `tempstudio run` needs none of them"
        ) from None
    status = app.open_studio(arguments.project, arguments.safe_mode, tuple(arguments.develop))
    return Answer({"opened": arguments.project}, "", status)


def _check(text: str) -> None:
    """A file that is not there is told of before any window opens."""
    path = Path(text)
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if not there or not text:
        found = "a folder" if text and path.is_dir() else "no such file"
        raise InputError(f"open: {shown(text)}: {found}, expected a .tempstudio file")


def has_display() -> bool:
    """Whether a window can be shown, as far as the environment tells.

    Qt ends the process where it finds no display, so it had better not be asked.
    """
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)
