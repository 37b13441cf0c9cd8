"""Runs written in other formats: pictures, movies, traces, tables.  Nothing here needs a screen."""

from __future__ import annotations

from tempstudio.export.chrome_trace import write_trace
from tempstudio.export.csv import write_tables
from tempstudio.export.picture import write_picture

__all__ = ["write_picture", "write_tables", "write_trace"]
