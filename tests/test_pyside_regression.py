"""PySide6 must not lose references to None: 6.12.0 did on Python 3.11, and the process died."""

from __future__ import annotations

import subprocess
import sys

import pytest

VOID_CALLS = """
import sys
from PySide6.QtCore import QObject

thing = QObject()
thing.setObjectName("warm")
before = sys.getrefcount(None)
for _ in range(20_000):
    thing.setObjectName("x")
print(sys.getrefcount(None) - before)
"""


def test_twenty_thousand_void_calls_leave_none_alone() -> None:
    pytest.importorskip("PySide6.QtCore", exc_type=ImportError)
    finished = subprocess.run(
        [sys.executable, "-c", VOID_CALLS], capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert abs(int(finished.stdout)) < 1000
