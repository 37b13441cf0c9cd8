"""What every test runs under: Qt offscreen, folders of its own, repeatable properties.

This is read before anything of Qt: the platform is chosen when the first application starts, and
tests must neither need a screen nor touch the settings of the person who runs them.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HOME = Path(tempfile.mkdtemp(prefix="tempstudio-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for variable in ("CONFIG", "DATA", "STATE", "CACHE"):
    os.environ[f"XDG_{variable}_HOME"] = str(HOME / variable.lower())
(HOME / "runtime").mkdir(mode=0o700)
os.environ["XDG_RUNTIME_DIR"] = str(HOME / "runtime")
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["LC_ALL"] = "C.UTF-8"

# The machine's load must not decide what passes, so neither examples nor their making are timed.
settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True, database=None)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "quick")
)


def qt_failure() -> str | None:
    """Why Qt does not load here, or nothing; it needs system libraries that pip cannot bring."""
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        return str(error)
    return None


QT_FAILURE = qt_failure()
if QT_FAILURE:
    if os.environ.get("CI"):
        pytest.exit(f"Qt does not load, and CI leaves no test out: {QT_FAILURE}", returncode=1)
    collect_ignore = ["gui"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if QT_FAILURE:
        terminalreporter.write_line(
            f"The tests of the window were LEFT OUT: Qt does not load here ({QT_FAILURE})", red=True
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Qt the tests that ask for a window are skipped, and say so."""
    if QT_FAILURE is None:
        return
    for item in items:
        if {"qtbot", "qapp"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason=f"Qt does not load: {QT_FAILURE}"))
