"""Commands as processes: signals, pipes, character sets, odd paths, and what they load."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tempstudio.cli.commands import COMMANDS
from tempstudio.cli.interruption import GRACE_S

if TYPE_CHECKING:
    from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tempstudio"]
HEAVY = {"PySide6", "shiboken6", "pyqtgraph", "scipy", "numba"}
STUCK = """
import sys, time
from pathlib import Path
import tempstudio as ts
from tempstudio.strategies.mappers.sequential import Sequential

def stuck_in_python():
    while True:
        pass

def stuck_in_a_library():
    import ctypes
    # Like a linear program that runs for minutes: it lets go of Python's lock and never looks back.
    while True:
        try:
            ctypes.CDLL(None).usleep(900_000)
        except KeyboardInterrupt:
            pass

class Mine(Sequential):
    name = "stuck"
    def map(self, *words):
        Path("there").touch()
        {how}()

@ts.hookimpl
def tempstudio_mappers():
    return [Mine()]
"""


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        select.select([], [], [], 0.02)


def stuck(folder: Path, tiny: list[str], how: str) -> subprocess.Popen[str]:
    """A run whose mapper never returns."""
    (folder / "stuck.py").write_text(STUCK.format(how=how))
    process = start(folder, "run", *tiny, "--develop", "stuck.py", "--mapper", "stuck", "--json")
    wait_for(folder / "there", process)
    return process


@pytest.mark.parametrize("how", ["stuck_in_python", "stuck_in_a_library"])
def test_ctrl_c_ends_a_run_that_never_returns(tmp_path: Path, tiny: list[str], how: str) -> None:
    process = stuck(tmp_path, tiny, how)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "tempstudio: interrupted\n")
    assert time.monotonic() - asked < 10 * GRACE_S  # and not for ever; the machine may be busy


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path, tiny: list[str]) -> None:
    process = stuck(tmp_path, tiny, "stuck_in_a_library")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_sigterm_ends_as_a_process_ends_that_was_told_to(tmp_path: Path, tiny: list[str]) -> None:
    process = stuck(tmp_path, tiny, "stuck_in_python")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (-signal.SIGTERM, "", "")


@pytest.mark.parametrize("words", ["schedule 12x12", "run --help", "schedule 12x12 --json"])
def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path: Path, words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *words.split()], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "explain", "mfu"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE,
            text=True, env=dict(os.environ, PYTHONPATH=str(ROOT)),
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "tempstudio: stdout: not written: the disk is full\n"


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_is_no_fault(tmp_path: Path, closed: int) -> None:
    line = f'"{sys.executable}" -m tempstudio explain mfu --json {closed}>&-'
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""
    if closed == 2:
        assert json.loads(done.stdout)["term"] == "MFU"


def test_what_a_library_writes_to_descriptor_1_never_reaches_stdout(
    process: Run, tiny: list[str], tmp_path: Path
) -> None:
    (tmp_path / "loud.py").write_text(
        "import os\nimport tempstudio as ts\n"
        "from tempstudio.strategies.mappers.sequential import Sequential\n"
        "class Loud(Sequential):\n    name = 'loud'\n"
        "@ts.hookimpl\ndef tempstudio_mappers():\n"
        "    os.write(1, b'loud\\n')\n    return [Loud()]\n"
    )
    outcome = process(
        "run", *tiny, "--parallel", "dp=4", "--develop", "loud.py", "--mapper", "loud", "--json"
    )
    assert outcome.status == 0
    assert outcome.document["strategy"]["mapper"] == "loud"
    assert outcome.err == "loud\n"


def test_no_bar_where_there_is_no_terminal(process: Run, tiny: list[str]) -> None:
    outcome = process("run", *tiny)
    assert (outcome.status, outcome.err) == (0, "")
    assert "\r" not in outcome.out


def test_a_bar_on_a_terminal_which_is_wiped_away(tmp_path: Path, tiny: list[str]) -> None:
    terminal, end = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "run", *tiny, "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=end,
        env=dict(os.environ, PYTHONPATH=str(ROOT), TERM="xterm"), text=True,
    )  # fmt: skip
    os.close(end)
    seen = b""
    while select.select([terminal], [], [], 0)[0]:
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # the other end is closed and all is read
            break
    os.close(terminal)
    assert done.returncode == 0
    json.loads(done.stdout)
    shown = seen.decode().split("\r")
    assert re.match(r"\[[#.]{24}\] +\d+% ", shown[1])
    assert shown[-2].strip() == shown[-1] == ""
    assert "\n" not in seen.decode()


@pytest.mark.parametrize("coding", ["ascii", "latin-1", "utf-8"])
def test_any_character_set_will_do(process: Run, coding: str) -> None:
    outcome = process("collective", "all-gather", "--group", "2x2", "--bytes", "1e8", coding=coding)
    assert (outcome.status, outcome.err) == (0, "")
    micro = "u" if coding == "ascii" else "µ"
    assert re.search(rf"\d {micro}s in 2 steps;", outcome.out)
    assert "?" not in outcome.out


def test_paths_that_are_not_utf8(tmp_path: Path, tiny: list[str], cli: Run) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff\xfe.svg"
    words = ["render", *tiny, "--parallel", "stream=4", "--out"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    plain = subprocess.run([*COMMAND, *words, odd], capture_output=True, env=environment)
    assert (plain.returncode, plain.stderr) == (0, b"")
    assert plain.stdout == b"wrote " + odd + b"\n"
    assert os.path.getsize(odd) > 1000
    assert cli(*words, os.fsdecode(odd), "--json").document["out"].endswith("\ufffd\ufffd.svg")
    missing = subprocess.run(
        [*COMMAND, "run", b"\xff.tempstudio"], capture_output=True, env=environment
    )
    assert missing.returncode == 2
    assert missing.stderr.count(b"\n") == 1
    assert b"no such file" in missing.stderr


def loaded(folder: Path, commands: list[list[str]]) -> set[str]:
    """Names of the modules in memory after these commands, one after the other."""
    code = (
        "import json, sys\nfrom tempstudio.cli import main\n"
        "statuses = [main(words) for words in json.loads(sys.argv[1])]\n"
        "sys.stderr.write('loaded: ' + ' '.join(sys.modules))\nsys.exit(max(statuses))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(commands)], cwd=folder, capture_output=True,
        text=True, env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stderr.rpartition("loaded: ")[2].split())


LIGHT = {
    "explain": ["explain", "mfu", "--json"],
    "model": ["model", "llama2-7b", "--json"],
    "schedule": ["schedule", "2x4", "--json"],
    "help": ["run", "--help"],
}


@pytest.mark.parametrize("name", LIGHT)
def test_the_quick_commands_load_nothing_slow(tmp_path: Path, name: str) -> None:
    modules = loaded(tmp_path, [LIGHT[name]])
    slow = HEAVY | ({"numpy"} if name != "schedule" else {"tempstudio.core.workload"})
    assert slow & modules == set()


def test_no_command_but_open_loads_qt(tmp_path: Path, tiny: list[str]) -> None:
    stream = [*tiny, "--parallel", "stream=4", "--json"]
    commands = {
        "run": ["run", "--explain", "--save", "p.tempstudio", *stream],
        "compare": ["compare", "--mapper", "sequential", *stream],
        "render": ["render", "--out", "w.svg", *stream],
        "trace": ["trace", "--out", "t.json", *stream],
        "schedule": ["schedule", "2x4"],
        "collective": ["collective", "all-gather", "--group", "2x2", "--bytes", "1e6"],
        "model": ["model", "llama2-7b"],
        "plugins": ["plugins"],
        "explain": ["explain"],
        "schema": ["schema", "machine"],
        "doctor": ["doctor"],
    }
    assert set(commands) < set(COMMANDS)
    modules = loaded(tmp_path, list(commands.values()))
    assert {"PySide6", "shiboken6", "pyqtgraph", "tempstudio.gui"} & modules == set()
