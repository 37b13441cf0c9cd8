"""Time of one collective on a group of dies, and the bound that none can beat."""

from __future__ import annotations

import argparse

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import number
from tempstudio.core.errors import InputError
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio collective all-gather --group 4x8 --bytes 1e9"
MOST = 1e30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Operation, group, size and network."""
    parser.add_argument(
        "op", metavar="OP", help="all-reduce, all-gather, reduce-scatter or all-to-all"
    )
    parser.add_argument(
        "--group",
        required=True,
        metavar="RxC|ring:N|line:N",
        help="a mesh of dies, or N dies on a physical ring or line",
    )
    parser.add_argument(
        "--bytes",
        required=True,
        type=number(0, MOST),
        metavar="N",
        help="the full gathered or reduced vector (all-to-all: what each die holds)",
    )
    parser.add_argument("--algorithm", metavar="NAME", help="the best when none is given")
    parser.add_argument(
        "--link-bandwidth",
        type=number(0, MOST, above=True),
        metavar="B/s",
        help="of one direction (default 4e12)",
    )
    parser.add_argument(
        "--latency", type=number(0, 1e6), metavar="s", help="of one hop (default 200e-9)"
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """Time, bound, algorithm and steps."""
    from tempstudio.core.collectives import collective_report

    try:
        report = collective_report(
            arguments.op,
            arguments.group,
            arguments.bytes,
            algorithm=arguments.algorithm,
            link_bytes_per_s=arguments.link_bandwidth,
            latency_s=arguments.latency,
        )
    except InputError as error:
        raise InputError(_named(str(error))) from None
    text = (
        f"{arguments.op} of {figures.byte_count(arguments.bytes)} on {arguments.group} by "
        f"{report['algorithm']}: {figures.seconds(report['time_s'])} in "
        f"{figures.plural(report['steps'], 'step')}; no algorithm is faster than "
        f"{figures.seconds(report['bound_s'])}"
    )
    return Answer(report, text)


def _named(message: str) -> str:
    """The core's name of a parameter as the flag's."""
    for word in ("group", "algorithm", "bytes"):
        if message.startswith(f"{word}:"):
            return f"--{message}"
    return message
