"""A part: one operator of TempStudio's graph, before it has its name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Part:
    """`inputs` are the parts it reads, () for what it reads of the graph's own inputs.

    `weight` names the initializer that a tied head shares.
    """

    kind: str
    inputs: tuple[Part, ...] = ()
    in_features: int = 0
    out_features: int = 0
    parameters: int = 0
    bias: bool = False
    function: str = ""
    weight: str = ""
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    value_dim: int = 0
    users: list[Part] = field(default_factory=list, repr=False)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def count_users(parts: list[Part]) -> None:
    """Note of each part which others read it."""
    for part in parts:
        part.users = []
    for part in parts:
        for source in dict.fromkeys(part.inputs):
            source.users.append(part)


def merge_products(parts: list[Part]) -> list[Part]:
    """Products of one input that only meet again in one attention or gate become one product.

    Queries, keys and values, and gate and up, stand side by side in one matrix then, which
    computes the same and is how TempStudio's own readers have them.
    """
    count_users(parts)
    merged: dict[Part, Part] = {}
    for part in parts:
        if part.kind == "attention" or part.function.endswith("-gate"):
            _merge_before(part, merged)
    kept = [part for part in parts if merged.get(part, part) is part]
    for part in kept:
        part.inputs = tuple(dict.fromkeys(merged.get(source, source) for source in part.inputs))
    return kept


def _merge_before(part: Part, merged: dict[Part, Part]) -> None:
    products = []
    for source in part.inputs:
        # A norm of queries or keys stands between its product and the attention.
        product = source.inputs[0] if source.kind == "norm" and source.inputs else source
        alone = set(product.users) <= {part, *part.inputs} and product.kind == "linear"
        if alone and product not in products:
            products.append(product)
    if len(products) < 2 or len({product.inputs for product in products}) > 1:
        return
    first, *others = products
    for other in others:
        first.out_features += other.out_features
        first.parameters += other.parameters
        first.bias = first.bias or other.bias
        merged[other] = first
    if part.kind != "attention":
        part.in_features = first.out_features
