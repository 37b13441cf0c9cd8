"""The import rules: contracts in pyproject.toml, and what really gets loaded."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tempstudio"
LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PYTHONPATH=str(folder))
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_every_folder_of_modules_is_a_package() -> None:
    """The contracts do not see into a folder without __init__.py."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_contracts_are_kept() -> None:
    checked = lint(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


BREACHES = {  # what is written at the end of a module: what the contracts then say of it
    (
        "core/quantities.py",
        "import PySide6.QtCore",
    ): "tempstudio.core is not allowed to import PySide6",
    ("core/compute.py", "import pluggy"): "tempstudio.core is not allowed to import pluggy",
    (
        "core/energy.py",
        "import tempstudio.scene",
    ): "tempstudio.core is not allowed to import tempstudio.scene",
    (
        "scene/__init__.py",
        "import tempstudio.gui",
    ): "tempstudio.scene is not allowed to import tempstudio.gui",
    ("cli/run.py", "import pyqtgraph"): "tempstudio.cli is not allowed to import pyqtgraph",
    (
        "cli/model.py",
        "import tempstudio.gui",
    ): "tempstudio.cli is not allowed to import tempstudio.gui",
    (
        "plugin_host.py",
        "import tempstudio.strategies",
    ): "tempstudio.plugin_host is not allowed to import tempstudio.strategies",
    (
        "gui/__init__.py",
        "import tempstudio.strategies.mappers",
    ): "tempstudio.gui is not allowed to import tempstudio.strategies",
    (
        "gui/theme.py",
        "import tempstudio.cli",
    ): "tempstudio.gui is not allowed to import tempstudio.cli",
    ("forgotten.py", "import math"): "forgotten",
}


def test_each_breach_of_the_contracts_is_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        PACKAGE, tmp_path / "tempstudio", ignore=shutil.ignore_patterns("__pycache__", "*.json")
    )
    for module, line in BREACHES:
        with (tmp_path / "tempstudio" / module).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    checked = lint(tmp_path)
    assert checked.returncode == 1
    assert [said for said in BREACHES.values() if said not in checked.stdout] == []


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def imports_when_loaded(path: Path) -> list[str]:
    """The modules that a file imports as soon as it is itself imported."""
    found, waiting = [], list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        found += imported(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def test_the_command_line_and_exports_reach_the_window_only_inside_functions() -> None:
    outside = [path for path in PACKAGE.rglob("*.py") if "gui" not in path.parts]
    assert len(outside) > 20
    early = {
        str(path.relative_to(ROOT)): name
        for path in outside
        for name in imports_when_loaded(path)
        if name.startswith(("tempstudio.gui", "PySide6", "pyqtgraph"))
    }
    assert early == {}


def loaded_after(code: str) -> set[str]:
    """The modules in memory after running this code in a process of its own."""
    report = "\nimport sys; sys.stderr.write('\\nloaded: ' + ' '.join(sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", code + report], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return set(finished.stderr.rpartition("loaded: ")[2].split())


COMMANDS = {
    "schedule": ["schedule", "2x4", "--json"],
    "model": ["model", "llama2-7b", "--json"],
    "plugins": ["plugins", "--json"],
    "run": ["run", "sample_projects/llama2-7b-6x8.tempstudio", "--json"],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS.keys())
def test_the_command_line_never_loads_qt(arguments: list[str]) -> None:
    call = f"from tempstudio.cli import main\nassert main({arguments!r}) in (None, 0)"
    loaded = loaded_after(call)
    assert "tempstudio.core" in loaded
    assert not {"PySide6", "shiboken6", "pyqtgraph", "tempstudio.gui"} & loaded


def test_the_package_itself_loads_quickly() -> None:
    assert not {"PySide6", "scipy", "numba", "networkx", "pyqtgraph"} & loaded_after(
        "import tempstudio"
    )


def test_the_window_loads_no_strategy_and_nothing_heavy() -> None:
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    loaded = loaded_after("import tempstudio.gui.main_window")
    assert "PySide6.QtWidgets" in loaded
    assert not {"scipy", "numba", "networkx", "tempstudio.strategies"} & loaded
