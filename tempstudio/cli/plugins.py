"""The plugins that are there, what they offer, and what failed."""

from __future__ import annotations

import argparse
import sys

from tempstudio.cli.terminal import table, write_json

EXAMPLE = "tempstudio plugins"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether others than the built-ins are asked."""
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")


def execute(arguments: argparse.Namespace) -> int:
    """Print what each plugin offers; failures in full with --debug."""
    from tempstudio.catalogue import catalogue
    from tempstudio.plugin_host import Host

    host = Host(safe_mode=arguments.safe_mode)
    document = catalogue(host)
    if arguments.json:
        write_json(document)
        return 0
    rows = [
        (kind, row["name"], row["plugin"], row["version"], row["summary"])
        for kind, offers in document["kinds"].items()
        for row in offers
    ]
    print(table(("kind", "name", "plugin", "version", "what it does"), rows))
    for failure in host.failures:
        print(f"failed: {failure}", file=sys.stderr)
        if arguments.debug:
            print(failure.traceback, file=sys.stderr)
    return 0
