"""What this installation can do, and what is missing for the rest."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import platform
from typing import Any

from tempstudio.cli.answer import DONE, FAULT, Answer
from tempstudio.cli.plugin_access import add_plugin_flags, host_for, host_of
from tempstudio.cli.table import table

EXAMPLE = "tempstudio doctor"
PACKAGES = (  # distribution, module, what for, whether it can be done without
    ("numpy", "numpy", "every figure", False),
    ("networkx", "networkx", "graphs", False),
    ("scipy", "scipy", "the routing bound and the ilp solver", False),
    ("numba", "numba", "fast flows and searches", False),
    ("pluggy", "pluggy", "plugins", False),
    ("platformdirs", "platformdirs", "where settings are kept", False),
    ("PySide6-Essentials", "PySide6", "the window, PNG pictures and movies", False),
    ("pyqtgraph", "pyqtgraph", "charts", False),
    ("imageio-ffmpeg", "imageio_ffmpeg", "MP4 movies", True),
    ("pillow", "PIL", "GIF movies", True),
    ("distributed", "distributed", "sweeps on a cluster", True),
    ("pyarrow", "pyarrow", "Parquet tables", True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether plugins are looked at too."""
    add_plugin_flags(parser)


def execute(arguments: argparse.Namespace) -> Answer:
    """Packages, the window, plugins, a small plan; 1 where something needed is missing."""
    packages = [
        {"package": name, "version": _version(name, module), "for": text, "optional": optional}
        for name, module, text, optional in PACKAGES
    ]
    host = host_of(arguments)().load()
    document = {
        "tempstudio": _version("tempstudio", "tempstudio"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": packages,
        "window": _qt(),
        "plan": _small_plan(),
        "plugins": [f"{plugin.name} {plugin.version}".strip() for plugin in host.plugins],
        "plugin_failures": [str(failure) for failure in host.failures],
        "folders": _folders(),
    }
    lacking = [
        str(row["package"]) for row in packages if not row["optional"] and not row["version"]
    ]
    complaint = f"missing: {', '.join(lacking)}" if lacking else ""
    if document["plan"] != "well":
        complaint = complaint or f"a small plan fails: {document['plan']}"
    return Answer(document, lambda: _text(document), FAULT if complaint else DONE, complaint)


def _text(document: dict[str, Any]) -> str:
    rows = [
        (
            row["package"],
            row["version"] or ("not installed" if row["optional"] else "MISSING"),
            row["for"] + (" (optional)" if row["optional"] else ""),
        )
        for row in document["packages"]
    ]
    failures = [f"plugin fails: {line}" for line in document["plugin_failures"]]
    return "\n".join(
        [
            f"tempstudio {document['tempstudio']} on Python {document['python']}, "
            f"{document['system']}",
            table(("package", "version", "for"), rows),
            f"window: {document['window']}",
            f"a small plan: {document['plan']}",
            f"plugins: {', '.join(document['plugins'])}",
            *failures,
            *(f"{name}: {path}" for name, path in document["folders"].items()),
        ]
    )


def _version(package: str, module: str) -> str:
    if importlib.util.find_spec(module) is None:
        return ""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _qt() -> str:
    """Whether Qt's libraries load, asked in another process, which may crash."""
    import subprocess
    import sys

    probe = "import PySide6.QtWidgets, PySide6.QtSvg; print(PySide6.__version__)"
    try:
        done = subprocess.run(
            [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"Qt does not load: {error}"
    if done.returncode == 0:
        return f"Qt {done.stdout.strip()} loads"
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"Qt does not load: {last}"


def _small_plan() -> str:
    """`well`, or what goes wrong when one layer is planned for four dies by the built-ins."""
    from tempstudio.core.machine import Wafer
    from tempstudio.core.parallel import Degrees
    from tempstudio.core.project import Project
    from tempstudio.core.workload import TrainingJob
    from tempstudio.plugin_guard import run_project
    from tempstudio.readers import load_model

    project = Project(
        machine=Wafer(rows=2, cols=2),
        model=load_model("qwen2-0.5b"),
        job=TrainingJob(global_batch=4, seq_len=256),
        degrees=Degrees(stream=4),
    )
    try:
        run = run_project(host_for(safe_mode=True), project)
    except Exception as error:  # noqa: BLE001 - a doctor reports what fails
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return "well" if run.score.fits else "does not fit"


def _folders() -> dict[str, str]:
    """Where things are kept."""
    import platformdirs

    from tempstudio.plugin_files import user_folder
    from tempstudio.storage.settings import settings_path

    options: dict[str, Any] = {"appname": "tempstudio", "appauthor": False}
    return {
        "settings": str(settings_path()),
        "plugins folder": str(user_folder()),
        "cache": platformdirs.user_cache_dir(**options),
        "state": platformdirs.user_state_dir(**options),
        "reports": platformdirs.user_log_dir(**options),
    }
