"""What says two things, or nothing, is refused in one line; what is said is what is computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

REFUSED = {
    "run --batch 16 --set job.global_batch=8": ("--set job.global_batch", "--batch as well"),
    "run --seq 64 --set job.seq_len=8": ("--set job.seq_len", "--seq as well"),
    "validate --plans 50": ("--plans: allowed: with --cost-model",),
    "validate --model opt-6.7b": ("--model: allowed: with --cost-model",),
    "validate --cost-model cases.json": ("--cost-model", "CASES.json"),
    "validate --cost-model --plans 5": ("--plans: found '5'", "from 10 to 100,000"),
    "validate --cost-model --model gpt5": ("--model: found 'gpt5'", "gpt3-175b"),
    "render --out a.svg --length 3": ("--length: allowed: with a movie", ".gif or .mp4"),
    "render --out a.png --duration 1e-3": ("--duration: allowed: with a movie",),
    "study orchestrations --quick --out /proc/here": ("--out: '/proc/here'", "no such file"),
}
PLUGINS = {
    "broken": ("x = = 1\n", "import of broken: SyntaxError"),
    "nothing": ('"""Nothing."""\n', "it offers nothing, allowed: partitioner, mapper"),
    "raising": (
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_mappers():\n    1 / 0\n",
        "tempstudio_mappers: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_two_things_at_once_are_refused(cli: Run, words: str) -> None:
    outcome = cli(*words.split())
    assert (outcome.status, outcome.out) == (2, "")
    for part in REFUSED[words]:
        assert part in outcome.complaint


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_under_development_that_does_not_load_is_told(
    cli: Run, tiny: list[str], name: str
) -> None:
    code, fault = PLUGINS[name]
    Path(f"{name}.py").write_text(code)
    outcome = cli("run", *tiny, "--develop", f"{name}.py")
    assert (outcome.status, outcome.out) == (2, "")
    assert f"--develop: {name}.py" in outcome.complaint and fault in outcome.complaint


def test_a_folder_without_a_plugin_is_none(cli: Run, tiny: list[str]) -> None:
    Path("empty").mkdir()
    assert "expected a .py file or a folder" in cli("run", *tiny, "--develop", "empty").complaint
    Path("a.json").write_bytes(b"\xff\x00")
    Path("a-b.py").write_text("")
    assert "--develop: a-b.py: found the name" in cli("run", *tiny, "--develop", "a-b.py").complaint


def test_safe_mode_takes_no_plugin_under_development(cli: Run, tiny: list[str]) -> None:
    Path("mine.py").write_text("")
    outcome = cli("run", *tiny, "--safe-mode", "--develop", "mine.py")
    assert outcome.status == 2
    assert "--develop: not allowed with --safe-mode" in outcome.complaint


def test_no_micro_batch_is_more_than_a_replica_has(cli: Run, tiny: list[str]) -> None:
    flags = ("--batch", 8, "--micro-batch", 500, "--parallel", "dp=2")
    text = cli("run", "--safe-mode", *tiny, *flags).out
    assert "8 sequences" in text and "1 micro-batch of 4 a replica" in text


def test_what_is_no_file_is_told_once_and_alike(cli: Run) -> None:
    Path("folder").mkdir()
    Path("bytes").write_bytes(b"\xe4\x00")
    for command in ("run", "sweep", "route"):
        complaint = cli(command, "folder").complaint
        assert complaint == "folder: found a folder, expected a file"
        assert "not UTF-8 text (byte 0xe4)" in cli(command, "bytes").complaint
