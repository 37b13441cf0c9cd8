"""Estimated text widths, so that a display list can be laid out where there is no font engine.

The widths are those of a wide sans serif (DejaVu Sans): narrower system fonts fit with room left.
"""

from __future__ import annotations

from functools import lru_cache

FAMILIES = "'Segoe UI', 'SF Pro Text', 'Noto Sans', 'DejaVu Sans', sans-serif"
ELLIPSIS = "…"
LEAST_PX = 11.0  # 8 pt at 96 dpi, the smallest text drawn
CAP_HEIGHT = 0.73  # of the size; what is centred is the height of a capital

# Advance widths of U+0020 to U+007E in thousandths of the size.
_WIDTHS = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
_OTHERS = {"\u2009": 200, "…": 1000, "·": 318, "–": 500, "×": 838, "−": 838, "→": 838}
BOLD = 1.10


@lru_cache(maxsize=8192)
def text_width(text: str, size_px: float, bold: bool = False) -> float:
    """Estimated width in px of a text at a size.

    >>> text_width("0", 10.0)
    6.36
    """
    total = 0
    for character in text:
        code = ord(character) - 32
        total += _WIDTHS[code] if 0 <= code < 95 else _OTHERS.get(character, 640)
    return total * size_px * (BOLD if bold else 1.0) / 1000


@lru_cache(maxsize=8192)
def elided(text: str, size_px: float, room_px: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis to fit; "" where not even two letters fit.

    >>> elided("attention", 11.0, 40.0)
    'atte…'
    """
    if text_width(text, size_px, bold) <= room_px:
        return text
    for length in range(len(text) - 1, 1, -1):
        cut = text[:length].rstrip(" ._-") + ELLIPSIS
        if text_width(cut, size_px, bold) <= room_px:
            return cut
    return ""


def baseline(middle_y: float, size_px: float) -> float:
    """The baseline that centres capitals on a height."""
    return middle_y + size_px * CAP_HEIGHT / 2
