"""The command line: `tempstudio COMMAND ...` (SURFACE.md lists every command and exit status)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tempstudio.cli.commands import dispatch


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return dispatch(list(sys.argv[1:] if argv is None else argv))
