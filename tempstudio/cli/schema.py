"""The JSON Schema of one of the file formats."""

from __future__ import annotations

import argparse
import json

from tempstudio.cli.answer import Answer

EXAMPLE = "tempstudio schema machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The format's name."""
    parser.add_argument("name", metavar="project|graph|machine|flows|sweep", help="the file format")


def execute(arguments: argparse.Namespace) -> Answer:
    """The schema, complete in itself."""
    from tempstudio.storage.schema import schema

    document = schema(arguments.name)
    return Answer(document, lambda: json.dumps(document, indent=2, ensure_ascii=False))
