"""Numbers as people read them: three significant digits, SI prefixes, a thin space, the unit.

The one place where a view, a report or a caption turns a number into text.
"""

from __future__ import annotations

import math

THIN_SPACE = "\u2009"
NONE = "–"

_PREFIXES = (
    (1e24, "Y"), (1e21, "Z"), (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"),
    (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"),
)  # fmt: skip
_WHOLE_PREFIXES = tuple(pair for pair in _PREFIXES if pair[0] >= 1)
_COUNTS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def digits(value: float) -> str:
    """Three significant digits without exponent, for numbers of any size that a prefix leaves.

    >>> digits(1.2345), digits(12.345), digits(999.4), digits(0)
    ('1.23', '12.3', '999', '0')
    """
    if not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    places = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:.{places}f}".replace("-", "−")


def si(value: float, unit: str, whole: bool = False) -> str:
    """A number with its SI prefix and unit; `whole` allows no prefix below one (bytes, FLOP).

    >>> si(0.0123, "s"), si(1.21e12, "B/s"), si(0, "W")
    ('12.3\u2009ms', '1.21\u2009TB/s', '0\u2009W')
    """
    if not math.isfinite(value):
        return NONE
    prefixes = _WHOLE_PREFIXES if whole else _PREFIXES
    size = abs(float(f"{value:.3g}"))
    if size == 0:
        return f"0{THIN_SPACE}{unit}"
    scale, prefix = next((pair for pair in prefixes if size >= pair[0]), prefixes[-1])
    return f"{digits(value / scale)}{THIN_SPACE}{prefix}{unit}"


def seconds(value: float) -> str:
    """A duration; from a minute on in minutes, hours and days.

    >>> seconds(0.0123), seconds(125), seconds(7384)
    ('12.3\u2009ms', '2\u2009min 5\u2009s', '2\u2009h 3\u2009min')
    """
    if not math.isfinite(value) or abs(value) < 59.95:
        return si(value, "s")
    sign = "−" if value < 0 else ""
    whole = round(abs(value))
    steps = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
    for big, name, small, below in steps:
        if whole >= big:
            first, rest = divmod(whole, big)
            second = rest // small
            tail = f" {second}{THIN_SPACE}{below}" if second else ""
            return f"{sign}{first}{THIN_SPACE}{name}{tail}"
    return si(value, "s")


def byte_count(value: float) -> str:
    """Bytes in decimal units.

    >>> byte_count(72e9), byte_count(1536)
    ('72.0\u2009GB', '1.54\u2009kB')
    """
    return si(value, "B", whole=True)


def byte_rate(value: float) -> str:
    """Bytes a second.

    >>> byte_rate(4e12)
    '4.00\u2009TB/s'
    """
    return si(value, "B/s", whole=True)


def flop(value: float) -> str:
    """A number of floating point operations.

    >>> flop(1.8e15)
    '1.80\u2009PFLOP'
    """
    return si(value, "FLOP", whole=True)


def flop_rate(value: float) -> str:
    """Floating point operations a second."""
    return si(value, "FLOP/s", whole=True)


def watts(value: float) -> str:
    """Power."""
    return si(value, "W")


def joules(value: float) -> str:
    """Energy."""
    return si(value, "J")


def percent(share: float) -> str:
    """A share (1 = 100 %).

    >>> percent(0.4567), percent(1.0), percent(0.0012), percent(0)
    ('45.7\u2009%', '100\u2009%', '0.12\u2009%', '0\u2009%')
    """
    if not math.isfinite(share):
        return NONE
    value = share * 100
    if value and abs(value) < 1:
        text = f"{value:.2g}" if abs(value) >= 0.01 else "< 0.01"
        return f"{text}{THIN_SPACE}%".replace("-", "−")
    return f"{digits(value)}{THIN_SPACE}%"


def change(before: float, after: float) -> str:
    """A relative change with its sign.

    >>> change(2.0, 2.5), change(2.0, 1.5), change(0.0, 1.0)
    ('+25.0\u2009%', '−25.0\u2009%', '–')
    """
    if before == 0 or not math.isfinite(before) or not math.isfinite(after):
        return NONE
    share = after / before - 1
    text = percent(share)
    return f"+{text}" if share > 0 else text


def count(value: float) -> str:
    """How many: whole up to 9,999, then three digits with k, M, B or T, as the field writes them.

    >>> count(164), count(9999), count(147_000), count(6_738_415_616)
    ('164', '9,999', '147k', '6.74B')
    """
    if not math.isfinite(value):
        return NONE
    if abs(value) < 10_000 and float(value).is_integer():
        return f"{int(value):,}".replace("-", "−")
    size = abs(float(f"{value:.3g}"))
    for scale, suffix in _COUNTS:
        if size >= scale:
            return f"{digits(value / scale)}{suffix}"
    return digits(value)


def split_unit(text: str) -> tuple[str, str]:
    """(number, unit) of a formatted text, for views that set the unit a step lighter.

    >>> split_unit(si(0.0123, "s"))
    ('12.3', 'ms')
    """
    number, _, unit = text.partition(THIN_SPACE)
    return number, unit


def plural(number: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "die"), plural(33, "die"), plural(0, "dead link")
    ('1 die', '33 dies', '0 dead links')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
