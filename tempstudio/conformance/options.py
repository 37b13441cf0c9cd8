"""What every strategy has: a description, and options that a form, a file and a flag can hold."""

from __future__ import annotations

import json
from typing import Any

from tempstudio.catalogue import option_fields, options_from_pairs, options_to_pairs
from tempstudio.conformance.check import Broken
from tempstudio.core.errors import InputError
from tempstudio.core.quantities import to_json
from tempstudio.plugin_host import Offer


def described(offer: Offer) -> str:
    """Name, summary and version are there, in one line each."""
    for key in ("name", "summary", "version"):
        text = getattr(offer, key)
        if not text.strip() or not text.isprintable():
            raise Broken(f"{key}: found {text!r}, expected one line of text")
    return f"{offer.name} {offer.version}: {offer.summary}"


def round_trip(offer: Offer) -> str:
    """Every value that the options allow comes back from a file; every other is refused."""
    options = offer.object.Options
    fields = option_fields(options)
    tried = [{}, *({field["name"]: value} for field in fields for value in _allowed(field))]
    for pairs in tried:
        _comes_back(options, pairs)
    for field in fields:
        for value in _forbidden(field):
            _is_refused(options, field["name"], value)
    names = ", ".join(field["name"] for field in fields)
    return f"{len(fields)} options{': ' if names else ''}{names}; {len(tried)} settings tried"


def _allowed(field: dict[str, Any]) -> list[Any]:
    limits = [field[key] for key in ("minimum", "maximum") if field[key] is not None]
    if field["type"] == "int":
        limits = [int(limit) for limit in limits]
    if field["type"] == "list":
        limits = []
    switch = [True, False] if field["type"] == "bool" else []
    return [field["default"], *field["choices"], *limits, *switch]


def _forbidden(field: dict[str, Any]) -> list[Any]:
    if field["type"] == "choice":
        return ["no such choice"]
    if field["type"] not in ("int", "float"):
        return []
    low = [field["minimum"] - 1] if field["minimum"] is not None else []
    high = [field["maximum"] * 2 + 1] if field["maximum"] is not None else []
    return [*low, *high, "no number"]


def _comes_back(options: type[Any], pairs: dict[str, Any]) -> None:
    try:
        first = options_from_pairs(options, pairs)
    except InputError as error:
        raise Broken(f"{pairs} is within the limits and was refused: {error}") from None
    kept = json.loads(json.dumps(options_to_pairs(first)))
    again = options_from_pairs(options, kept)
    if to_json(again) != to_json(first):
        raise Broken(f"{pairs} came back from a file as {to_json(again)}")
    if hash(again) != hash(first) or again != first:
        raise Broken("Options: two that hold the same differ, expected a frozen dataclass")


def _is_refused(options: type[Any], name: str, value: Any) -> None:
    try:
        options_from_pairs(options, {name: value})
    except InputError:
        return
    raise Broken(f"Options.{name}: {value!r} is outside the limits and was accepted")


CHECKS = (
    ("description", "name, summary, version and the kind's method are there", described),
    ("options", "options survive a file and keep their limits", round_trip),
)
