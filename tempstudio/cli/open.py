"""Open the studio, on a project if one is named."""

from __future__ import annotations

import argparse

from tempstudio.core.errors import InputError

EXAMPLE = "tempstudio open sample_projects/llama2-7b-6x8.tempstudio"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project."""
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="a .tempstudio file")
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")


def execute(arguments: argparse.Namespace) -> int:
    """Open the window; returns when it is closed."""
    try:
        from tempstudio.gui import app
    except ImportError as error:
        raise InputError(
            f"open: Qt cannot start here ({error}); `make run` names the libraries that are "
            "missing, and `tempstudio run` needs none of them"
        ) from None
    return app.open_studio(arguments.project, safe_mode=arguments.safe_mode)
