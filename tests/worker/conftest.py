"""Plugins as their authors would install them, and lanes of real worker processes."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tempstudio.lanes import Lanes, Message, WorkerSettings

HERE = Path(__file__).resolve().parent

Install = Callable[..., Path]


def install_plugin(site: Path, name: str, code: str, version: str = "1.0") -> Path:
    """A distribution with one entry point, as pip would leave it in `site`."""
    module = name.replace("-", "_")
    (site / f"{module}.py").write_text(textwrap.dedent(code))
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[tempstudio.plugins]\n{module} = {module}\n")
    return site


class Watched:
    """Lanes whose messages are kept."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.messages: list[Message] = []
        self.lanes = Lanes(self.messages.append, settings)

    def of(self, id_: int, type_: str) -> list[Message]:
        return [m for m in self.messages if m.id == id_ and m.type == type_]

    def until(self, done: Callable[[], object], timeout_s: float = 30.0) -> None:
        """Poll until something is so."""
        import time

        end = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < end, f"not within {timeout_s} s: {self.messages[-5:]}"
            self.lanes.poll()
            self.lanes.pause(0.05)

    def ask(self, verb: str, **arguments: object) -> Message:
        """A request on the live lane, its last message."""
        return self.lanes.wait(self.lanes.live.submit(verb, arguments), 60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that worker processes search for distributions, beside this one for fake verbs."""
    folder = tmp_path_factory.mktemp("site")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(folder), str(HERE), *([before] if before else [])]
    )
    yield folder
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def install(site: Path) -> Callable[..., Path]:
    """`install(name, code)`: a plugin that the module's workers will find."""
    return partial(install_plugin, site)


@pytest.fixture(scope="module")
def watched(site: Path) -> Iterator[Callable[..., Watched]]:
    """Make lanes of one's own; all their processes are gone afterwards."""
    made: list[Watched] = []

    def make(**settings: object) -> Watched:
        watched = Watched(WorkerSettings(**{"verbs": "fake_verbs", **settings}))  # type: ignore[arg-type]
        made.append(watched)
        return watched

    yield make
    for watched in made:
        watched.lanes.close()
        assert watched.lanes.pids == []
