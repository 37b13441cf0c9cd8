"""Commands run in this process or in one of their own, on a model that takes milliseconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tempstudio.cli import main
from tempstudio.cli.plugin_access import host_for

ROOT = Path(__file__).resolve().parents[2]
TINY_CONFIG = {
    "model_type": "llama",
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 512,
    "vocab_size": 512,
    "max_position_embeddings": 256,
}


@dataclass(frozen=True)
class Outcome:
    """What a command ended with."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; anything beside it fails."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on stderr."""
        assert self.err.startswith("tempstudio: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        return self.err.removeprefix("tempstudio: ").strip()


Run = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Run:
    """Run a command in a process of its own, in an empty folder."""

    def run(*words: str, coding: str = "utf-8") -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "tempstudio", *words],
            cwd=tmp_path,
            env=dict(os.environ, PYTHONPATH=str(ROOT), PYTHONIOENCODING=coding),
            capture_output=True,
            timeout=100,
        )
        return Outcome(done.returncode, done.stdout.decode(coding), done.stderr.decode(coding))

    return run


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """Flags of a training job on 2 x 2 dies that is planned in no time."""
    folder = tmp_path / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(TINY_CONFIG))
    return ["--machine", "2x2", "--model", str(folder), "--batch", "4", "--seq", "128"]


@pytest.fixture
def own_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty plugins folder of the user's."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "data" / "tempstudio" / "plugins"
    folder.mkdir(parents=True)
    host_for.cache_clear()
    yield folder
    host_for.cache_clear()
