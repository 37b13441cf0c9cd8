"""Flags and their values: a parser whose errors are one line, and the kinds of value there are."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tempstudio.core.errors import InputError

MOST_SHOWN = 60


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line that names the command, the flag and what is allowed."""

    def error(self, message: str) -> NoReturn:
        text = re.sub(r"^argument ", "", message)
        if text.startswith("-") and ": found " in text:  # a flag's value: it says all there is
            raise InputError(text)
        text = text.replace("the following arguments are required:", "missing:")
        raise InputError(
            f"{self.prog.removeprefix('tempstudio ')}: {text} (see {self.prog} --help)"
        )

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The values of the flags in `words`; `InputError` in one line where one is wrong."""
        arguments, unknown = self.parse_known_args(self._joined(words))
        if unknown:
            self.error(self._unknown(unknown[0]))
        return arguments

    def _unknown(self, word: str) -> str:
        if not word.startswith("-") or word == "-":
            return f"found {shown(word)}, which is one argument too many"
        flag = word.partition("=")[0]
        near = difflib.get_close_matches(flag, self._option_string_actions, n=1, cutoff=0.6)
        hint = f", did you mean {near[0]}?" if near else ""
        return f"unknown flag {shown(flag)}{hint}"

    def _joined(self, words: Sequence[str]) -> list[str]:
        """`--dead -1,0` as `--dead=-1,0`: a value that begins with a hyphen is still a value."""
        joined: list[str] = []
        waiting = iter(words)
        for word in waiting:
            if word == "--":
                return [*joined, word, *waiting]
            action = self._option_string_actions.get(word)
            if action is not None and action.nargs is None:
                value = next(waiting, None)
                if value is not None and value.startswith("-") and not self._is_flag(value):
                    joined.append(f"{word}={value}")
                    continue
                joined += [word] if value is None else [word, value]
            else:
                joined.append(word)
        return joined

    def _is_flag(self, word: str) -> bool:
        return word.partition("=")[0] in self._option_string_actions


def shown(text: str) -> str:
    """A word of the command line as an error shows it: quoted, not too long.

    >>> shown("6x"), len(shown("9" * 5000))
    ("'6x'", 62)
    """
    text = repr(text)
    return text if len(text) <= MOST_SHOWN + 2 else f"{text[: MOST_SHOWN - 2]}...'"


def whole(low: int, high: int, what: str = "a whole number") -> Callable[[str], int]:
    """A kind of value: a whole number within limits.

    >>> whole(1, 10)("7")
    7
    """

    def read(text: str) -> int:
        stripped = text.strip()
        number = int(stripped) if re.fullmatch(r"[+-]?[0-9]{1,40}", stripped) else None
        if number is None or not low <= number <= high:
            raise argparse.ArgumentTypeError(
                f"found {shown(text)}, allowed: {what} from {low:,} to {high:,}"
            )
        return number

    return read


def number(low: float, high: float = math.inf, above: bool = False) -> Callable[[str], float]:
    """A kind of value: a finite number from `low` (or above it) to `high`, as in `1e9` or `0.5`.

    >>> number(0)("1e9")
    1000000000.0
    """

    def read(text: str) -> float:
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not low <= value <= high or (above and value == low):
            span = f"above {low:g}" if above else f"from {low:g}"
            span += f" to {high:g}" if math.isfinite(high) else ""
            raise argparse.ArgumentTypeError(f"found {shown(text)}, allowed: a number {span}")
        return value

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """A kind of value: one of a few words.

    >>> one_of("light", "dark")("dark")
    'dark'
    """

    def read(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"found {shown(text)}, allowed: {', '.join(choices)}")
        return text

    return read


def field_of(record: type[Any], name: str) -> Callable[[str], Any]:
    """A kind of value: what a field of a dataclass of quantities may hold, limits and all.

    >>> from tempstudio.core.workload import TrainingJob
    >>> field_of(TrainingJob, "global_batch")("128")
    128
    """
    field = next(f for f in dataclasses.fields(record) if f.name == name)
    about = field.metadata
    if about["choices"]:
        return one_of(*about["choices"])
    return whole(about["minimum"], about["maximum"], f"a whole number of {about['unit']}")
