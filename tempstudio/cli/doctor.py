"""What this installation can do, and what is missing for the rest."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import platform

from tempstudio.cli.terminal import table, write_json

EXAMPLE = "tempstudio doctor"
PACKAGES = (
    ("numpy", "numpy", "every figure"),
    ("networkx", "networkx", "graphs"),
    ("scipy", "scipy", "the routing bound and the ilp solver"),
    ("numba", "numba", "fast flows and searches"),
    ("pluggy", "pluggy", "plugins"),
    ("PySide6-Essentials", "PySide6", "the window and PNG pictures"),
    ("pyqtgraph", "pyqtgraph", "charts"),
    ("imageio-ffmpeg", "imageio_ffmpeg", "MP4 movies (optional)"),
    ("distributed", "distributed", "sweeps on a cluster (optional)"),
    ("pyarrow", "pyarrow", "Parquet tables (optional)"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to say."""
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")


def execute(arguments: argparse.Namespace) -> int:
    """Print packages, plugins and what Qt says; 1 where something needed is missing."""
    from tempstudio.plugin_host import Host

    host = Host(safe_mode=arguments.safe_mode)
    packages = [
        {"package": package, "version": _version(package, module), "for": text}
        for package, module, text in PACKAGES
    ]
    qt = _qt()
    failures = [str(failure) for failure in host.failures]
    document = {
        "tempstudio": _version("tempstudio", "tempstudio"),
        "python": platform.python_version(),
        "packages": packages,
        "window": qt,
        "plugin_failures": failures,
    }
    needed = [row for row in packages if "optional" not in row["for"] and not row["version"]]
    if arguments.json:
        write_json(document)
    else:
        print(f"tempstudio {document['tempstudio']} on Python {document['python']}")
        rows = [(r["package"], r["version"] or "missing", r["for"]) for r in packages]
        print(table(("package", "version", "for"), rows))
        print(f"window: {qt}")
        print("\n".join(f"plugin: {line}" for line in failures) or "plugins: all well")
    return 1 if needed else 0


def _version(package: str, module: str) -> str:
    if importlib.util.find_spec(module) is None:
        return ""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _qt() -> str:
    """Whether Qt's libraries load, in a process of its own: a failing one must not take us along."""
    import subprocess
    import sys

    probe = "import PySide6.QtWidgets, PySide6.QtSvg; print(PySide6.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode == 0:
        return f"Qt {done.stdout.strip()} loads"
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"Qt does not load: {last}"
