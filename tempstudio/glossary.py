"""The glossary of `tempstudio explain`, tooltips and F1: a sentence and the formula of a term."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import lru_cache

from tempstudio.core.errors import InputError
from tempstudio.resources import asset


@dataclass(frozen=True)
class Entry:
    """A term, its other names, its unit, its meaning, its formula and where that is fixed."""

    term: str
    sentence: str
    formula: str = ""
    unit: str = ""
    spec: str = ""
    also: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All terms, in alphabetical order."""
    document = json.loads(asset("glossary.json").read_text(encoding="utf-8"))
    return tuple(Entry(**{**entry, "also": tuple(entry["also"])}) for entry in document["entries"])


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Entry]:
    names = {}
    for entry in entries():
        for name in (entry.term, *entry.also):
            names[_plain(name)] = entry
    return names


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()


def find(word: str) -> Entry | None:
    """The entry of a term or one of its other names, None where there is none.

    >>> find("mfu").term
    'MFU'
    """
    return _by_name().get(_plain(word))


def explain(word: str) -> Entry:
    """The entry of a term; `InputError` names the nearest terms where there is none."""
    found = find(word)
    if found is not None:
        return found
    near = difflib.get_close_matches(_plain(word), _by_name(), n=3, cutoff=0.5)
    terms = list(dict.fromkeys(_by_name()[name].term for name in near))
    hint = f", nearest: {', '.join(terms)}" if terms else ""
    raise InputError(f"term: found {word!r}, which the glossary does not have{hint}")
