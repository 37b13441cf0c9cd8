"""Formulas as papers print them: "sbh(34+5as/h)/t", with products left unsaid.

Only what a case *publishes* is worked out here, where it does so in symbols; what is held against
it comes from the program's own code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tempstudio.core.errors import InputError

_TOKEN = re.compile(r"\s*(\d+\.?\d*|[A-Za-z_]+|[-+*/()])")
LONGEST = 200
_ASIDE = re.compile(r"\(=.*\)\s*$")


def evaluate(formula: str, values: Mapping[str, float], where: str) -> float:
    """A formula's value; names that stand side by side multiply, as in "5as/h".

    `InputError` for what is no formula, an unknown name or a division by zero.

    >>> evaluate("sbh(34+5as/h)", {"s": 2, "b": 1, "h": 4, "a": 2}, "x")
    312.0
    """
    if len(formula) > LONGEST:
        raise InputError(f"{where}: a formula of {len(formula)} signs, allowed: {LONGEST}")
    reader = _Reader(_tokens(_ASIDE.sub("", formula), values, where), values, where)
    try:
        value = reader.total()
    except ZeroDivisionError:
        raise InputError(f"{where}: {formula!r} divides by zero") from None
    if reader.place != len(reader.tokens):
        raise InputError(f"{where}: {formula!r} is not a formula")
    return value


def _tokens(formula: str, values: Mapping[str, float], where: str) -> list[str]:
    found: list[str] = []
    place = 0
    text = formula.strip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise InputError(f"{where}: {formula!r} is not a formula")
        place = token.end()
        word = token[1]
        found += _names(word, values, where) if word[0].isalpha() or word[0] == "_" else [word]
    return found


def _names(word: str, values: Mapping[str, float], where: str) -> list[str]:
    """Names that were written together: "sbh" is s b h unless there is a name "sbh"."""
    names: list[str] = []
    while word:
        name = next((n for n in sorted(values, key=len, reverse=True) if word.startswith(n)), None)
        if name is None:
            raise InputError(f"{where}: {word!r} names nothing, known: {', '.join(values)}")
        names.append(name)
        word = word[len(name) :]
    return names


@dataclass
class _Reader:
    """Recursive descent over the tokens."""

    tokens: list[str]
    values: Mapping[str, float]
    where: str
    place: int = 0

    def _next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def total(self) -> float:
        value = self._product()
        while self._next() in ("+", "-"):
            sign = 1.0 if self._next() == "+" else -1.0
            self.place += 1
            value += sign * self._product()
        return value

    def _product(self) -> float:
        value = self._factor()
        while self._next() and self._next() not in ("+", "-", ")"):
            divide = self._next() == "/"
            if self._next() in ("*", "/"):
                self.place += 1
            factor = self._factor()
            value = value / factor if divide else value * factor
        return value

    def _factor(self) -> float:
        token = self._next()
        self.place += 1
        if token == "(":
            value = self.total()
            if self._next() != ")":
                raise InputError(f"{self.where}: a bracket is not closed")
            self.place += 1
            return value
        if token in self.values:
            return float(self.values[token])
        if not token or not token[0].isdigit():
            raise InputError(f"{self.where}: found {token!r} where a number or a name belongs")
        return float(token)
