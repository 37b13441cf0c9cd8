"""The operators that decoder layers are made of.

Names are those of every family: `attention.norm`, `attention.qkv`, `attention.core`,
`attention.output`, `attention.residual`, `mlp.norm`, `mlp.up` or the fused `mlp.gate_up`,
`mlp.activation`, `mlp.down`, `mlp.residual`; with experts `moe.` takes the place of `mlp.`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.core.workload import Operator

Operators = tuple[Operator, ...]


def linear(
    name: str, source: str, inner: int, outer: int, *, bias: bool = False, role: str = ""
) -> Operator:
    """A product with a weight of inner x outer, and `outer` biases."""
    return Operator(
        name=name,
        kind="linear",
        inputs=(source,),
        in_features=inner,
        out_features=outer,
        parameters=inner * outer + outer * bias,
        bias=bias,
        role=role,
    )


def rms_norm(name: str, source: str, width: int) -> Operator:
    """RMS norm: one gain per feature."""
    return Operator(name, "norm", (source,), width, width, parameters=width, function="rms")


def layer_norm(name: str, source: str, width: int, affine: bool = True) -> Operator:
    """Layer norm: a gain and a bias per feature, or neither."""
    parameters = 2 * width if affine else 0
    return Operator(
        name, "norm", (source,), width, width, parameters, bias=affine, function="layer"
    )


def add(name: str, sources: tuple[str, ...], width: int, dropout: float = 0.0) -> Operator:
    """A sum; with `dropout` the last source passes through a dropout mask first."""
    function = "dropout-add" if dropout else "add"
    return Operator(name, "elementwise", sources, width, width, function=function)


@dataclass(frozen=True)
class Heads:
    """The heads of an attention; keys and values are shared by groups of heads."""

    heads: int
    kv_heads: int
    head_dim: int
    value_dim: int
    dropout: float = 0.0

    @property
    def fused_width(self) -> int:
        """Features of queries, keys and values side by side."""
        return self.heads * self.head_dim + self.kv_heads * (self.head_dim + self.value_dim)


def attention_core(sources: tuple[str, ...], heads: Heads, width: int) -> Operator:
    """Scores, softmax and weighted values; no parameters."""
    return Operator(
        name="attention.core",
        kind="attention",
        inputs=sources,
        in_features=width,
        out_features=heads.heads * heads.value_dim,
        function="softmax-dropout" if heads.dropout else "softmax",
        heads=heads.heads,
        kv_heads=heads.kv_heads,
        head_dim=heads.head_dim,
        value_dim=heads.value_dim,
    )


def attention(
    heads: Heads, hidden: int, *, qkv_bias: bool, output_bias: bool, head_norms: bool = False
) -> Operators:
    """Fused queries, keys and values, the core, and the output; `head_norms` as in Qwen3."""
    source, width = "attention.norm", heads.fused_width
    qkv = linear("attention.qkv", source, hidden, width, bias=qkv_bias, role="column")
    norms: Operators = ()
    if head_norms:  # one gain per feature of a head, shared by the heads
        norms = tuple(
            Operator(
                name,
                "norm",
                (qkv.name,),
                n * heads.head_dim,
                n * heads.head_dim,
                parameters=heads.head_dim,
                function="rms",
            )
            for name, n in (
                ("attention.query_norm", heads.heads),
                ("attention.key_norm", heads.kv_heads),
            )
        )
    core = attention_core((qkv.name, *(norm.name for norm in norms)), heads, width)
    output = linear(
        "attention.output", core.name, core.out_features, hidden, bias=output_bias, role="row"
    )
    return (qkv, *norms, core, output)


def mlp(
    hidden: int,
    inner: int,
    function: str,
    *,
    gated: bool,
    bias: bool = False,
    source: str = "mlp.norm",
    prefix: str = "mlp.",
) -> Operators:
    """Up, activation, down; a gated one has gate and up side by side in one product."""
    up = linear(
        prefix + ("gate_up" if gated else "up"),
        source,
        hidden,
        inner * (1 + gated),
        bias=bias,
        role="column",
    )
    return (
        up,
        Operator(
            prefix + "activation",
            "elementwise",
            (up.name,),
            up.out_features,
            inner,
            function=f"{function}-gate" if gated else function,
        ),
        linear(prefix + "down", prefix + "activation", inner, hidden, bias=bias, role="row"),
    )


@dataclass(frozen=True)
class Experts:
    """Gated experts of one layer; `correction` is one learned bias per expert on its score."""

    count: int
    active: int
    inner: int
    shared_inner: int = 0
    shared_bias: bool = False
    correction: bool = False


def mixture(hidden: int, experts: Experts, function: str) -> Operators:
    """Router, routed experts and their weighted sum, plus the shared experts if there are any."""
    count, active, inner = experts.count, experts.active, experts.inner
    router = Operator(
        "moe.router",
        "router",
        ("moe.norm",),
        hidden,
        count,
        parameters=hidden * count + count * experts.correction,
        bias=experts.correction,
        experts=count,
        active_experts=active,
    )
    up = Operator(
        "moe.experts_up",
        "experts",
        ("moe.norm", router.name),
        hidden,
        2 * inner,
        parameters=count * hidden * 2 * inner,
        role="column",
        experts=count,
        active_experts=active,
    )
    # A token is in `active` experts at once, each with its own activation.
    activation = Operator(
        "moe.activation",
        "elementwise",
        (up.name,),
        active * 2 * inner,
        active * inner,
        function=f"{function}-gate",
    )
    down = Operator(
        "moe.experts_down",
        "experts",
        (activation.name,),
        inner,
        hidden,
        parameters=count * inner * hidden,
        role="row",
        experts=count,
        active_experts=active,
    )
    routed = "moe.combine" if not experts.shared_inner else "moe.routed"
    combine = Operator(
        routed, "elementwise", (down.name, router.name), active * hidden, hidden, function="combine"
    )
    if not experts.shared_inner:
        return (router, up, activation, down, combine)
    shared = mlp(
        hidden,
        experts.shared_inner,
        function,
        gated=True,
        bias=experts.shared_bias,
        source="moe.norm",
        prefix="moe.shared_",
    )
    total = add("moe.combine", (combine.name, shared[-1].name), hidden)
    return (router, up, activation, down, combine, *shared, total)
