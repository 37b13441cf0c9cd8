"""Colours of a display list as Qt has them."""

from __future__ import annotations

from PySide6.QtGui import QColor


def qcolor(colour: str) -> QColor:
    """A QColor of "#RRGGBB" or "#RRGGBBAA" (Qt itself reads the latter as ARGB)."""
    made = QColor(colour[:7])
    if len(colour) == 9:
        made.setAlpha(int(colour[7:], 16))
    return made
