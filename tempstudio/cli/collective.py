"""Time of one collective on a group of dies, and the bound that none can beat."""

from __future__ import annotations

import argparse

from tempstudio.cli.terminal import write_json
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio collective all-gather --group 4x8 --bytes 1e9"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Operation, group, size and network."""
    parser.add_argument("op", metavar="OP", help="all-reduce, all-gather, reduce-scatter, ...")
    parser.add_argument("--group", required=True, metavar="RxC|ring:N|line:N")
    parser.add_argument(
        "--bytes",
        required=True,
        type=float,
        metavar="N",
        help="the full gathered or reduced vector (all-to-all: what each die holds)",
    )
    parser.add_argument("--algorithm", metavar="NAME", help="the best when none is given")
    parser.add_argument("--link-bandwidth", type=float, metavar="B/s")
    parser.add_argument("--latency", type=float, metavar="s", help="of one hop")


def execute(arguments: argparse.Namespace) -> int:
    """Print time and bound, or the document."""
    from tempstudio.core.collectives import collective_report

    report = collective_report(
        arguments.op,
        arguments.group,
        arguments.bytes,
        algorithm=arguments.algorithm,
        link_bytes_per_s=arguments.link_bandwidth,
        latency_s=arguments.latency,
    )
    if arguments.json:
        write_json(report)
        return 0
    print(
        f"{arguments.op} of {figures.byte_count(arguments.bytes)} on {arguments.group} by "
        f"{report['algorithm']}: {figures.seconds(report['time_s'])} in {report['steps']} "
        f"steps; no algorithm is faster than {figures.seconds(report['bound_s'])}"
    )
    return 0
