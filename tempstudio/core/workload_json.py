"""The inverse of `workload_to_json`: an operator graph from its JSON document, strictly read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.workload import KINDS, Block, Operator, Workload

MOST_OPERATORS = 20_000
MOST_FEATURES = 10**9
MOST_PARAMETERS = 10**16
MOST_HEADS = 10**6
MOST_REPEATS = 100_000

_WHOLE = {
    "in_features": MOST_FEATURES,
    "out_features": MOST_FEATURES,
    "parameters": MOST_PARAMETERS,
    "heads": MOST_HEADS,
    "kv_heads": MOST_HEADS,
    "head_dim": MOST_FEATURES,
    "value_dim": MOST_FEATURES,
    "experts": MOST_HEADS,
    "active_experts": MOST_HEADS,
}
_TEXTS = ("role", "function", "tied_to")
_NEEDED = {
    "embedding": ("in_features", "out_features"),
    "linear": ("in_features", "out_features"),
    "router": ("in_features", "out_features"),
    "experts": ("in_features", "out_features", "experts", "active_experts"),
    "attention": ("heads", "kv_heads", "head_dim", "value_dim"),
    "loss": ("in_features",),
}


def workload_from_json(document: Any, where: str = "model") -> Workload:
    """A model from its JSON graph; unknown keys are passed over.

    Raises `InputError` with one line: `where` and the key, what was found, what is allowed.

    >>> from tempstudio.core.workload import workload_to_json
    >>> graph = {"name": "one", "hidden": 8, "vocabulary": 16, "max_seq_len": 4, "blocks": [
    ...     {"name": "head", "operators": [
    ...         {"name": "up", "kind": "linear", "in_features": 8, "out_features": 16}]}]}
    >>> workload_from_json(graph).blocks[0].operators[0].shape
    (8, 16)
    """
    graph = _object(document, where)
    blocks = _list(graph, "blocks", where)
    if not blocks:
        raise InputError(f"{where}.blocks: found an empty list, expected at least one block")
    read = tuple(_block(block, f"{where}.blocks[{i}]") for i, block in enumerate(blocks))
    workload = Workload(
        name=_text(graph, "name", where),
        blocks=read,
        hidden=_whole(graph, "hidden", where, 1, MOST_FEATURES),
        vocabulary=_whole(graph, "vocabulary", where, 1, MOST_FEATURES),
        max_seq_len=_whole(graph, "max_seq_len", where, 1, MOST_FEATURES),
        source=_text(graph, "source", where, default=""),
    )
    _check_whole_model(workload, where)
    return workload


def _check_whole_model(workload: Workload, where: str) -> None:
    names = [block.name for block in workload.blocks]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InputError(f"{where}.blocks[{i}].name: found {name!r} a second time")
    operators = [op for block in workload.blocks for op in block.operators]
    if len(operators) > MOST_OPERATORS:
        raise InputError(
            f"{where}.blocks: found {len(operators)} operators, allowed: at most {MOST_OPERATORS}"
        )
    known = {op.name for op in operators}
    known |= {f"{block.name}.{op.name}" for block in workload.blocks for op in block.operators}
    for op in operators:
        if op.tied_to and op.tied_to not in known:
            raise InputError(
                f"{where}: operator {op.name!r} is tied to {op.tied_to!r}, which is not there"
            )


def _block(document: Any, where: str) -> Block:
    block = _object(document, where)
    operators = _list(block, "operators", where)
    if not operators:
        raise InputError(f"{where}.operators: found an empty list, expected at least one operator")
    return Block(
        name=_text(block, "name", where),
        repeat=_whole(block, "repeat", where, 1, MOST_REPEATS, default=1),
        operators=tuple(
            _operator(item, f"{where}.operators[{i}]") for i, item in enumerate(operators)
        ),
    )


def _operator(document: Any, where: str) -> Operator:
    item = _object(document, where)
    kind = _text(item, "kind", where)
    if kind not in KINDS:
        raise InputError(f"{where}.kind: found {_shown(kind)}, allowed: {', '.join(KINDS)}")
    values: dict[str, Any] = {"name": _text(item, "name", where), "kind": kind}
    for key, most in _WHOLE.items():
        least = 1 if key in _NEEDED.get(kind, ()) or "experts" in key else 0
        if key in item or (least and "experts" not in key):
            values[key] = _whole(item, key, where, least, most)
    for key in _TEXTS:
        if key in item:
            values[key] = _text(item, key, where, default="")
    if "bias" in item:
        values["bias"] = _flag(item, "bias", where)
    if "inputs" in item:
        values["inputs"] = _names(item, "inputs", where)
    operator = Operator(**values)
    _check_operator(operator, where)
    return operator


def _check_operator(operator: Operator, where: str) -> None:
    if operator.active_experts > operator.experts:
        raise InputError(
            f"{where}.active_experts: found {operator.active_experts}, "
            f"allowed: at most the {operator.experts} experts"
        )
    if operator.kind == "attention" and operator.heads % operator.kv_heads:
        raise InputError(
            f"{where}.kv_heads: found {operator.kv_heads}, "
            f"allowed: a divisor of the {operator.heads} heads"
        )
    if operator.role not in ("", "column", "row"):
        raise InputError(f"{where}.role: found {_shown(operator.role)}, allowed: column, row")
    if operator.parameters % operator.experts:
        raise InputError(
            f"{where}.parameters: found {operator.parameters}, "
            f"allowed: a multiple of the {operator.experts} experts"
        )


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{where}: found {_shown(value)}, expected an object")
    return value


def _list(item: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = _given(item, key, where, "a list")
    if not isinstance(value, list):
        raise InputError(f"{where}.{key}: found {_shown(value)}, expected a list")
    return value


def _text(item: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    if key not in item and default is not None:
        return default
    value = _given(item, key, where, "a text")
    if not isinstance(value, str) or (not value and default is None):
        raise InputError(f"{where}.{key}: found {_shown(value)}, expected a text")
    return value


def _flag(item: Mapping[str, Any], key: str, where: str) -> bool:
    value = item[key]
    if not isinstance(value, bool):
        raise InputError(f"{where}.{key}: found {_shown(value)}, expected true or false")
    return value


def _whole(
    item: Mapping[str, Any], key: str, where: str, least: int, most: int, default: int | None = None
) -> int:
    if key not in item and default is not None:
        return default
    span = f"a whole number from {least} to {most}"
    value = _given(item, key, where, span)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise InputError(f"{where}.{key}: found {_shown(value)}, expected {span}")
    return int(value)


def _names(item: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = _list(item, key, where)
    wrong = [name for name in value if not isinstance(name, str)]
    if wrong or not value:
        found = _shown(wrong[0] if wrong else value)
        raise InputError(f"{where}.{key}: found {found}, expected names of earlier operators")
    return tuple(value)


def _given(item: Mapping[str, Any], key: str, where: str, expected: str) -> Any:
    if key not in item:
        raise InputError(f"{where}.{key}: missing, expected {expected}")
    return item[key]


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > 10**40:
        return "a whole number of more than 40 digits"
    if isinstance(value, (dict, list)) and len(value) > 4:
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
