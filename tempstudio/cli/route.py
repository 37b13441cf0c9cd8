"""Route explicit flows over a machine's links and set the result beside the bound."""

from __future__ import annotations

import argparse
from pathlib import Path

from tempstudio.cli.terminal import write_json
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio route flows.json --mapper traffic-conscious"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flow file, the mapper and whether a flow may be split."""
    parser.add_argument("flows", metavar="FLOWS.json", help="a machine and its flows")
    parser.add_argument(
        "--mapper", default="traffic-conscious", metavar="NAME", help="whose routes"
    )
    parser.add_argument("--single-path", action="store_true", help="one path a flow")


def execute(arguments: argparse.Namespace) -> int:
    """Print load, bound and time, or the document."""
    from tempstudio.core.routing import route_report
    from tempstudio.storage import read_json

    document = read_json(Path(arguments.flows))
    report = route_report(document, mapper=arguments.mapper, single_path=arguments.single_path)
    if arguments.json:
        write_json(report)
        return 0
    ratio = report["max_link_bytes"] / report["bound_bytes"] if report["bound_bytes"] else 1.0
    print(
        f"{len(report['flows'])} flows: the busiest link carries "
        f"{figures.byte_count(report['max_link_bytes'])}, {ratio:.3g} times the bound of "
        f"{figures.byte_count(report['bound_bytes'])}; {figures.seconds(report['time_s'])}, "
        f"contention factor {report['contention_factor']:.3g}"
    )
    return 0
