"""From parts to blocks: cut where one activation crosses, equal layers told once, names given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import tempstudio as ts
from tempstudio_onnx.parts import Part, count_users

Segment = list[Part]


def make_blocks(parts: list[Part]) -> tuple[ts.Block, ...]:
    """Embedding, layers and head, with the loss that an ONNX graph has not."""
    count_users(parts)
    segments = cut(parts)
    first = next((i for i, s in enumerate(segments) if _attends(s)), None)
    if first is None:
        raise ts.InputError("there is no attention: expected a transformer")
    before = [part for segment in segments[:first] for part in segment]
    layers, head = split_layers(segments[first:])
    if not before or before[0].kind != "embedding":
        raise ts.InputError("no table of token embeddings comes before the first layer")
    names: dict[Part, str] = {}
    blocks = [ts.Block("embedding", name_block(before, "embedding", names))]
    made = [name_block(layer, "layer", names) for layer in layers]
    numbers: list[int] = []
    for operators, equal in groupby(made):
        numbers.append(len(numbers) + 1)
        title = "layers" if len(numbers) == 1 else f"layers {len(numbers)}"
        blocks.append(ts.Block(title, operators, len(list(equal))))
    output = name_block(head, "head", names)
    loss = ts.Operator("head.loss", "loss", (output[-1].name,), output[-1].out_features)
    return (*blocks, ts.Block("head", (*output, loss)))


def cut(parts: list[Part]) -> list[Segment]:
    """Runs of parts between places where nothing but the last part's output is used later."""
    place = {part: i for i, part in enumerate(parts)}
    last_use = [max((place[user] for user in part.users), default=place[part]) for part in parts]
    segments: list[Segment] = [[]]
    furthest = -1  # use of anything but the part just passed
    for i, part in enumerate(parts):
        segments[-1].append(part)
        if furthest <= i and i + 1 < len(parts):
            segments.append([])
        furthest = max(furthest, last_use[i])
    return segments


def split_layers(segments: list[Segment]) -> tuple[list[Segment], Segment]:
    """A layer begins with each attention; what follows the last belongs to the head."""
    layers: list[list[Segment]] = []
    for segment in segments:
        if _attends(segment):
            layers.append([])
        layers[-1].append(segment)
    whole = len(layers[0]) if len(layers) > 1 else len(layers[0]) - _head_length(layers[0])
    head = [part for segment in layers[-1][whole:] for part in segment]
    if not head or head[-1].kind != "linear":
        raise ts.InputError("the last operator is no product with the vocabulary")
    layers[-1] = layers[-1][:whole]
    return [[part for segment in layer for part in segment] for layer in layers], head


def _head_length(segments: Sequence[Segment]) -> int:
    """Segments of the head where there is one layer: the product, and a norm right before it."""
    norm = len(segments) > 2 and all(part.kind == "norm" for part in segments[-2])
    return 2 if norm else 1


def _attends(segment: Segment) -> bool:
    return any(part.kind == "attention" for part in segment)


def name_block(parts: Segment, where: str, names: dict[Part, str]) -> tuple[ts.Operator, ...]:
    """Operators with the names that TempStudio's own readers give; `names` is filled."""
    section = "attention" if where == "layer" else where
    taken: set[str] = set()
    operators = []
    for part in parts:
        word = _word(part, where)
        name = f"{section}.{word}"
        number = 2
        while name in taken:
            name, number = f"{section}.{word}_{number}", number + 1
        taken.add(name)
        names[part] = name
        operators.append(_operator(part, name, parts, names))
        if word == "residual":
            section = "mlp"
    return tuple(operators)


def _word(part: Part, where: str) -> str:
    """What a part is called by what stands before and behind it."""
    if part.kind == "embedding":
        return part.function or "tokens"
    if part.kind == "norm":
        heads = [user for user in part.users if user.kind == "attention"]
        return "head_norm" if heads else "norm"
    if part.kind == "attention":
        return "core"
    if part.kind == "elementwise" and part.function == "add":
        return "sum" if where == "embedding" else "residual"
    if part.kind == "elementwise":
        return "activation"
    if where == "head":
        return "output"
    return _product_word(part)


def _product_word(part: Part) -> str:
    behind = [user for user in part.users if user.kind != "norm"]
    behind += [user for norm in part.users if norm.kind == "norm" for user in norm.users]
    if any(user.kind == "attention" for user in behind):
        return "qkv"
    if any(source.kind == "attention" for source in part.inputs):
        return "output"
    active = [user for user in behind if user.kind == "elementwise" and user.function != "add"]
    if active:
        return "gate_up" if active[0].function.endswith("-gate") else "up"
    return "down"


def _operator(part: Part, name: str, block: Segment, names: dict[Part, str]) -> ts.Operator:
    inputs = tuple(names[s] if s in block else "input" for s in part.inputs) or ("input",)
    word = name.split(".")[-1]
    column = word.startswith(("qkv", "up", "gate_up")) or name.startswith("head.")
    role = ("column" if column else "row") if part.kind == "linear" else ""
    tied = part.kind == "linear" and part.parameters < part.in_features * part.out_features
    return ts.Operator(
        name=name,
        kind=part.kind,
        inputs=tuple(dict.fromkeys(inputs)),
        in_features=part.in_features,
        out_features=part.out_features,
        parameters=part.parameters,
        bias=part.bias,
        role=role,
        function=part.function,
        heads=part.heads,
        kv_heads=part.kv_heads,
        head_dim=part.head_dim,
        value_dim=part.value_dim,
        tied_to=_table_of(part, names) if tied else "",
    )


def _table_of(part: Part, names: dict[Part, str]) -> str:
    for other, name in names.items():
        if other is not part and other.weight == part.weight:
            return name
    raise ts.InputError(f"the weight {part.weight!r:.60} is shared in a way that is not understood")
