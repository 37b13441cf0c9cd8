"""Operators, parameters and FLOP of a model."""

from __future__ import annotations

import argparse
from typing import Any

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import field_of
from tempstudio.cli.plugin_access import add_plugin_flags, host_of
from tempstudio.cli.table import table
from tempstudio.core.workload import TrainingJob
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio model llama3-70b --seq 4096"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and the sequence length that FLOP are counted for."""
    parser.add_argument(
        "model",
        metavar="PRESET|config.json",
        help="a preset's name, a Hugging Face configuration (or its folder), a JSON graph",
    )
    parser.add_argument(
        "--seq",
        type=field_of(TrainingJob, "seq_len"),
        metavar="N",
        help="tokens of a sequence (default: the model's longest)",
    )
    add_plugin_flags(parser)


def execute(arguments: argparse.Namespace) -> Answer:
    """The model's operators."""
    from tempstudio.cli.model_source import load_model
    from tempstudio.core.model_report import describe_model

    model = load_model(arguments.model, host_of(arguments))
    report = describe_model(model, arguments.seq)
    return Answer(report, lambda: _text(report))


def _text(report: dict[str, Any]) -> str:
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
    return "\n".join(
        [
            f"{report['name']}: {report['parameters']:,} parameters, "
            f"{report['active_parameters']:,} active, {figures.plural(report['layers'], 'layer')}",
            table(columns, rows),
            f"forward pass of one sequence of {report['seq_len']:,} tokens: "
            f"{figures.flop(report['flop'])}; an operator's figures are those of one copy",
        ]
    )
