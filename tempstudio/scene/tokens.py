"""The colours of the two themes as plain data, and the arithmetic of contrast on them.

Every colour of the window and of exported pictures comes from here.  Contrast is that of WCAG 2.2
(relative luminance of sRGB): 4.5 for text, 3 for graphics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Tokens:
    """One theme's colours as "#RRGGBB".

    `lanes` are a link's colours at 25, 50, 75 and 100 % load; `roles` those of moving tensors by
    the keys of `core.partition.ROLES`; `memory` those of the kinds in `MEMORY_KINDS`.
    """

    name: str
    window: str
    surface: str
    canvas: str
    hairline: str  # decoration only: no contrast promised
    control: str
    text: str
    muted: str
    accent: str
    on_accent: str
    warning: str
    error: str
    ok: str
    lanes: tuple[str, str, str, str]
    roles: Mapping[str, str]
    memory: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        hue = self.roles
        kinds = {
            "weights": hue["W"],
            "gradients": hue["G"],
            "optimizer": hue["E"],
            "activations": hue["I"],
            "stream_buffers": hue["K"],
            "collective_buffers": hue["C"],
        }
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))
        object.__setattr__(self, "memory", MappingProxyType(kinds))


LIGHT = Tokens(
    name="light",
    window="#F4F5F7",
    surface="#FFFFFF",
    canvas="#E9ECF0",
    hairline="#C9CED6",
    control="#7A838F",
    text="#1B1F24",
    muted="#535C68",
    accent="#0B5CAD",
    on_accent="#FFFFFF",
    warning="#8A5000",
    error="#B3261E",
    ok="#1E6B3A",
    lanes=("#A8763A", "#A65A1F", "#96400F", "#6E2A08"),
    roles={
        "I": "#0068A8",
        "W": "#B34700",
        "G": "#A0307A",
        "K": "#00705A",
        "C": "#5B4BB5",
        "P": "#444B55",
        "E": "#7A6000",
    },
)

DARK = Tokens(
    name="dark",
    window="#1B1E23",
    surface="#23272E",
    canvas="#14171B",
    hairline="#3A414B",
    control="#808A97",
    text="#E8EAED",
    muted="#A6AFBB",
    accent="#6CB4FF",
    on_accent="#0B1118",
    warning="#F0B429",
    error="#FF8A80",
    ok="#7BD08F",
    lanes=("#8F6A3F", "#B57F3F", "#E39A45", "#FFC27A"),
    roles={
        "I": "#56B4E9",
        "W": "#F08A4B",
        "G": "#E48ABF",
        "K": "#2FBF95",
        "C": "#A99CF5",
        "P": "#C3C9D1",
        "E": "#E0C341",
    },
)

THEMES: Mapping[str, Tokens] = MappingProxyType({"light": LIGHT, "dark": DARK})


def rgb(colour: str) -> tuple[int, int, int]:
    """The three bytes of "#RRGGBB".

    >>> rgb("#0B5CAD")
    (11, 92, 173)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hex_of(red: float, green: float, blue: float) -> str:
    """ "#RRGGBB" of three numbers from 0 to 255, rounded.

    >>> hex_of(11, 92, 173)
    '#0B5CAD'
    """
    return "#" + "".join(f"{min(max(round(x), 0), 255):02X}" for x in (red, green, blue))


def mix(first: str, second: str, share: float) -> str:
    """`share` of `first` laid over `second`.

    >>> mix("#000000", "#FFFFFF", 0.35)
    '#A6A6A6'
    """
    pairs = zip(rgb(first), rgb(second), strict=True)
    red, green, blue = (share * a + (1 - share) * b for a, b in pairs)
    return hex_of(red, green, blue)


def luminance(colour: str) -> float:
    """Relative luminance, 0 for black to 1 for white (WCAG 2.2).

    >>> round(luminance("#FFFFFF"), 3)
    1.0
    """
    linear = [_linear(channel / 255) for channel in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2).

    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def panel_of(tokens: Tokens) -> str:
    """The wafer's own colour, between canvas and surface."""
    return mix(tokens.surface, tokens.canvas, 0.45)


def ink_on(fill: str) -> str:
    """Black or white, whichever reads better on a fill.

    >>> ink_on("#00224E"), ink_on("#FEE838")
    ('#FFFFFF', '#000000')
    """
    return max(("#FFFFFF", "#000000"), key=lambda ink: contrast(ink, fill))
