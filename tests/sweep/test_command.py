"""`tempstudio sweep`: its document, its text, its exit status, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tempstudio.cli import main
from tempstudio.sweep.journal import NAME as JOURNAL

ROOT = Path(__file__).resolve().parents[2]
TOML = """
[base]
model = "tiny.json"
machine = { rows = 2, cols = 2 }
job = { global_batch = 4, seq_len = 64 }
[axes]
parallel.stream = [1, 4, 8]
"""

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Cli:
    """Run the command in the folder: status, stdout, stderr."""
    monkeypatch.chdir(folder)
    (folder / "s.sweep.toml").write_text(TOML)

    def run(*words: str) -> tuple[int, str, str]:
        status = main(["sweep", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_table_for_people_shows_values_as_they_are_typed(cli: Cli, folder: Path) -> None:
    fixed = "[{ stream = 4 }, { tp = 2, stream = 2, zero = 1 }]"
    text = TOML.replace("parallel.stream = [1, 4, 8]", f"parallel = {fixed}")
    (folder / "t.sweep.toml").write_text(text)
    status, out, _ = cli("t.sweep.toml", "--workers", "1")
    assert status == 0
    head, *rows = [re.split(r"  +", line.strip()) for line in out.splitlines()[2:6]]
    assert head == ["point", "parallel", "step", "throughput", "MFU", "memory", "degrees"]
    cells = {row[0]: row for row in rows[1:]}
    assert (cells["0"][1], cells["0"][-1]) == ("stream=4", "stream 4")
    assert (cells["1"][1], cells["1"][-1]) == ("tp=2,stream=2,zero=1", "tp 2 x stream 2 x ZeRO-1")
    assert all(row[3].endswith("tokens/s") for row in rows[1:])


def test_document_text_and_files(cli: Cli, folder: Path) -> None:
    status, out, err = cli("s.sweep.toml", "--json", "--workers", "1")
    assert (status, err) == (0, "")
    document: dict[str, Any] = json.loads(out)
    assert list(document) == ["rows", "summary"]
    assert [row["parallel.stream"] for row in document["rows"]] == [1, 4, 8]
    summary = document["summary"]
    assert summary["axes"] == {"parallel.stream": 3}
    assert summary["outcomes"] == {"ok": 2, "input": 1}
    fastest = max(document["rows"][:2], key=lambda row: row["tokens_per_s"])
    assert summary["fastest_point"] == fastest["point"]
    assert summary["files"][0] == os.path.join("s-results", "results.csv")
    assert (folder / "s-results" / "results.csv").read_text().count("\n") == 4

    status, _, err = cli("s.sweep.toml")
    assert (status, err.count("\n")) == (2, 1)
    assert "--resume goes on with it" in err

    status, text, err = cli("s.sweep.toml", "--resume")
    assert (status, err) == (0, "")
    assert text.startswith("3 of 3 points: 2 ok, 1 input\n")
    assert "point 2: parallel: 8 dies, allowed: at most the 4 that work" in text


def test_nothing_fits_is_status_3(cli: Cli, folder: Path) -> None:
    (folder / "s.sweep.toml").write_text(TOML.replace("[1, 4, 8]", "[8]"))
    status, out, err = cli("s.sweep.toml", "--json", "--out", "o")
    assert (status, err) == (3, "tempstudio: no point fits; the column error says why\n")
    assert json.loads(out)["summary"]["fastest_point"] is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["no.toml"], r"no\.toml: no such file"),
        (
            ["nothing"],
            r"SWEEP\.toml: found 'nothing', allowed: a sweep file, or a sample: .*degrees",
        ),
        (["s.sweep.toml", "--scheduler", "x", "--workers", "2"], "--workers: the cluster of"),
        (["s.sweep.toml", "--scheduler", ""], "--scheduler: found '', expected an address"),
        (["s.sweep.toml", "--out", ""], "--out: found '', expected a folder"),
        (["s.sweep.toml", "--out", "tiny.json"], "--out: .*"),
        (["s.sweep.toml", "--workers", "0"], "--workers: found '0', allowed: a whole number"),
    ],
)
def test_wrong_words_are_one_line(cli: Cli, words: list[str], line: str) -> None:
    status, out, err = cli(*words)
    assert (status, out) == (2, "")
    assert re.match(f"tempstudio: {line}", err), err
    assert err.count("\n") == 1


def test_interrupted_it_tells_what_is_done(folder: Path) -> None:
    """Ctrl+C comes after the first row and before the second."""
    (folder / "s.sweep.toml").write_text(TOML)
    script = (
        "import os, sys; from tempstudio.cli import main; from tempstudio.sweep import journal\n"
        "add = journal.Journal.add\n"
        "def stopped(self, point, cells):\n"
        f"    add(self, point, cells); os.kill(os.getpid(), {int(signal.SIGINT)})\n"
        "journal.Journal.add = stopped\n"
        "from tempstudio.cli.commands import dispatch\n"
        "sys.exit(dispatch(sys.argv[1:], as_program=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "sweep", "s.sweep.toml", "--json", "--workers", "1"],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr == "tempstudio: interrupted: 1 of 3 points are done; --resume goes on\n"
    assert [row["point"] for row in json.loads(done.stdout)["rows"]] == [0]
    assert (folder / "s-results" / JOURNAL).read_text().count("\n") == 2


def test_the_page_s_examples_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempstudio as ts
    from tempstudio.plugin_host import shared_host
    from tempstudio.sweep import read_sweep

    page = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    (toml,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    project = ts.Project(machine=ts.Wafer(), model=ts.load_model(folder / "tiny.json"))
    ts.save(project, folder / "my.tempstudio")
    (folder / "my.sweep.toml").write_text(toml)
    sweep = read_sweep(folder / "my.sweep.toml", shared_host)
    assert [len(axis.values) for axis in sweep.axes] == [2, 4, 2]
    assert len(sweep.points) == 8
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(code, names)
    assert [row["outcome"] for row in names["outcome"].rows] == ["ok", "ok"]
