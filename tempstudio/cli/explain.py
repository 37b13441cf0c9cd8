"""What a term means: one sentence, the formula, and where it is defined."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from tempstudio.cli.terminal import write_json

EXAMPLE = "tempstudio explain contention factor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The term, in one word or several."""
    parser.add_argument("word", nargs="*", metavar="WORD", help="the term; none lists them all")


def execute(arguments: argparse.Namespace) -> int:
    """Print the term, or all terms."""
    from tempstudio import glossary

    if not arguments.word:
        names = [entry.term for entry in glossary.entries()]
        if arguments.json:
            write_json({"terms": names})
        else:
            print("\n".join(names))
        return 0
    entry = glossary.explain(" ".join(arguments.word))
    if arguments.json:
        write_json(asdict(entry))
        return 0
    unit = f" [{entry.unit}]" if entry.unit else ""
    print(f"{entry.term}{unit}: {entry.sentence}")
    if entry.formula:
        print(f"  {entry.formula}")
    if entry.spec:
        print(f"  ({entry.spec})")
    return 0
