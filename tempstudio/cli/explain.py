"""What a term means: one sentence, the formula, and where it is defined."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from tempstudio.cli.answer import Answer

EXAMPLE = "tempstudio explain contention factor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The term, in one word or several."""
    parser.add_argument("word", nargs="*", metavar="WORD", help="the term; none lists them all")


def execute(arguments: argparse.Namespace) -> Answer:
    """The term, or all terms."""
    from tempstudio import glossary

    if not arguments.word:
        names = [entry.term for entry in glossary.entries()]
        return Answer({"terms": names}, "\n".join(names))
    entry = glossary.explain(" ".join(arguments.word))
    unit = f" [{entry.unit}]" if entry.unit else ""
    lines = [f"{entry.term}{unit}: {entry.sentence}"]
    lines += [f"  {entry.formula}"] if entry.formula else []
    lines += [f"  ({entry.spec} in docs/model.md)"] if entry.spec else []
    return Answer(asdict(entry), "\n".join(lines))
