"""A chart as SVG.  Every colour is a class as well, so that the style sheet gives both themes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tempstudio.scene.tokens import DARK, LIGHT, Tokens
from tempstudio.scene.typeface import FAMILIES
from tempstudio.studies.chart import (
    Axis,
    Band,
    BarChart,
    Bars,
    Chart,
    Line,
    LineChart,
    Rule,
    Span,
    place,
    span_of,
    ticks,
)

WIDTH, HEIGHT = 880, 420
LEFT, RIGHT, BOTTOM = 72, 24, 56
TITLE_PX, TEXT_PX, SMALL_PX = 16, 12, 11
GLYPH = 0.56  # mean width of a glyph, in its size: enough to lay a legend out
MOST_BAR_PX = 44


def style_sheet() -> str:
    """Classes of both themes, for a page or a picture of its own.

    >>> ".f-I{fill:#0068A8}" in style_sheet()
    True
    """
    return _classes(LIGHT) + "@media(prefers-color-scheme:dark){" + _classes(DARK) + "}"


def _classes(theme: Tokens) -> str:
    named = {
        "surface": theme.surface,
        "hairline": theme.hairline,
        "control": theme.control,
        "text": theme.text,
        "muted": theme.muted,
        **theme.roles,
    }
    return "".join(f".f-{k}{{fill:{v}}}.s-{k}{{stroke:{v}}}" for k, v in named.items())


def _fill(name: str) -> str:
    return f'class="f-{name}" fill="{_light(name)}"'


def _stroke(name: str, width: float = 1.0) -> str:
    return f'class="s-{name}" fill="none" stroke="{_light(name)}" stroke-width="{width:g}"'


def _light(name: str) -> str:
    return LIGHT.roles[name] if name in LIGHT.roles else str(getattr(LIGHT, name))


@dataclass(frozen=True)
class Plot:
    """The rectangle of the data, and where values lie in it."""

    top: float
    x_span: Span
    y_span: Span
    x: Axis
    y: Axis

    def across(self, value: float) -> float:
        """The x of a value [px]."""
        return LEFT + (WIDTH - LEFT - RIGHT) * place(value, self.x_span, self.x.scale)

    def up(self, value: float) -> float:
        """The y of a value [px]; values off the axis stop at its ends."""
        share = min(1.0, max(0.0, place(value, self.y_span, self.y.scale)))
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - self.top) * share


def svg_of(chart: Chart, alone: bool = True) -> str:
    """The chart as an SVG element; `alone` with its own style sheet and ground."""
    entries = _entries(chart)
    rows = _legend_rows(entries)
    top = 34 + (18 if chart.subtitle else 0) + 20 * len(rows) + 14
    axis = chart.x if isinstance(chart, LineChart) else Axis("")
    x_span = span_of(chart, "x") if isinstance(chart, LineChart) else (0.0, 1.0)
    plot = Plot(top, x_span, span_of(chart, "y"), axis, chart.y)
    drawn = _lines(chart, plot) if isinstance(chart, LineChart) else _bars(chart, plot)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="{escape(FAMILIES)}" '
        f'font-size="{TEXT_PX}">',
        f"<title>{escape(chart.title)}</title>",
        f"<style>{style_sheet()}</style>" if alone else "",
        _hatches(chart),
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" {_fill("surface")}/>' if alone else "",
        _text(20, 28, chart.title, size=TITLE_PX, bold=True),
        _text(20, 47, chart.subtitle, "muted") if chart.subtitle else "",
        *_legend(rows, 47 if chart.subtitle else 29),
        *_frame(plot, isinstance(chart, LineChart)),
        *drawn,
        *(part for rule in chart.rules for part in _rule(rule, plot)),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _text(
    x: float,
    y: float,
    text: str,
    colour: str = "text",
    size: float = TEXT_PX,
    anchor: str = "start",
    bold: bool = False,
    turned: bool = False,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    turn = f' transform="rotate(-90 {x:g} {y:g})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{weight}{turn} '
        f"{_fill(colour)}>{escape(text)}</text>"
    )


Entry = tuple[str, str, str]  # (label, hue, look: line | dashed | dots | bar | faint | rule)


def _entries(chart: Chart) -> list[Entry]:
    if isinstance(chart, BarChart):
        bars = [(b.label, b.hue, "faint" if b.faint else "bar") for b in chart.bars if b.label]
        return bars + [(rule.label, "text", "rule") for rule in chart.rules if rule.label]
    looks = [
        (line.label, line.hue, "dashed" if line.dashed else "line" if line.joined else "dots")
        for line in chart.lines
        if line.label
    ]
    return list(dict.fromkeys(looks))


def _legend_rows(entries: list[Entry]) -> list[list[tuple[float, Entry]]]:
    rows: list[list[tuple[float, Entry]]] = []
    x = float(WIDTH)
    for entry in entries:
        wide = 30 + len(entry[0]) * TEXT_PX * GLYPH + 18
        if x + wide > WIDTH - RIGHT:
            rows.append([])
            x = 20.0
        rows[-1].append((x, entry))
        x += wide
    return rows


def _legend(rows: list[list[tuple[float, Entry]]], top: float) -> Iterator[str]:
    for number, row in enumerate(rows):
        y = top + 20 * (number + 1)
        for x, (label, hue, look) in row:
            if look in ("bar", "faint"):
                faded = ' fill-opacity="0.5"' if look == "faint" else ""
                box = f'x="{x:g}" y="{y - 10:g}" width="20" height="11" rx="2"'
                yield f"<rect {box} {_fill(hue)}{faded}/>"
            elif look == "dots":
                yield f'<circle cx="{x + 10:g}" cy="{y - 4:g}" r="3.5" {_fill(hue)}/>'
            else:
                dash = {"dashed": ' stroke-dasharray="5 4"', "rule": ' stroke-dasharray="3 3"'}
                wide = 1.2 if look == "rule" else 2.5
                yield f'<path d="M{x:g} {y - 4:g}h20" {_stroke(hue, wide)}{dash.get(look, "")}/>'
            yield _text(x + 26, y, label)


def _frame(plot: Plot, with_x: bool) -> Iterator[str]:
    right, base = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value in ticks(plot.y_span, plot.y.scale):
        y = plot.up(value)
        yield f'<path d="M{LEFT} {y:.1f}H{right}" {_stroke("hairline")}/>'
        yield _text(LEFT - 8, y + 4, plot.y.text(value), "muted", SMALL_PX, "end")
    yield f'<path d="M{LEFT} {base}H{right}" {_stroke("control")}/>'
    middle = (plot.top + base) / 2
    yield _text(18, middle, plot.y.label, "muted", anchor="middle", turned=True)
    if with_x:
        for value in ticks(plot.x_span, plot.x.scale):
            x = plot.across(value)
            yield f'<path d="M{x:.1f} {base}v5" {_stroke("control")}/>'
            yield _text(x, base + 19, plot.x.text(value), "muted", SMALL_PX, "middle")
        yield _text((LEFT + right) / 2, HEIGHT - 12, plot.x.label, "muted", anchor="middle")


def _lines(chart: LineChart, plot: Plot) -> Iterator[str]:
    for band in chart.bands:
        yield _band(band, plot)
    for line in chart.lines:
        yield from _line(line, chart, plot)


def _band(band: Band, plot: Plot) -> str:
    there = [f"{plot.across(x):.1f} {plot.up(high):.1f}" for x, _, high in band.points]
    back = [f"{plot.across(x):.1f} {plot.up(low):.1f}" for x, low, _ in reversed(band.points)]
    return f'<path d="M{"L".join(there + back)}Z" {_fill(band.hue)} fill-opacity="0.16"/>'


def _line(line: Line, chart: LineChart, plot: Plot) -> Iterator[str]:
    places = [(plot.across(x) + line.shift_px, plot.up(y), x, y) for x, y in line.points]
    if line.joined and len(places) > 1:
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _, _ in places)
        dash = ' stroke-dasharray="6 5"' if line.dashed else ""
        yield f'<path d="M{path}" {_stroke(line.hue, 2)} stroke-linejoin="round"{dash}/>'
    if line.dots:
        size = 3.5 if line.joined else 2.5
        fade = "" if line.joined or len(places) < 60 else ' fill-opacity="0.55"'
        for x, y, at, value in places:
            tip = f"{line.label}: {chart.x.text(at)}, {chart.y.text(value)}"
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {_fill(line.hue)}{fade}>'
                f"<title>{escape(tip)}</title></circle>"
            )


def _bars(chart: BarChart, plot: Plot) -> Iterator[str]:
    room = (WIDTH - LEFT - RIGHT) / max(1, len(chart.groups))
    wide = min(MOST_BAR_PX, room * 0.8 / max(1, len(chart.bars)))
    base = HEIGHT - BOTTOM
    for number, group in enumerate(chart.groups):
        middle = LEFT + room * (number + 0.5)
        start = middle - wide * len(chart.bars) / 2
        yield _text(middle, base + 19, group, size=SMALL_PX + 0.5, anchor="middle")
        for place_, bars in enumerate(chart.bars):
            yield from _bar(bars, number, group, start + wide * place_, wide, plot)


def _bar(bars: Bars, number: int, group: str, x: float, wide: float, plot: Plot) -> Iterator[str]:
    value, miss, base = bars.values[number], bars.miss(number), HEIGHT - BOTTOM
    middle, said = x + wide / 2, f"{group}, {bars.label}: "
    if value is None:
        yield (
            f'<path d="M{middle - 3:.1f} {base - 11:g}l6 6m0 -6l-6 6" {_stroke(bars.hue, 1.5)}>'
            f"<title>{escape(said + (miss or 'none'))}</title></path>"
        )
        return
    y = plot.up(value)
    tall, inset = max(0.5, base - y), min(1.0, wide * 0.06)
    size = f'width="{wide - 2 * inset:.1f}" height="{tall:.1f}" rx="1.5"'
    box = f'x="{x + inset:.1f}" y="{y:.1f}" {size}'
    tip = f"<title>{escape(said + plot.y.text(value) + (f' ({miss})' if miss else ''))}</title>"
    if miss:
        hatched = f'fill="url(#hatch-{bars.hue})" stroke-opacity="0.7"'
        yield f"<rect {box} {hatched} {_edge(bars.hue)}>{tip}</rect>"
        return
    if bars.faint:  # no grid line shines through
        yield f"<rect {box} {_fill('surface')}/>"
    faded = ' fill-opacity="0.5"' if bars.faint else ""
    yield f"<rect {box} {_fill(bars.hue)}{faded}>{tip}</rect>"


def _edge(hue: str) -> str:
    return f'class="s-{hue}" stroke="{_light(hue)}" stroke-width="1"'


def _hatches(chart: Chart) -> str:
    """The fill of bars that do not count, one a hue."""
    if not isinstance(chart, BarChart):
        return ""
    hues = sorted({bars.hue for bars in chart.bars if any(bars.misses)})
    drawn = [
        f'<pattern id="hatch-{hue}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M0 0v5" {_stroke(hue, 2)} stroke-opacity="0.6"/>'
        "</pattern>"
        for hue in hues
    ]
    return f"<defs>{''.join(drawn)}</defs>" if drawn else ""


def _rule(rule: Rule, plot: Plot) -> Iterator[str]:
    look = f'{_stroke("text", 1.2)} stroke-dasharray="3 3"'
    if rule.axis == "x":
        x = plot.across(rule.value)
        yield f'<path d="M{x:.1f} {plot.top}V{HEIGHT - BOTTOM}" {look}/>'
        yield _text(x + 5, plot.top + 11, rule.label, "text", SMALL_PX)
        return
    y = plot.up(rule.value)
    yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" {look}/>'
