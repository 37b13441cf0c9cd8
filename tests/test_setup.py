"""The set-up: what make does on a bare machine, and what the package says of itself."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]


def load(name: str) -> ModuleType:
    """One of the set-up scripts, which are no package and import each other by bare name."""
    specification = importlib.util.spec_from_file_location(name, ROOT / ".setup" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def libraries() -> ModuleType:
    return load("system_libraries")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """prepare.py at work on a pretended checkout that has been made ready."""
    monkeypatch.syspath_prepend(str(ROOT / ".setup"))
    prepare = load("prepare")
    for name in ("pyproject.toml", ".venv/pyvenv.cfg", ".venv/bin/python"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    venv = tmp_path / ".venv"
    paths = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin/python"}
    paths |= {"STAMP": venv / "ready", "LOG": tmp_path / "out/setup.log"}
    for name, path in paths.items():
        monkeypatch.setattr(prepare, name, path)
    prepare.STAMP.write_text(prepare.key())
    return prepare


def test_nothing_is_done_the_second_time(
    checkout: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkout.system_libraries, "missing_packages", lambda environment: [])
    monkeypatch.setattr(checkout, "attempt", lambda command: pytest.fail(f"ran {command}"))
    assert checkout.main() == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "changed", ["pyproject.toml", ".venv/pyvenv.cfg", "plugins/a/pyproject.toml"]
)
def test_what_decides_the_packages_makes_them_come_again(
    checkout: ModuleType, changed: str
) -> None:
    assert checkout.is_ready()
    path = checkout.ROOT / changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert not checkout.is_ready()


def test_a_moved_checkout_is_made_ready_again(checkout: ModuleType, tmp_path: Path) -> None:
    before = checkout.key()
    checkout.ROOT = tmp_path / "elsewhere"
    checkout.ROOT.mkdir()
    (checkout.ROOT / "pyproject.toml").write_text("pyproject.toml")
    assert checkout.key() != before


def test_what_the_backends_of_all_packages_need_is_installed_first(checkout: ModuleType) -> None:
    texts = {
        "": '[build-system]\nrequires = ["b>=1"]',
        "plugins/x": "",
        "plugins/y": "[build-system]",
    }
    folders = [checkout.ROOT / name for name in texts]
    for folder, text in zip(folders, texts.values(), strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").write_text(text)
    assert checkout.plugin_folders() == folders[1:]
    assert checkout.build_requirements(folders) == ["b>=1", "setuptools"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "WARNING: Retrying ... NewConnectionError('...')\nERROR: No matching",
            "cannot be reached",
        ),
        ("Retrying SSLError(1, 'CERTIFICATE_VERIFY_FAILED')\nMax retries exceeded", "not trusted"),
        ("Collecting numpy\nERROR: No space left on device\n", "ERROR: No space left on device"),
        ("", "no output"),
    ],
)
def test_a_failure_is_one_line_that_says_why(
    checkout: ModuleType, output: str, reason: str
) -> None:
    line = checkout.why_it_failed(output)
    assert reason in line
    assert "\n" not in line


def test_a_failed_install_is_not_taken_for_done(
    checkout: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout.ROOT / "pyproject.toml").write_text('[build-system]\nrequires = ["hatchling"]')
    monkeypatch.setattr(checkout.system_libraries, "missing_packages", lambda environment: [])
    monkeypatch.setattr(checkout, "attempt", lambda command: "ERROR: the index is down")
    assert checkout.main() == 1
    assert "the index is down" in capsys.readouterr().out
    assert not checkout.is_ready()


def test_other_people_are_told_the_sudo_line_and_go_on(
    checkout: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = ["libegl1", "fonts-dejavu-core"]
    monkeypatch.setattr(checkout.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(checkout.system_libraries, "missing_packages", lambda environment: lacking)
    assert checkout.main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(
        "sudo apt-get install -y --no-install-recommends libegl1 fonts-dejavu-core"
    )


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        ('NAME="Debian"\nID=debian\n', True),
        ("ID=ubuntu\nID_LIKE=debian\n", True),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', True),
        ("ID=fedora\nID_LIKE=rhel\n", False),
        ('ID=arch\nPRETTY_NAME="not debian"\n', False),
        ("", False),
    ],
)
def test_only_debian_and_its_children_are_looked_at(
    libraries: ModuleType, os_release: str, expected: bool
) -> None:
    assert libraries.is_debian(os_release) is expected


def test_only_what_is_missing_is_asked_for(
    libraries: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "is_debian", lambda os_release: True)
    monkeypatch.setattr(libraries.shutil, "which", lambda program: "/usr/bin/" + program)
    monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(libraries, "has_fonts", lambda: False)
    monkeypatch.setattr(
        libraries,
        "loads",
        lambda soname: not {"GL", "EGL", "xcb", "egl"} & set(re.split(r"[-.]|lib", soname)),
    )
    offscreen = ["libgl1", "libegl1", "fonts-dejavu-core"]
    assert libraries.missing_packages({}) == offscreen
    window = set(libraries.missing_packages({"DISPLAY": ":0"})) - set(offscreen)
    assert window == {"libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0"}
    assert libraries.missing_packages({"WAYLAND_DISPLAY": "wayland-0"}) == [
        "libgl1",
        "libegl1",
        "libwayland-egl1",
        "fonts-dejavu-core",
    ]
    monkeypatch.setattr(libraries, "is_debian", lambda os_release: False)
    assert libraries.missing_packages({"DISPLAY": ":0"}) == []


def test_a_library_counts_when_the_loader_finds_it(libraries: ModuleType) -> None:
    assert libraries.loads("libc.so.6")
    assert not libraries.loads("libnosuchthing.so.9")


def test_the_pyside_that_kills_python_311_is_not_allowed() -> None:
    requirements = [Requirement(text) for text in PROJECT["dependencies"]]
    pyside = [item for item in requirements if item.name == "PySide6-Essentials"]

    def allows(python: str, version: str) -> bool:
        here = [
            item
            for item in pyside
            if item.marker is not None and item.marker.evaluate({"python_version": python})
        ]
        return len(here) == 1 and here[0].specifier.contains(version)

    assert allows("3.11", "6.9.3")
    assert allows("3.11", "6.11.3")
    assert not allows("3.11", "6.12.0")
    assert allows("3.12", "6.12.0")
    assert not allows("3.12", "6.8.0")


def test_each_dependency_has_a_range_and_a_reason() -> None:
    block = re.search(r"^dependencies = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = [line for line in block[1].splitlines() if not line.strip().startswith("#")]
    assert len(lines) == len(PROJECT["dependencies"])
    for line, text in zip(lines, PROJECT["dependencies"], strict=True):
        operators = {item.operator for item in Requirement(text).specifier}
        assert operators == {">=", "<"}, f"no range: {text}"
        assert re.search(r", +# \w.{15,}", line), f"no reason: {line.strip()}"


def test_installed_packages_are_those_that_pyproject_allows() -> None:
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate():
            installed = metadata.version(requirement.name)
            assert requirement.specifier.contains(installed), f"{text}: {installed} is installed"


def test_every_builtin_comes_in_by_an_entry_point_that_loads() -> None:
    declared = PROJECT["entry-points"]["tempstudio.plugins"]
    distribution = metadata.distribution("tempstudio")
    installed = {
        point.name: point
        for point in distribution.entry_points
        if point.group == "tempstudio.plugins"
    }
    assert {name: point.value for name, point in installed.items()} == declared
    for point in installed.values():
        assert isinstance(point.load(), ModuleType)


def test_a_wheel_carries_everything_the_checkout_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    (wheel,) = tmp_path.glob("tempstudio-*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        ("" if folder == "tempstudio" else "tempstudio/") + path.relative_to(ROOT).as_posix()
        for folder in ("tempstudio", "assets", "sample_projects")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= carried


def test_make_alone_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split())
    command = ["make", "--silent", "--no-print-directory"]  # as under another make's MAKEFLAGS
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == targets
    assert {"run", "test", "lint"} <= targets


def test_continuous_integration_calls_make_test_and_nothing_else(tmp_path: Path) -> None:
    """Run with a make that only notes how it was called, and its status is passed on."""
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$(pwd): make $*" > {tmp_path}/called\nexit 5\n')
    make.chmod(0o755)
    environment = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}")
    finished = subprocess.run([ROOT / ".ci" / "run"], cwd=tmp_path, env=environment)
    assert finished.returncode == 5
    assert (tmp_path / "called").read_text() == f"{ROOT}: make test\n"
