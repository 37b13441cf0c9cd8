"""From ONNX nodes to parts: products, norms, attention, embeddings, and what is done pointwise.

Whatever of the graph touches activations has to be understood, or the reader refuses it by name:
a model that is half read would give figures that are half wrong.
"""

from __future__ import annotations

import tempstudio as ts
from tempstudio_onnx.attention import Attention, find_attention, fused_attention
from tempstudio_onnx.graph import Graph, Node
from tempstudio_onnx.norms import Norm, find_norm
from tempstudio_onnx.parts import Part

PASSING = frozenset({
    "Cast", "Dropout", "Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose",
    "Unsqueeze",
})  # fmt: skip
POINTWISE = frozenset({
    "Add", "Div", "Elu", "Erf", "FastGelu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu",
    "Mish", "Mul", "Neg", "Pow", "QuickGelu", "Relu", "Sigmoid", "Softplus", "Sqrt", "Sub",
    "Swish", "Tanh",
})  # fmt: skip
FUNCTIONS = {  # by what is in a pointwise chain, the telling ones first
    "Erf": "gelu", "Gelu": "gelu", "FastGelu": "gelu", "QuickGelu": "gelu", "Swish": "silu",
    "Tanh": "gelu", "Sigmoid": "silu", "Relu": "relu", "Elu": "elu", "LeakyRelu": "leaky_relu",
    "Mish": "mish", "HardSwish": "hard_swish", "HardSigmoid": "hard_sigmoid",
    "Softplus": "softplus",
}  # fmt: skip


class Flow:
    """A value on its way: the part it comes from, its width, and what was done pointwise since."""

    def __init__(self, part: Part, width: int, chain: tuple[str, ...] = (), root: str = "") -> None:
        self.part, self.width, self.chain, self.root = part, width, chain, root


