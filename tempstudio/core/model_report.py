"""The `model` document of SURFACE.md: operators, parameters and FLOP of a model."""

from __future__ import annotations

from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.workload import Block, Operator, Workload

MOST_TOKENS = 100_000_000


def describe_model(workload: Workload, seq_len: int | None = None) -> dict[str, Any]:
    """What a model is made of, as plain JSON data.

    `flop` is forward, of one sequence of `seq_len` tokens (the model's longest where None), a
    multiply-add counting two and attention uncausal; an operator's `flop` and `parameters` are
    those of one of its `repeat` copies, so that parameters x repeat add to the model's.  `shape` is
    the weight's, inputs x outputs, experts first.  Raises `InputError` on a `seq_len` below 1.

    >>> from tempstudio.core.workload import Block, Operator, Workload
    >>> up = Operator("up", "linear", in_features=8, out_features=32, parameters=256)
    >>> report = describe_model(Workload("one", (Block("layers", (up,), 3),), 8, 16, 4))
    >>> report["parameters"], report["flop"], report["operators"][0]["flop"]
    (768, 6144, 2048)
    """
    tokens = workload.max_seq_len if seq_len is None else seq_len
    if not isinstance(tokens, int) or isinstance(tokens, bool) or not 1 <= tokens <= MOST_TOKENS:
        huge = isinstance(tokens, int) and abs(tokens) > 10**40  # repr has a limit of digits
        found = "a whole number of more than 40 digits" if huge else f"{tokens!r:.60}"
        raise InputError(
            f"seq_len: found {found}, expected a whole number from 1 to {MOST_TOKENS:,}"
        )
    return {
        "name": workload.name,
        "source": workload.source,
        "parameters": workload.parameters,
        "active_parameters": workload.active_parameters,
        "layers": workload.layers,
        "hidden": workload.hidden,
        "vocabulary": workload.vocabulary,
        "max_seq_len": workload.max_seq_len,
        "seq_len": tokens,
        "flop": int(workload.flop(tokens, tokens)),
        "flop_per": "forward pass of one sequence of seq_len tokens, attention uncausal; "
        "an operator's is of one copy",
        "operators": [
            _describe(block, operator, tokens)
            for block in workload.blocks
            for operator in block.operators
        ],
    }


def _describe(block: Block, operator: Operator, tokens: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": operator.name,
        "block": block.name,
        "kind": operator.kind,
        "shape": list(operator.shape),
        "flop": int(operator.flop(tokens, tokens)),
        "parameters": operator.parameters,
        "repeat": block.repeat,
        "inputs": list(operator.inputs),
    }
    if operator.kind == "experts":
        document["active_experts"] = operator.active_experts
    if operator.tied_to:
        document["tied_to"] = operator.tied_to
    return document
