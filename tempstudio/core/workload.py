"""What is trained: the operator graph of a language model, and the training job.

A `Workload` is a sequence of `Block`s along the residual stream; a block is a small directed
acyclic graph of `Operator`s and stands for `repeat` equal copies of itself.  Sizes are those of one
token (features) or of the whole model (parameters); what depends on batch and sequence length is
derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import quantity

KINDS = (
    "embedding",  # table lookup: in_features = vocabulary, out_features = hidden
    "norm",  # layer or RMS norm over out_features
    "linear",  # in_features -> out_features; query/key/value or gate/up fused are one
    "attention",  # heads, kv_heads, head_dim (query/key), value_dim
    "elementwise",  # function over out_features; two inputs where it adds or gates
    "router",  # a linear that chooses active_experts of experts
    "experts",  # a linear held `experts` times, used `active_experts` times a token
    "loss",  # softmax cross-entropy over in_features = vocabulary
)

MOST_NAME = 120


@dataclass(frozen=True)
class Operator:
    """One operator of a block.

    `inputs` names operators of the same block, `"input"` stands for the block's own input (the
    residual stream).  `role` tells a partitioner how Megatron would cut it: `"column"` (first of a
    pair), `"row"` (second), or `""`.  `parameters` counts weights and biases of one copy; a tied
    head has 0 and names the table in `tied_to`.
    """

    name: str
    kind: str
    inputs: tuple[str, ...] = ("input",)
    in_features: int = 0
    out_features: int = 0
    parameters: int = 0
    bias: bool = False
    role: str = ""
    function: str = ""
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    value_dim: int = 0
    experts: int = 1
    active_experts: int = 1
    tied_to: str = ""

    @property
    def active_parameters(self) -> int:
        """Parameters that one token passes through."""
        if self.kind != "experts":
            return self.parameters
        return self.parameters // self.experts * self.active_experts

    def flop(self, tokens: int, seq_len: int) -> float:
        """Forward FLOP for `tokens` tokens in sequences of `seq_len` (attention uncausal).

        A multiply-add is two.  Norms and elementwise operators count none: their time is memory.
        """
        if self.kind in ("linear", "router", "experts"):
            visits = self.active_experts if self.kind == "experts" else 1
            return 2.0 * tokens * self.in_features * self.out_features * visits
        if self.kind == "attention":
            return 2.0 * tokens * seq_len * self.heads * (self.head_dim + self.value_dim)
        return 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """The weight's shape: (experts,) inputs x outputs; heads x head_dim of an attention."""
        if self.kind == "attention":
            return (self.heads, self.head_dim)
        if self.kind == "experts":
            return (self.experts, self.in_features, self.out_features)
        if self.kind in ("linear", "embedding", "router"):
            return (self.in_features, self.out_features)
        return (self.out_features or self.in_features,)


def _check_name(name: str, where: str) -> None:
    """Names stand in error lines, tables and files: one line each, and not a page."""
    if not name.isprintable() or not 0 < len(name) <= MOST_NAME:
        raise InputError(
            f"{where}: found the name {name[:40]!r}, allowed: 1 to {MOST_NAME} printable characters"
        )


@dataclass(frozen=True)
class Block:
    """Operators between two cuts of the residual stream, `repeat` times over.

    Operators stand in an order in which every input precedes its user; the last one is the output.
    """

    name: str
    operators: tuple[Operator, ...]
    repeat: int = 1

    def __hash__(self) -> int:
        """Cheap, as that of the model."""
        return hash((self.name, self.repeat, len(self.operators)))

    def __post_init__(self) -> None:
        _check_name(self.name, "model.blocks")
        for operator in self.operators:
            _check_name(operator.name, f"model.blocks.{self.name}")
        seen = {"input"}
        for operator in self.operators:
            missing = [name for name in operator.inputs if name not in seen]
            if missing:
                raise InputError(
                    f"model.blocks.{self.name}.{operator.name}: input {missing[0][:40]!r} is not "
                    "an earlier operator of the block"
                )
            if operator.name in seen:
                raise InputError(f"model.blocks.{self.name}: operator {operator.name!r} twice")
            seen.add(operator.name)

    @property
    def parameters(self) -> int:
        """Parameters of all repeats."""
        return self.repeat * sum(operator.parameters for operator in self.operators)


