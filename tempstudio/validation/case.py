"""A case as its file states it, with checked access: a value or one line that names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import short_text

_ARXIV = re.compile(r"\b(\d{4})\.\d{4,5}\b")
MOST = 10**13


@dataclass(frozen=True)
class Case:
    """One object of a file; `where` begins every error, `siblings` are its file's other cases."""

    document: Mapping[str, Any]
    where: str
    siblings: Sequence[Case] = ()
    default_source: str = ""

    @cached_property
    def id(self) -> str:
        """What the case calls itself."""
        for key in ("id", "name"):
            if isinstance(self.document.get(key), str):
                return str(self.document[key])
        return self.where

    @property
    def source(self) -> str:
        """Where the published figures come from, as the case or its file says."""
        return str(self.document.get("source", self.default_source))

    @cached_property
    def arxiv_month(self) -> str:
        """Year and month of the paper that the source names ("2205"), "" without one."""
        found = _ARXIV.search(self.source)
        return found[1] if found else ""

    def refuse(self, key: str, allowed: str) -> NoReturn:
        """`InputError` in one line: file, case, key, what was found, what is allowed."""
        found = short_text(self.document[key]) if key in self.document else "nothing"
        raise InputError(f"{self.where}: {key}: found {found}, allowed: {allowed}")

    def has(self, *keys: str) -> bool:
        """Whether all of these keys are there."""
        return all(key in self.document for key in keys)

    def number(self, key: str, least: float = 0.0, default: float | None = None) -> float:
        """A finite number from `least`."""
        value = self.document.get(key, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= least:
            self.refuse(key, f"a number from {least:g}")
        return float(value)

    def whole(self, key: str, default: int | None = None, most: int = MOST, least: int = 1) -> int:
        """A whole number within limits."""
        value = self.document.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, f"a whole number from {least} to {most}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        value = self.document.get(key, default)
        if not isinstance(value, str):
            self.refuse(key, "a text")
        return value

    def part(self, key: str) -> Case:
        """The object under a key, as a case of its own."""
        value = self.document.get(key)
        if not isinstance(value, Mapping):
            self.refuse(key, "an object")
        return Case(value, f"{self.where}: {key}", self.siblings, self.source)

    def numbers(self, key: str) -> dict[str, float]:
        """The numbers among an object's values."""
        values = self.part(key).document
        return {
            str(name): float(value)
            for name, value in values.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        }
