"""Sweeps on a real Dask scheduler with two worker processes.

Dask is only imported in other processes: importlib_metadata, which comes with it, takes the place
of the standard library's finder of distributions wherever it is loaded.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tempstudio as ts
from tempstudio.sweep import run_sweep
from tests.sweep.conftest import AXES, BASE, COLUMNS, Calm, content

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = dict(os.environ, PYTHONPATH=str(ROOT))
WAIT = """
import sys
from distributed import Client
with Client(sys.argv[1], timeout=60) as client:
    client.wait_for_workers(2, timeout=60)
"""
DRIVE = """
import json, os, signal, sys
from pathlib import Path
from tempstudio.core.errors import InputError
from tempstudio.core.progress import Progress
from tempstudio.plugin_host import shared_host
from tempstudio.sweep import dask_cluster, run_sweep, sweep_from_document

document, out, address, victim, dask_cluster.CONNECT_S = json.loads(sys.argv[1])

def told(fraction, caption):
    if victim and 0 < fraction < 0.3:
        os.kill(victim, signal.SIGKILL)

sweep = sweep_from_document(document, Path.cwd(), shared_host)
try:
    outcome = run_sweep(sweep, Path(out), scheduler=address, progress=Progress(told))
    print(json.dumps(outcome.rows))
except InputError as error:
    print(json.dumps(str(error)))
"""

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed"
)


def drive(folder: Path, out: str, address: str, victim: int = 0, connect_s: int = 60) -> Any:
    """Rows of a sweep on the cluster, or the one line why not; kills a worker after one row."""
    document = {"base": BASE, "axes": AXES, "columns": COLUMNS}
    task = json.dumps([document, out, address, victim, connect_s])
    done = subprocess.run(
        [sys.executable, "-c", DRIVE, task],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        timeout=100,
        check=True,
    )
    return json.loads(done.stdout)


Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Cluster:
    """A scheduler's address and the processes of its workers."""

    address: str
    workers: tuple[Process, Process]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler with two worker processes of one thread each."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with ExitStack() as stack:

        def start(module: str, *words: str) -> Process:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *words],
                cwd=tmp_path,
                env=ENVIRONMENT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        start("dask_scheduler", "--host", address)
        one, two = (start("dask_worker", address, "--nthreads=1", "--no-nanny") for _ in range(2))
        subprocess.run([sys.executable, "-c", WAIT, address], timeout=100, check=True)
        yield Cluster(address, (one, two))


@needs_dask
def test_a_cluster_that_loses_a_worker_gives_what_one_process_gives(
    calm: Calm, cluster: Cluster, folder: Path
) -> None:
    victim = cluster.workers[0]
    rows = drive(folder, "out", cluster.address, victim=victim.pid)
    assert victim.wait(30) == -signal.SIGKILL
    assert cluster.workers[1].poll() is None
    assert content(rows) == calm.content


@needs_dask
def test_nobody_at_the_address(folder: Path) -> None:
    line = drive(folder, "out", f"tcp://127.0.0.1:{free_port()}", connect_s=1)
    assert line.startswith("--scheduler: found 'tcp://127.0.0.1:")
    assert ", no scheduler there: " in line
    assert "\n" not in line


def test_without_the_extra_one_line_says_how_to_get_it(
    calm: Calm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ts.InputError) as error:
        run_sweep(calm.sweep, folder / "out", scheduler="tcp://127.0.0.1:1")
    line = str(error.value)
    assert line.endswith("not installed: python -m pip install 'tempstudio[distributed]'")
