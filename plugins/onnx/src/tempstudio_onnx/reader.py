"""`onnx`: a decoder transformer from an ONNX graph, to the last parameter or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tempstudio as ts
from tempstudio_onnx.blocks import make_blocks
from tempstudio_onnx.fold import Folding, check_weights
from tempstudio_onnx.graph import Graph, load_graph
from tempstudio_onnx.parts import merge_products

LENGTH_KEY = "max_seq_len"


@dataclass(frozen=True)
class OnnxOptions:
    """Everything is told by the file."""


class OnnxReader:
    """One block a layer, equal layers told once, and the loss that an inference graph lacks."""

    name = "onnx"
    summary = "A decoder transformer from an ONNX graph"
    version = "1.0"
    Options = OnnxOptions
    suffixes = (".onnx",)

    def read(self, path: Path) -> ts.Workload:
        """The model; `InputError` names the node or weight that is not understood."""
        path = Path(path)
        graph = load_graph(path)
        try:
            return read_graph(graph, path.stem)
        except ts.InputError as error:
            raise ts.InputError(f"{path}: {error}") from None


def read_graph(graph: Graph, name: str) -> ts.Workload:
    """The model of a graph."""
    folding = Folding(graph)
    parts = folding.fold()
    check_weights(folding)
    blocks = make_blocks(merge_products(parts))
    table, head = blocks[0].operators[0], blocks[-1].operators[-2]
    if head.out_features != table.in_features:
        raise ts.InputError(
            f"the head puts out {head.out_features} features, expected the vocabulary of "
            f"{table.in_features}"
        )
    producer = " ".join(f"{graph.model.producer_name} {graph.model.producer_version}".split())
    by = f" of {producer[:60]}" if producer else ""
    printable = "".join(c if c.isprintable() else "?" for c in name)[:120]
    return ts.Workload(
        name=printable or "model",
        blocks=blocks,
        hidden=table.out_features,
        vocabulary=table.in_features,
        max_seq_len=_longest(graph, folding),
        source=f"ONNX graph{by}; the loss was added",
    )


def _longest(graph: Graph, folding: Folding) -> int:
    """The longest sequence: by the table of positions, the file's metadata, or a fixed input."""
    if folding.positions:
        return folding.positions
    for entry in graph.model.metadata_props:
        if entry.key == LENGTH_KEY and entry.value.isdecimal() and int(entry.value) > 0:
            return int(entry.value)
    tables = [graph.shape(name) for name in folding.used if len(graph.shape(name)) == 2]
    widths = {part.head_dim for part in folding.parts if part.kind == "attention"}
    rotary = [int(s[0] or 0) for s in tables if s[1] in widths | {w // 2 for w in widths}]
    counted = {part.in_features for part in folding.parts}
    fixed = [graph.shape(name)[1] for name in graph.inputs if len(graph.shape(name)) == 2]
    found = [size for size in rotary if size not in counted] + [size for size in fixed if size]
    if not found:
        raise ts.InputError(
            "how long a sequence may be cannot be told: no table of positions, no fixed length; "
            f"set the metadata {LENGTH_KEY!r}"
        )
    return int(max(found))
