"""Distributions on the path of this process, as pip would leave them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install(name, code, version="1.0", keywords="")`; gone after the test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    modules = []

    def put(name: str, code: str, version: str = "1.0", keywords: str = "") -> None:
        module = name.replace("-", "_")
        modules.append(module)
        (site / f"{module}.py").write_text(textwrap.dedent(code))
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: of {name}\n"
        (info / "METADATA").write_text(about + (f"Keywords: {keywords}\n" if keywords else ""))
        (info / "entry_points.txt").write_text(f"[tempstudio.plugins]\n{module} = {module}\n")
        importlib.invalidate_caches()

    yield put
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def mapper_code() -> Callable[..., str]:
    """The code of a plugin that offers one mapper."""

    def code(name: str, prelude: str = "", fields: str = "pass", extra: str = "") -> str:
        return (
            "from __future__ import annotations\n"
            "from dataclasses import dataclass\n"
            "import tempstudio as ts\n"
            f"{prelude}\n"
            "@dataclass(frozen=True)\n"
            "class Options:\n"
            f"    {fields}\n"
            "class Mapper:\n"
            f"    name, summary, version, Options = {name!r}, 'places', '2.5', Options\n"
            "    def map(self, partition, machine, options, rng, progress):\n"
            "        return ts.Mapping(tuple(range(partition.degrees.size)))\n"
            f"{extra}\n"
            "@ts.hookimpl\n"
            "def tempstudio_mappers():\n"
            "    return [Mapper()]\n"
        )

    return code
