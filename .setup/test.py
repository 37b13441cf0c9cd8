"""Run pytest with these arguments; where Qt does not load, without the plugin that needs it."""

import os
import signal
import sys

from show import PAINTER_PROBE, succeeds

# pytest-qt ends the run where Qt lacks a system library; tests/conftest.py then leaves the
# tests of the window out and says so.
without_qt = [] if succeeds(PAINTER_PROBE) else ["-p", "no:pytest-qt"]
# A job started in the background ignores Ctrl-C, and so would every program that tests interrupt.
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "pytest", *without_qt, *sys.argv[1:]])
