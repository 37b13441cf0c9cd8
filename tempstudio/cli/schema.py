"""The JSON Schema of one of the file formats."""

from __future__ import annotations

import argparse

from tempstudio.cli.terminal import write_json
from tempstudio.core.errors import InputError

EXAMPLE = "tempstudio schema project"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The format's name."""
    parser.add_argument("name", metavar="project|graph|machine|flows|sweep")


def execute(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    from tempstudio.storage import schema, schema_names

    if arguments.name not in schema_names():
        raise InputError(f"schema: found {arguments.name!r}, allowed: {', '.join(schema_names())}")
    write_json(schema(arguments.name))
    return 0
