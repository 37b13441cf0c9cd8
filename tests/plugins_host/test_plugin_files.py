"""Folder plugins run by consent for their bytes, and only those bytes run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tempstudio import plugin_files
from tempstudio.core.errors import InputError
from tempstudio.plugin_files import digest_of, found, is_trusted, read, revoke, trust
from tempstudio.plugin_host import Host


@pytest.fixture(autouse=True)
def own_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "state" / "trusted.json"
    monkeypatch.setattr(plugin_files, "_trust_path", lambda: path)
    yield path
    for name in [name for name in sys.modules if name.startswith(plugin_files.PREFIX)]:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path, mapper_code: Callable[..., str]) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "single.py").write_text(mapper_code("single"))
    package = folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text(
        mapper_code("packaged", prelude="from .inner.deep import NAME")
    )
    (package / "inner").mkdir()
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "deep.py").write_text("NAME = 'deep'\n")
    return folder


def test_nothing_runs_without_consent(folder: Path) -> None:
    assert {plugin.name for plugin in found([folder])} == {"single", "package"}
    host = Host(folders=[folder]).load()
    assert not {"single", "packaged"} & set(host.mappers())
    states = {plugin.name: plugin.state for plugin in host.plugins if not plugin.own}
    assert states["file:single"] == states["file:package"] == "not trusted"
    for plugin in found([folder]):
        trust(plugin)
    host = Host(folders=[folder]).load()
    assert {"single", "packaged"} <= set(host.mappers())
    assert host.find("mapper", "packaged").plugin.path == str(folder / "package")
    assert not {"single", "packaged"} & set(Host(safe_mode=True, folders=[folder]).mappers())


def test_a_plugin_under_development_runs_as_it_is(folder: Path) -> None:
    host = Host(folders=(), develop=[folder / "single.py", folder / "missing"]).load()
    plugin = host.find("mapper", "single").plugin
    assert plugin.name == "file:single"
    assert read(folder / "single.py").digest.startswith(plugin.version) and plugin.version
    assert [failure.plugin for failure in host.failures] == ["file:missing"]
    assert "single" not in Host(folders=[folder]).mappers()
    assert "single" not in Host(safe_mode=True, develop=[folder / "single.py"]).mappers()


def test_a_file_cannot_pass_for_the_program(folder: Path) -> None:
    (folder / "tempstudio.py").write_text((folder / "single.py").read_text())
    host = Host(folders=(), develop=[folder / "tempstudio.py"])
    assert not host.find("mapper", "single").plugin.own


def test_files_of_one_name_in_two_folders_are_told_apart(folder: Path, tmp_path: Path) -> None:
    beside = tmp_path / "project" / "plugins"
    beside.mkdir(parents=True)
    (beside / "single.py").write_text("raise RuntimeError('not agreed to')")
    trust(read(folder / "single.py"))
    host = Host(folders=[beside, folder]).load()
    assert host.find("mapper", "single").plugin.path == str(folder / "single.py")
    states = {plugin.path: plugin.state for plugin in host.plugins}
    assert states[str(folder / "single.py")] == "on"
    assert states[str(beside / "single.py")] == "not trusted"
    assert host.failures == ()


def test_a_changed_byte_asks_again(folder: Path) -> None:
    plugin = read(folder / "package")
    trust(plugin)
    deep = folder / "package" / "inner" / "deep.py"
    deep.write_text("NAME = 'other'\n")
    assert not is_trusted(read(folder / "package"))
    deep.write_text("NAME = 'deep'\n")
    assert is_trusted(read(folder / "package"))
    (folder / "package" / "more.py").write_text("")
    assert not any(map(is_trusted, found([folder])))
    assert revoke(folder / "package") == 1
    assert not is_trusted(plugin)


def test_the_bytes_that_were_read_are_the_bytes_that_run(folder: Path) -> None:
    plugin = read(folder / "package")
    for path in (folder / "package").rglob("*.py"):
        path.write_text("raise RuntimeError('changed after consent')")
    assert plugin.load().NAME == "deep"


def test_byte_code_beside_it_is_never_used(folder: Path) -> None:
    before = read(folder / "package").digest
    cache = folder / "package" / "__pycache__"
    cache.mkdir()
    (cache / "deep.cpython-311.pyc").write_bytes(b"anything")
    assert read(folder / "package").digest == before


def test_a_broken_trust_file_is_no_consent(folder: Path, own_trust: Path) -> None:
    trust(read(folder / "single.py"))
    assert sum(map(is_trusted, found([folder]))) == 1
    for content in ("", "[]", "{", '{"x": 3}'):
        own_trust.write_text(content)
        assert not any(map(is_trusted, found([folder])))


def test_what_the_person_is_shown(folder: Path) -> None:
    plugin = read(folder / "single.py")
    assert plugin.bytes == (folder / "single.py").stat().st_size
    assert plugin.beginning.startswith("from __future__ import annotations")


def test_things_that_are_no_plugins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "not-a-name.py").write_text("")
    (folder / "data").mkdir()
    assert {plugin.name for plugin in found([folder, folder / "nowhere"])} == {"single", "package"}
    for wrong in ("not-a-name.py", "data", "missing"):
        with pytest.raises(InputError):
            read(folder / wrong)
    monkeypatch.setattr(plugin_files, "MOST_BYTES", 100)
    with pytest.raises(InputError, match=r"expected the folder of one plugin"):
        read(folder / "package")
    assert found([folder]) == []


def test_the_digest_tells_names_and_borders_apart() -> None:
    assert digest_of({"a": b"bc"}) != digest_of({"ab": b"c"})
    assert digest_of({"a": b"", "b": b"x"}) != digest_of({"a": b"x", "b": b""})
    assert digest_of({"b": b"2", "a": b"1"}) == digest_of({"a": b"1", "b": b"2"})


def test_a_package_s_folder_stands_for_its_module(tmp_path: Path) -> None:
    from tempstudio.scaffold import write_package

    write_package(tmp_path / "fresh", "mapper")
    plugin = read(tmp_path / "fresh")
    assert plugin.path == tmp_path / "fresh" / "src" / "tempstudio_fresh"
    assert "fresh" in Host(folders=(), develop=[tmp_path / "fresh"]).mappers()