@dataclass(frozen=True)
class Workload:
    """A language model as a chain of blocks; `hidden` is the width of the residual stream.

    `source` says where it comes from (a preset's name, a file's name, a graph's exporter).
    """

    name: str
    blocks: tuple[Block, ...]
    hidden: int
    vocabulary: int
    max_seq_len: int
    source: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name, "model")

    def __hash__(self) -> int:
        """Cheap: what is equal has the same; the whole is looked at only where this is alike."""
        return hash((self.name, self.hidden, self.vocabulary, len(self.blocks)))

    @cached_property
    def parameters(self) -> int:
        """All parameters, tied ones once."""
        return sum(block.parameters for block in self.blocks)

    @cached_property
    def active_parameters(self) -> int:
        """Parameters that one token passes through (all of them in a dense model)."""
        return sum(
            block.repeat * operator.active_parameters
            for block in self.blocks
            for operator in block.operators
        )

    @cached_property
    def layers(self) -> int:
        """Transformer layers: repeats of blocks that hold an attention."""
        return sum(
            block.repeat
            for block in self.blocks
            if any(operator.kind == "attention" for operator in block.operators)
        )

    @cached_property
    def longest_head_count(self) -> int:
        """Attention heads of the widest layer, 0 without attention."""
        heads = [op.heads for block in self.blocks for op in block.operators]
        return max(heads, default=0)

    def beyond_positions(self, tokens: int) -> str:
        """What there is to say of sequences longer than a table of learned positions, else ''."""
        learned = any(op.name == "embedding.positions" for b in self.blocks for op in b.operators)
        if not learned or tokens <= self.max_seq_len:
            return ""
        return (
            f"{tokens:,} tokens, but {self.name} has learned positions for "
            f"{self.max_seq_len:,}; the figures are those of its table as it is"
        )

    def flop(self, tokens: int, seq_len: int) -> float:
        """Forward FLOP of the whole model for `tokens` tokens (attention uncausal)."""
        return sum(
            block.repeat * operator.flop(tokens, seq_len)
            for block in self.blocks
            for operator in block.operators
        )


@dataclass(frozen=True)
class TrainingJob:
    """One training step's size and numerics.

    Bytes per parameter default to Adam in mixed precision: 2 weights + 2 gradients + 12 states.

    >>> TrainingJob(global_batch=128, seq_len=4096).tokens
    524288
    """

    global_batch: int = quantity(
        128, minimum=1, maximum=10**7, unit="sequences", help="sequences of one optimizer step"
    )
    micro_batch: int = quantity(
        1,
        minimum=1,
        maximum=10**7,
        unit="sequences",
        help="sequences a data-parallel replica works on at once",
    )
    seq_len: int = quantity(
        2048, minimum=1, maximum=10**8, unit="tokens", help="tokens of one sequence"
    )
    recompute: str = quantity(
        "none",
        choices=("none", "selective", "full"),
        help="activations computed again in the backward pass",
    )
    bytes_per_element: int = quantity(
        2, minimum=1, maximum=8, unit="bytes", help="bytes of an activation or weight in compute"
    )
    weight_bytes: float = quantity(
        2.0,
        key="weight_bytes_per_parameter",
        minimum=0,
        maximum=64,
        unit="bytes",
        help="weights in memory",
    )
    gradient_bytes: float = quantity(
        2.0,
        key="gradient_bytes_per_parameter",
        minimum=0,
        maximum=64,
        unit="bytes",
        help="gradients in memory",
    )
    optimizer_bytes: float = quantity(
        12.0,
        key="optimizer_bytes_per_parameter",
        minimum=0,
        maximum=64,
        unit="bytes",
        help="optimizer states",
    )
    flash_attention: bool = quantity(False, help="attention scores are never stored")
    causal_halving: bool = quantity(
        False, help="causal masking halves the attention's work (rows are balanced)"
    )

    @property
    def tokens(self) -> int:
        """Tokens of one optimizer step."""
        return self.global_batch * self.seq_len


def workload_to_json(workload: Workload) -> dict[str, Any]:
    """The project's own JSON graph: defaults are left out."""
    return {
        "name": workload.name,
        "source": workload.source,
        "hidden": workload.hidden,
        "vocabulary": workload.vocabulary,
        "max_seq_len": workload.max_seq_len,
        "blocks": [
            {
                "name": block.name,
                "repeat": block.repeat,
                "operators": [_operator_to_json(operator) for operator in block.operators],
            }
            for block in workload.blocks
        ],
    }


def _operator_to_json(operator: Operator) -> dict[str, Any]:
    document: dict[str, Any] = {"name": operator.name, "kind": operator.kind}
    for key, field in Operator.__dataclass_fields__.items():
        value = getattr(operator, key)
        if key not in document and value != field.default:
            document[key] = list(value) if isinstance(value, tuple) else value
    return document


def step_flop(model: Workload, job: TrainingJob) -> float:
    """Forward FLOP of all products in a step; masking may halve those of attention (SPEC 5)."""
    total = 0.0
    for block in model.blocks:
        for operator in block.operators:
            halved = operator.kind == "attention" and job.causal_halving
            flop = operator.flop(job.tokens, job.seq_len)
            total += block.repeat * flop * (0.5 if halved else 1.0)
    return total
