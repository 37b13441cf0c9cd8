"""How families join operators to layers, and layers to a decoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tempstudio.core.workload import Block, Operator
from tempstudio.readers.operators import Operators, add, linear

Norm = Callable[[str, str], Operator]  # name, source -> norm over the residual stream

TOKENS = "embedding.tokens"


@dataclass(frozen=True)
class Decoder:
    """What a family's configuration says: a `Workload` without name and source.

    `left_out` tells in words what of the model the graph does not show.
    """

    blocks: tuple[Block, ...]
    hidden: int
    vocabulary: int
    max_seq_len: int
    left_out: tuple[str, ...] = ()


def pre_norm_layer(
    norm: Norm,
    attention: Operators,
    mlp: Operators,
    hidden: int,
    dropout: float = 0.0,
    residual_of_norm: bool = False,
) -> Operators:
    """x + attention(norm(x)), then + mlp(norm of that): GPT-2 and nearly all since.

    With `residual_of_norm` it is norm(x) that is added to, as Bloom can have it.
    """
    second = mlp[0].name.split(".")[0]  # "mlp" or "moe"
    first, middle = "attention.residual", f"{second}.norm"
    stream = ("attention.norm", middle) if residual_of_norm else ("input", first)
    return (
        norm("attention.norm", "input"),
        *attention,
        add(first, (stream[0], attention[-1].name), hidden, dropout),
        norm(middle, first),
        *mlp,
        add(f"{second}.residual", (stream[1], mlp[-1].name), hidden, dropout),
    )


def post_norm_layer(
    norm: Norm, attention: Operators, mlp: Operators, hidden: int, dropout: float = 0.0
) -> Operators:
    """norm(x + attention(x)), then norm(that + mlp(that)): the first transformer's order."""
    rename = {"attention.norm": "input", "mlp.norm": "attention.norm"}
    attention, mlp = (_with_sources(operators, rename) for operators in (attention, mlp))
    return (
        *attention,
        add("attention.residual", ("input", attention[-1].name), hidden, dropout),
        norm("attention.norm", "attention.residual"),
        *mlp,
        add("mlp.residual", ("attention.norm", mlp[-1].name), hidden, dropout),
        norm("mlp.norm", "mlp.residual"),
    )


def parallel_layer(
    norm: Norm,
    attention: Operators,
    mlp: Operators,
    hidden: int,
    dropout: float = 0.0,
    shared_norm: bool = False,
) -> Operators:
    """x + attention(norm(x)) + mlp(norm'(x)); with `shared_norm` both norms are one."""
    if shared_norm:
        mlp = _with_sources(mlp, {"mlp.norm": "attention.norm"})
    return (
        norm("attention.norm", "input"),
        *attention,
        add("attention.residual", ("input", attention[-1].name), hidden, dropout),
        *(() if shared_norm else (norm("mlp.norm", "input"),)),
        *mlp,
        add("mlp.residual", ("attention.residual", mlp[-1].name), hidden, dropout),
    )


def _with_sources(operators: Operators, rename: dict[str, str]) -> Operators:
    return tuple(
        replace(operator, inputs=tuple(rename.get(name, name) for name in operator.inputs))
        for operator in operators
    )


def embedding_block(
    vocabulary: int,
    hidden: int,
    *,
    table_width: int = 0,
    positions: int = 0,
    norm: Norm | None = None,
    dropout: float = 0.0,
) -> Block:
    """The table, what widens it to `hidden`, learned positions and a norm where there are any."""
    width = table_width or hidden
    operators = [Operator(TOKENS, "embedding", ("input",), vocabulary, width, vocabulary * width)]
    if width != hidden:
        operators.append(linear("embedding.project_in", TOKENS, width, hidden))
    if positions:
        tokens = operators[-1].name
        table = Operator(
            "embedding.positions",
            "embedding",
            ("input",),
            positions,
            hidden,
            positions * hidden,
            function="positions",
        )
        total = add("embedding.sum", (table.name, tokens), hidden, dropout)
        operators += [table, total]
    if norm:
        operators.append(norm("embedding.norm", operators[-1].name))
    return Block("embedding", tuple(operators))


def head_block(
    vocabulary: int, hidden: int, *, tied: bool, norm: Norm | None, table_width: int = 0
) -> Block:
    """The final norm, the product with the vocabulary (or with the tied table) and the loss."""
    operators: list[Operator] = []
    source, width = "input", table_width or hidden
    if norm:
        operators.append(norm("head.norm", source))
        source = "head.norm"
    if width != hidden:
        operators.append(linear("head.project_out", source, hidden, width))
        source = "head.project_out"
    output = Operator(
        "head.output",
        "linear",
        (source,),
        width,
        vocabulary,
        parameters=0 if tied else width * vocabulary,
        role="column",
        tied_to=TOKENS if tied else "",
    )
    loss = Operator("head.loss", "loss", (output.name,), vocabulary)
    return Block("head", (*operators, output, loss))
