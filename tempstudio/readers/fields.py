"""Checked access to the fields of a model's configuration: a value or one line that names it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from tempstudio.core.errors import InputError

MOST_WIDTH = 1_000_000
MOST_VOCABULARY = 100_000_000
MOST_POSITIONS = 100_000_000
MOST_LAYERS = 10_000
MOST_HEADS = 10_000
MOST_EXPERTS = 10_000

# The names that Hugging Face gives to activations, and the function they are.
ACTIVATIONS: Final = {
    "gelu": "gelu",
    "gelu_10": "gelu",
    "gelu_accurate": "gelu",
    "gelu_fast": "gelu",
    "gelu_new": "gelu",
    "gelu_python": "gelu",
    "gelu_python_tanh": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "quick_gelu": "gelu",
    "relu": "relu",
    "relu2": "relu2",
    "relu6": "relu",
    "leaky_relu": "relu",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "swish": "silu",
    "mish": "mish",
    "tanh": "tanh",
}


def shown(value: Any) -> str:
    """A JSON value as an error line shows it, cut to a readable length.

    >>> shown(True), shown("a" * 90)[-6:], shown(10**50)
    ('true', 'aaa...', 'a whole number of more than 40 digits')
    """
    if isinstance(value, int) and abs(value) > 10**40:
        return "a whole number of more than 40 digits"
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class Fields:
    """A configuration document and the file it came from, which begins every error.

    Where a quantity has several names in a family (`n_head`, `num_attention_heads`), the first is
    the one that errors name when none is there, and all that are there have to agree.
    """

    document: Mapping[str, Any]
    where: str

    def refuse(self, name: str, found: Any, allowed: str) -> NoReturn:
        """`InputError` in one line: file, field, what was found, what is allowed."""
        raise InputError(f"{self.where}: {name}: found {shown(found)}, allowed: {allowed}")

    def given(self, *names: str) -> tuple[str, Any] | None:
        """The name and value that a quantity has here, or None; differing values are refused."""
        present = [name for name in names if name in self.document]
        for other in present[1:]:
            first = self.document[present[0]]
            if self.document[other] != first:
                self.refuse(other, self.document[other], f"{shown(first)}, as {present[0]} says")
        return (present[0], self.document[present[0]]) if present else None

    def whole(self, *names: str, most: int, least: int = 1) -> int:
        """A whole number that has to be there."""
        here = self.given(*names)
        if here is None:
            raise InputError(f"{self.where}: {names[0]}: missing, expected {_span(least, most)}")
        return self._checked(here[0], here[1], least, most)

    def optional(self, *names: str, most: int, least: int = 1) -> int | None:
        """A whole number, or None where it is left out or null."""
        here = self.given(*names)
        if here is None or here[1] is None:
            return None
        return self._checked(here[0], here[1], least, most)

    def _checked(self, name: str, value: Any, least: int, most: int) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            self.refuse(name, value, _span(least, most))
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false; left out or null is the family's default."""
        value = self.document.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, value, "true or false")
        return value

    def share(self, *names: str, default: float = 0.0) -> float:
        """A probability in [0, 1]."""
        here = self.given(*names)
        if here is None or here[1] is None:
            return default
        name, value = here
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            self.refuse(name, value, "a number from 0 to 1")
        return float(value)

    def activation(self, name: str, default: str) -> str:
        """The function of an MLP under this project's name."""
        value = self.document.get(name)
        if value is None:
            value = default
        if not isinstance(value, str) or value not in ACTIVATIONS:
            self.refuse(name, value, ", ".join(ACTIVATIONS))
        return ACTIVATIONS[value]


def even_split(fields: Fields, name: str, heads: int, hidden: int) -> int:
    """The head dimension where `heads` heads share the hidden size evenly."""
    if hidden % heads:
        fields.refuse(name, heads, f"a divisor of the hidden size {hidden:,}")
    return hidden // heads


def check_groups(fields: Fields, name: str, kv_heads: int, heads: int) -> None:
    """Every key-value head serves the same number of heads."""
    if heads % kv_heads:
        fields.refuse(name, kv_heads, f"a divisor of the {heads:,} attention heads")


def check_active(fields: Fields, active: int, count: int) -> None:
    """A token cannot visit more experts than there are."""
    if active > count:
        fields.refuse("num_experts_per_tok", active, f"at most the {count:,} experts")


def _span(least: int, most: int) -> str:
    return f"a whole number from {least} to {most:,}"
