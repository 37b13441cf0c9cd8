"""Copy as command: what is copied means the same project again."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import tempstudio as ts
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.core.machine import Die
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.export.command_line import command_of

BASE = Project(machine=ts.Wafer(), model=ts.load_model("llama2-7b"))
CASES = {
    "plain": BASE,
    "job": replace(BASE, job=ts.TrainingJob(global_batch=64, seq_len=4096, recompute="full",
                                            flash_attention=True)),
    "die": replace(BASE, machine=ts.Wafer(rows=4, cols=5, wafers=2, die=Die(hbm_bytes=96e9))),
    "options": replace(BASE, solver=StrategyChoice("exhaustive",
                                                   options=(("shard_states", False),))),
    "degrees": replace(BASE, degrees=ts.Degrees(dp=6, stream=8, zero=1)),
    "one replica": replace(BASE, degrees=ts.Degrees(dp=1, stream=8)),
    "seed": replace(BASE, seed=7),
}  # fmt: skip


def project_of(command: str) -> Project:
    words = shlex.split(command)
    assert words[:2] == ["tempstudio", "run"]
    parser = argparse.ArgumentParser()
    add_project_arguments(parser)
    return project_from_arguments(parser.parse_args(words[2:])).project


@pytest.mark.parametrize("name", CASES)
def test_the_flags_give_the_same_project(name: str) -> None:
    command = command_of(CASES[name], None, False, None)
    assert command is not None
    assert project_of(command).fingerprint == CASES[name].fingerprint


def test_a_saved_project_is_named_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "with space.tempstudio"
    ts.save(CASES["die"], path)
    command = command_of(CASES["die"], path, True, ts.Degrees(dp=5, stream=8))
    assert command is not None
    again = project_of(command)
    assert again.machine == CASES["die"].machine
    assert again.degrees == ts.Degrees(dp=5, stream=8)


def test_what_only_a_file_can_say_asks_for_one() -> None:
    broken = replace(BASE, machine=ts.Wafer(dead_dies=((0, 0),)))
    assert command_of(broken, None, False, None) is None
    foreign = replace(BASE, model=replace(BASE.model, source="config.json"))
    assert command_of(foreign, None, False, None) is None
