"""Route explicit flows over a machine's links and set the result beside the bound."""

from __future__ import annotations

import argparse
from typing import Any

from tempstudio.cli.answer import Answer
from tempstudio.cli.machine_flag import passed_over
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.core.errors import InputError
from tempstudio.core.machine import machine_from_json
from tempstudio.scene import format as figures

EXAMPLE = (
    """echo '{"machine": {"rows": 2, "cols": 3}, "flows": ["""
    """{"source": [0, 0], "target": [1, 2], "bytes": 1e9}]}' | tempstudio route -"""
)
STDIN = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flow file, the mapper and whether a flow may be split."""
    parser.add_argument(
        "flows", metavar="FLOWS.json", help="a machine and its flows; - reads them from stdin"
    )
    parser.add_argument(
        "--mapper", default="traffic-conscious", metavar="NAME", help="whose routes"
    )
    parser.add_argument("--single-path", action="store_true", help="one path a flow")


def execute(arguments: argparse.Namespace) -> Answer:
    """Load, bound and time."""
    document = _document(arguments.flows)
    from tempstudio.core.routing import route_report

    try:
        with progress_bar() as progress:
            report = route_report(
                document,
                mapper=arguments.mapper,
                single_path=arguments.single_path,
                progress=progress,
            )
    except InputError as error:
        text = str(error)
        where = "--" if text.startswith("mapper:") else f"{_name(arguments.flows)}: "
        raise InputError(f"{where}{text}") from None
    found = document["machine"]
    notes = passed_over(f"{_name(arguments.flows)}: machine", found, machine_from_json(found))
    return Answer(report, lambda: _text(report), notes=notes)


def _name(source: str) -> str:
    return "stdin" if source == STDIN else source


def _document(source: str) -> Any:
    if source == STDIN:
        import sys

        from tempstudio.core.json_text import MAX_BYTES, parse

        if sys.stdin is None:
            raise InputError("stdin: closed, expected a machine and its flows")
        return parse(sys.stdin.buffer.read(MAX_BYTES + 1), "stdin")
    from tempstudio.storage import read_json

    return read_json(source)


def _text(report: dict[str, Any]) -> str:
    load, bound = report["max_link_bytes"], report["bound_bytes"]
    ratio = f", {load / bound:.3g} times the bound of {figures.byte_count(bound)}" if bound else ""
    return (
        f"{figures.plural(len(report['flows']), 'flow')}: the busiest link carries "
        f"{figures.byte_count(load)}{ratio}; {figures.seconds(report['time_s'])}, "
        f"contention factor {figures.digits(report['contention_factor'])}"
    )
