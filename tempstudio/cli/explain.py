"""What a term means: one sentence, the formula, and where it is defined."""

from __future__ import annotations

import argparse

from tempstudio.cli.terminal import write_json
from tempstudio.core.errors import InputError

EXAMPLE = "tempstudio explain contention factor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The term, in one word or several."""
    parser.add_argument("word", nargs="*", metavar="WORD", help="the term; none lists them all")


def execute(arguments: argparse.Namespace) -> int:
    """Print the term, or all terms."""
    from tempstudio.glossary import find_term, terms

    if not arguments.word:
        names = [term.term for term in terms()]
        if arguments.json:
            write_json({"terms": names})
        else:
            print("\n".join(names))
        return 0
    word = " ".join(arguments.word)
    term = find_term(word)
    if term is None:
        names = ", ".join(found.term for found in terms())
        raise InputError(f"explain: found {word!r}, allowed: {names}")
    if arguments.json:
        write_json({"term": term.term, "sentence": term.sentence, "formula": term.formula,
                    "section": term.section})
        return 0
    print(f"{term.term}: {term.sentence}")
    if term.formula:
        print(f"  {term.formula}")
    print(f"  ({term.section})")
    return 0