class Folding:
    """Walks the nodes in order; `parts` holds what was understood."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.parts: list[Part] = []
        self.flows: dict[str, Flow] = {}
        self.used: set[str] = set()  # weights that were counted, or are no weights
        self.positions = 0
        self._skipped: set[int] = set()
        self._norms: dict[int, Norm] = {}
        self._attention: dict[int, Attention] = {}
        self._find_regions()

    def _find_regions(self) -> None:
        """Norms and attentions, which are many nodes; the rest is told node by node."""
        boundary: set[str] = set()
        for node in self.graph.nodes:
            norm = find_norm(self.graph, node)
            if norm is not None:
                self._norms[norm.last] = norm
                self._skipped |= norm.inside - {norm.last}
                boundary |= set(self.graph.nodes[norm.last].outputs[:1])
            if self._weight_of(node):
                boundary.add(self._bias_of(node)[1])
        for node in self.graph.nodes:
            found = fused_attention(self.graph, node)
            if node.op == "Softmax":
                found = find_attention(self.graph, node, boundary)
            if found is not None:
                self._attention[found.last] = found
                self._skipped |= found.inside - {found.last}
                self.used |= found.tables

    def fold(self) -> list[Part]:
        """All parts in order; `InputError` names the node that is not understood."""
        for node in self.graph.nodes:
            if node.number in self._norms:
                self._take_norm(self._norms[node.number], node)
            elif node.number in self._attention:
                self._take_attention(self._attention[node.number], node)
            elif node.number in self._skipped:
                continue
            elif self._is_embedding(node):
                self._take_embedding(node)
            elif any(value in self.flows for value in node.inputs):
                self._take(node)
        return self.parts

    def _take(self, node: Node) -> None:
        if self._weight_of(node):
            self._take_product(node)
        elif node.op in PASSING:
            self.flows[node.outputs[0]] = self.flows[self._first_flow(node)]
        elif node.op == "Split":
            self._take_pieces(node)
        elif node.op in POINTWISE:
            self._take_pointwise(node)
        elif node.op not in ("Shape", "Size"):  # how large it is, is no flow
            raise ts.InputError(f"{node}: this operator is not understood")

    def _first_flow(self, node: Node) -> str:
        return next(value for value in node.inputs if value in self.flows)

    # Parts

    def _add(self, part: Part, value: str, width: int) -> None:
        self.parts.append(part)
        self.flows[value] = Flow(part, width, root=value)

    def _part_of(self, value: str) -> Part:
        """The part whose output a value is; what was done pointwise becomes a part first."""
        flow = self.flows[value]
        done = [op for op in flow.chain if op in FUNCTIONS]
        if not done:
            return flow.part  # scaled at most: the product before can do that itself
        function = next(FUNCTIONS[op] for op in FUNCTIONS if op in done)
        part = Part("elementwise", (flow.part,), flow.width, flow.width, function=function)
        self._add(part, value, flow.width)
        return part

    def _is_embedding(self, node: Node) -> bool:
        table = node.inputs[0] if node.op == "Gather" else ""
        axis = node.attributes.get("axis", 0)
        two = len(self.graph.shape(table)) == 2 and self.graph.is_weight(table)
        return two and axis == 0 and not self._is_rotary(node)

    def _is_rotary(self, node: Node) -> bool:
        """A table of sines or cosines is multiplied with; one of positions is added or normed."""
        if self._reads_tokens(node.inputs[1]):
            return False
        users = list(self.graph.users[node.outputs[0]])
        while users and all(user.op in PASSING for user in users):
            users = [u for user in users for u in self.graph.users[user.outputs[0]]]
        return bool(users) and all(user.op in ("Mul", "Neg", "Cos", "Sin") for user in users)

    def _take_embedding(self, node: Node) -> None:
        table = node.inputs[0]
        rows, width = (int(size or 0) for size in self.graph.shape(table))
        first = not any(part.kind == "embedding" for part in self.parts)
        tokens = self._reads_tokens(node.inputs[1])
        function = "" if tokens else "positions"
        if not tokens:
            self.positions = max(self.positions, rows)
        if not first and tokens:
            raise ts.InputError(f"{node}: a second table of tokens is not understood")
        part = Part("embedding", (), rows, width, rows * width, function=function, weight=table)
        self.used.add(table)
        self._add(part, node.outputs[0], width)

    def _reads_tokens(self, value: str) -> bool:
        """Whether an index is the graph's token input itself, and no count of positions."""
        source = self.graph.source(value, PASSING)
        names = [name for name in self.graph.inputs if "position" not in name]
        return source in names

    def _weight_of(self, node: Node) -> str:
        """The weight of a product, "" where this is none or both sides are activations."""
        if node.op not in ("MatMul", "Gemm") or len(node.inputs) < 2:
            return ""
        value = self.graph.source(node.inputs[1], PASSING)
        return value if self.graph.is_weight(value) else ""

    def _take_product(self, node: Node) -> None:
        graph, weight = self.graph, self._weight_of(node)
        shape = [int(size or 0) for size in graph.shape(weight)]
        if len(shape) != 2:
            raise ts.InputError(f"{node}: a weight of shape {shape}, expected a matrix")
        turned = graph.producer.get(node.inputs[1])
        is_turned = turned is not None and turned.op == "Transpose"
        if is_turned != bool(node.attributes.get("transB", 0)):
            shape.reverse()
        inner, outer = shape
        flow, source = self.flows[node.inputs[0]], self._part_of(node.inputs[0])
        if flow.width != inner:
            raise ts.InputError(f"{node}: {flow.width} features meet a weight of {inner} x {outer}")
        bias, value = self._bias_of(node)
        if value != node.outputs[0]:
            self._skipped.add(graph.users[node.outputs[0]][0].number)
        part = Part("linear", (source,), inner, outer, weight=weight, bias=bool(bias))
        part.parameters = (0 if weight in self.used else inner * outer) + outer * bool(bias)
        self.used |= {weight, bias} - {""}
        self._add(part, value, outer)

    def _bias_of(self, node: Node) -> tuple[str, str]:
        """(the bias's name or "", the value behind it) of a product."""
        value = node.outputs[0]
        if node.op == "Gemm" and len(node.inputs) > 2 and node.inputs[2]:
            return node.inputs[2], value
        user = self.graph.sole_user(value)
        if user is not None and user.op == "Add":
            others = [name for name in user.inputs if name != value]
            flat = [name for name in others if len(self.graph.shape(name)) == 1]
            if len(flat) == 1 and self.graph.is_weight(flat[0]):
                return flat[0], user.outputs[0]
        return "", value

    def _take_norm(self, norm: Norm, node: Node) -> None:
        if norm.source not in self.flows:
            raise ts.InputError(f"{node}: a norm of something that is no activation")
        width = self.flows[norm.source].width
        own = [self.graph.shape(name) for name in norm.weights]
        size = sum(int(shape[-1] or 0) for shape in own)
        part = Part(
            "norm", (self._part_of(norm.source),), width, width, size, function=norm.function
        )
        part.bias = norm.function == "layer" and len(norm.weights) > 1
        self.used |= set(norm.weights)
        self._add(part, node.outputs[0], width)

    def _take_attention(self, found: Attention, node: Node) -> None:
        missing = [value for value in found.reads if value not in self.flows]
        if missing:
            raise ts.InputError(f"{node}: attention to {missing[0]!r:.60}, which is no activation")
        queries, keys, values = (self.flows[value].part for value in found.reads)
        sources = tuple(dict.fromkeys((queries, keys, values)))
        width = sum(source.out_features for source in sources)
        heads, head_dim = found.heads, found.head_dim
        if heads and not head_dim and keys is not queries:
            head_dim = queries.out_features // heads
        if not heads and head_dim and keys is not queries:
            heads = queries.out_features // head_dim
        if not heads or not head_dim:
            raise ts.InputError(f"{node}: how many heads there are cannot be told")
        value_dim = found.value_dim or head_dim
        if keys is queries:
            kv_heads = (width - heads * head_dim) // (head_dim + value_dim)
        else:
            kv_heads = found.kv_heads or keys.out_features // head_dim
        part = Part("attention", sources, width, heads * value_dim, function="softmax")
        part.heads, part.kv_heads = heads, kv_heads
        part.head_dim, part.value_dim = head_dim, value_dim
        self._check_heads(part, queries, keys, node)
        self._add(part, node.outputs[0], part.out_features)

    def _check_heads(self, part: Part, queries: Part, keys: Part, node: Node) -> None:
        asked = part.heads * part.head_dim
        if keys is queries:
            asked += part.kv_heads * (part.head_dim + part.value_dim)
        if asked != queries.out_features or not part.kv_heads or part.heads % part.kv_heads:
            raise ts.InputError(
                f"{node}: {part.heads} heads of {part.head_dim} and {part.kv_heads} of keys do "
                f"not make {queries.out_features} features"
            )

    def _take_pieces(self, node: Node) -> None:
        """A product's output cut along its features, as one that holds gate and up is."""
        flow = self.flows[node.inputs[0]]
        for value in node.outputs:
            width = self.graph.shape(value)[-1] if self.graph.shape(value) else None
            if not width:
                raise ts.InputError(f"{node}: how wide the pieces are cannot be told")
            self.flows[value] = Flow(flow.part, int(width), flow.chain, root=value)

    def _take_pointwise(self, node: Node) -> None:
        value = node.outputs[0]
        flows = [self.flows[name] for name in node.inputs if name in self.flows]
        roots = {flow.root for flow in flows}
        strange = [
            name for name in node.inputs if name not in self.flows and self.graph.is_weight(name)
        ]
        if strange:
            raise ts.InputError(
                f"{node}: the weight {strange[0]!r:.60} belongs to no product, norm or embedding"
            )
        if len(roots) == 1:
            chain = tuple(dict.fromkeys(op for flow in flows for op in (*flow.chain, node.op)))
            self.flows[value] = Flow(flows[0].part, flows[0].width, chain, flows[0].root)
        elif node.op == "Add" and len(node.inputs) == 2:
            parts = sorted(map(self._part_of, node.inputs), key=self.parts.index)
            width = flows[0].width
            self._add(Part("elementwise", tuple(parts), width, width, function="add"), value, width)
        elif node.op == "Mul" and len(node.inputs) == 2:
            self._take_gate(node)
        else:
            raise ts.InputError(f"{node}: joins two activations in a way that is not understood")

    def _take_gate(self, node: Node) -> None:
        """One side through an activation, times the other."""
        sides = [self.flows[name] for name in node.inputs]
        active = [side for side in sides if any(op in FUNCTIONS for op in side.chain)]
        if len(active) != 1:
            raise ts.InputError(f"{node}: a gate without one activation is not understood")
        function = next(FUNCTIONS[op] for op in FUNCTIONS if op in active[0].chain)
        sources = tuple(dict.fromkeys(side.part for side in sides))
        width = sides[0].width
        part = Part("elementwise", sources, 2 * width, width, function=f"{function}-gate")
        self._add(part, node.outputs[0], width)


def check_weights(folding: Folding) -> None:
    """No weight may be left that was not counted; tables that are no weights stand in `used`."""
    graph = folding.graph
    for name in graph.weights:
        if name in folding.used or not graph.is_weight(name):
            continue
        users = graph.users[name]
        feeding = [user for user in users if any(v in folding.flows for v in user.outputs)]
        if feeding:
            shape = list(graph.shape(name))
            raise ts.InputError(
                f"{feeding[0]}: the weight {name!r:.60} of shape {shape} is not understood"
            )
