"""Operators, parameters and FLOP of a model."""

from __future__ import annotations

import argparse

import tempstudio
from tempstudio.cli.terminal import table, write_json
from tempstudio.core.model_report import describe_model
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio model llama3-70b"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and the sequence length that FLOP are counted for."""
    parser.add_argument("model", metavar="PRESET|config.json", help="the model")
    parser.add_argument("--seq", type=int, metavar="N", help="tokens of a sequence")


def execute(arguments: argparse.Namespace) -> int:
    """Print the operators, or the document."""
    report = describe_model(tempstudio.load_model(arguments.model), arguments.seq)
    if arguments.json:
        write_json(report)
        return 0
    print(
        f"{report['name']}: {report['parameters']:,} parameters, "
        f"{report['active_parameters']:,} active, {report['layers']} layers"
    )
    rows = [
        (
            row["name"],
            row["kind"],
            " x ".join(map(str, row["shape"])),
            f"{row['parameters']:,}",
            figures.flop(row["flop"]),
            str(row["repeat"]),
        )
        for row in report["operators"]
    ]
    columns = ("operator", "kind", "shape", "parameters", "forward", "repeat")
    print(table(columns, rows))
    print(f"forward FLOP of one sequence of {report['seq_len']} tokens")
    return 0
