"""The command line: `tempstudio COMMAND ...` (docs/commands.md lists every command and flag)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tempstudio.cli.commands import dispatch


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command (of this process's command line unless `argv` is given); its exit status."""
    if argv is None:
        return dispatch(sys.argv[1:], as_program=True)
    return dispatch(argv)
