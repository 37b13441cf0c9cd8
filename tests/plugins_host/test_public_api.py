"""`import tempstudio` offers what SURFACE.md names, and costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tempstudio

# fmt: off
SURFACE = [
    "Project", "Wafer", "Cluster", "Die", "Link", "TrainingJob", "Degrees", "load_model", "run",
    "schedule", "execute", "execute_layer", "load", "save", "hookimpl", "option", "Workload",
    "Operator", "Block", "Partition", "Mapping", "Plan", "Run", "Timeline", "Figure", "Panel",
    "InputError", "NoPlanError", "Progress", "__version__",
]
# fmt: on


@pytest.mark.parametrize("name", sorted({*SURFACE, *tempstudio.__all__}))
def test_every_name_is_there(name: str) -> None:
    assert name in tempstudio.__all__
    assert getattr(tempstudio, name) is not None
    assert name in dir(tempstudio)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        _ = tempstudio.utils
    assert not hasattr(tempstudio, "__path_of_nothing__")


def loaded_by(code: str) -> set[str]:
    script = code + "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_it_loads_nothing_else() -> None:
    ours = {name for name in loaded_by("import tempstudio") if name.startswith("tempstudio")}
    assert ours == {"tempstudio"}


def test_a_plugin_s_import_loads_no_heavy_library() -> None:
    loaded = loaded_by("import tempstudio as ts; ts.hookimpl, ts.option, ts.Mapping, ts.Partition")
    assert not {"scipy", "numba", "networkx", "PySide6", "pyqtgraph"} & loaded


def test_the_host_loads_no_heavy_library() -> None:
    loaded = loaded_by("from tempstudio.plugin_host import Host; Host(safe_mode=True).load()")
    assert not {"scipy", "numba", "PySide6", "pyqtgraph"} & loaded


def test_a_model_is_read_without_any_of_them() -> None:
    loaded = loaded_by("import tempstudio as ts; ts.load_model('llama2-7b')")
    assert not {"scipy", "numba", "networkx", "PySide6"} & loaded
