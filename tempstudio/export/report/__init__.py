"""A run as one HTML file: figures, pictures, charts, tables, where they come from, how to repeat.

Nothing is loaded from elsewhere; light or dark as the reader's system has it.
"""

from __future__ import annotations

from tempstudio.export.report.page import report_html, write_report

__all__ = ["report_html", "write_report"]
