"""The command line: `tempstudio COMMAND ...` (docs/commands.md lists every command and flag)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command (of this process's command line unless `argv` is given); its exit status."""
    if argv is not None:
        from tempstudio.cli.commands import dispatch

        return dispatch(argv)
    try:
        from tempstudio.cli.commands import dispatch

        status = dispatch(sys.argv[1:], as_program=True)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        # Where Ctrl+C came while a string was being executed (dataclasses do so when imported),
        # Python would end with a status of its own.
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        os._exit(INTERRUPTED)
    return status
