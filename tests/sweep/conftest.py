"""Sweeps on 2 x 2 dies and a model of one layer, whose points take milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.progress import Progress
from tempstudio.plugin_host import shared_host
from tempstudio.sweep import Outcome, Sweep, run_sweep, sweep_from_document

TINY_GRAPH = {
    "name": "tiny",
    "hidden": 64,
    "vocabulary": 256,
    "max_seq_len": 128,
    "blocks": [
        {
            "name": "layer",
            "repeat": 2,
            "operators": [
                {"name": "norm", "kind": "norm", "out_features": 64, "parameters": 64},
                {
                    "name": "qkv",
                    "kind": "linear",
                    "inputs": ["norm"],
                    "in_features": 64,
                    "out_features": 192,
                    "parameters": 64 * 192,
                    "role": "column",
                },
                {
                    "name": "attention",
                    "kind": "attention",
                    "inputs": ["qkv"],
                    "out_features": 64,
                    "heads": 4,
                    "kv_heads": 4,
                    "head_dim": 16,
                    "value_dim": 16,
                },
                {
                    "name": "up",
                    "kind": "linear",
                    "inputs": ["attention"],
                    "in_features": 64,
                    "out_features": 256,
                    "parameters": 64 * 256,
                    "role": "column",
                },
                {
                    "name": "down",
                    "kind": "linear",
                    "inputs": ["up"],
                    "in_features": 256,
                    "out_features": 64,
                    "parameters": 64 * 256,
                    "role": "row",
                },
            ],
        }
    ],
}
BASE = {
    "model": "tiny.json",
    "machine": {"rows": 2, "cols": 2},
    "job": {"global_batch": 4, "seq_len": 64},
}

AXES = {"parallel.stream": [1, 2, 4], "job.global_batch": [4, 8]}
COLUMNS = ["time_s.compute", "links.max_load_bytes"]

MakeSweep = Callable[..., Sweep]


def write_model(folder: Path) -> Path:
    (folder / "tiny.json").write_text(json.dumps(TINY_GRAPH))
    return folder


def make_sweep(folder: Path, axes: dict[str, Any], **more: Any) -> Sweep:
    document = {"base": BASE, "axes": axes, **more}
    return sweep_from_document(document, folder, shared_host)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the tiny model."""
    return write_model(tmp_path)


@pytest.fixture
def make(folder: Path) -> MakeSweep:
    """A sweep over these axes, on the tiny project unless told otherwise."""
    return partial(make_sweep, folder)


@dataclass(frozen=True)
class Calm:
    """A sweep over AXES that nothing disturbed, and what it told of its progress."""

    sweep: Sweep
    outcome: Outcome
    folder: Path
    told: list[tuple[float, str]]

    @property
    def content(self) -> list[dict[str, Any]]:
        return content(self.outcome.rows)


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """Run on one worker process, once for all tests."""
    folder = write_model(tmp_path_factory.mktemp("calm"))
    sweep = make_sweep(folder, AXES, columns=COLUMNS)
    told: list[tuple[float, str]] = []
    progress = Progress(lambda fraction, caption: told.append((fraction, caption)))
    return Calm(sweep, run_sweep(sweep, folder / "out", progress=progress), folder, told)


def content(rows: Any) -> list[dict[str, Any]]:
    """Rows without the one thing that differs from time to time."""
    return [{key: value for key, value in row.items() if key != "wall_s"} for row in rows]
