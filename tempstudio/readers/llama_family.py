"""Decoders with RMS norms, rotary positions and gated MLPs: Llama and its relatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tempstudio.core.workload import Block
from tempstudio.readers.decoder import Decoder, embedding_block, head_block, pre_norm_layer
from tempstudio.readers.fields import (
    MOST_EXPERTS,
    MOST_HEADS,
    MOST_LAYERS,
    MOST_POSITIONS,
    MOST_VOCABULARY,
    MOST_WIDTH,
    Fields,
    check_active,
    check_groups,
    even_split,
)
from tempstudio.readers.operators import (
    Experts,
    Heads,
    Operators,
    attention,
    mixture,
    mlp,
    rms_norm,
)


@dataclass(frozen=True)
class Family:
    """How a relative of Llama differs, and the defaults that transformers gives its fields.

    `attention_bias`: "config" where the field of that name rules all four projections, "qkv" where
    queries, keys and values always have biases and the output never, "none" where nothing has.
    """

    positions: int
    kv_heads: int | None = None  # None: as many as heads
    head_dim: int | None = None  # None: hidden / heads
    head_dim_field: bool = True
    tied: bool = False
    activation: str = "silu"
    attention_bias: str = "none"
    mlp_bias: bool = False  # whether the field mlp_bias is read
    head_norms: bool = False
    window: str = ""  # the flag that switches the sliding window on; "always" where set is on
    experts: bool = False


LLAMA = Family(positions=2048, attention_bias="config", mlp_bias=True)
MISTRAL = Family(positions=131_072, kv_heads=8, window="always")
MIXTRAL = Family(positions=131_072, kv_heads=8, window="always", experts=True)
QWEN2 = Family(positions=32_768, kv_heads=32, attention_bias="qkv", window="use_sliding_window")
QWEN3 = Family(
    positions=32_768,
    kv_heads=32,
    head_dim=128,
    attention_bias="config",
    head_norms=True,
    window="use_sliding_window",
)
PHI3 = Family(positions=4096, head_dim_field=False, window="always")
GEMMA = Family(
    positions=8192,
    kv_heads=16,
    head_dim=256,
    tied=True,
    activation="gelu_pytorch_tanh",
    attention_bias="config",
)


def read_family(fields: Fields, family: Family) -> Decoder:
    """The decoder that a configuration of `family` describes."""
    hidden = fields.whole("hidden_size", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("num_hidden_layers", most=MOST_LAYERS)
    heads = _heads(fields, family, hidden)
    norm = partial(rms_norm, width=hidden)
    own_bias = family.attention_bias == "config" and fields.flag("attention_bias", False)
    layer = pre_norm_layer(
        norm,
        attention(
            heads,
            hidden,
            qkv_bias=own_bias or family.attention_bias == "qkv",
            output_bias=own_bias,
            head_norms=family.head_norms,
        ),
        _mlp(fields, family, hidden),
        hidden,
    )
    tied = fields.flag("tie_word_embeddings", family.tied)
    positions = fields.optional("max_position_embeddings", most=MOST_POSITIONS)
    return Decoder(
        blocks=(
            embedding_block(vocabulary, hidden),
            Block("layers", layer, layers),
            head_block(vocabulary, hidden, tied=tied, norm=norm),
        ),
        hidden=hidden,
        vocabulary=vocabulary,
        max_seq_len=positions or family.positions,
        left_out=_window(fields, family),
    )


def _heads(fields: Fields, family: Family, hidden: int) -> Heads:
    heads = fields.whole("num_attention_heads", most=MOST_HEADS)
    head_dim = family.head_dim
    if family.head_dim_field:
        head_dim = fields.optional("head_dim", most=MOST_WIDTH) or head_dim
    if head_dim is None:
        head_dim = even_split(fields, "num_attention_heads", heads, hidden)
    name = "num_key_value_heads"
    kv_heads = fields.optional(name, most=MOST_HEADS) or heads
    if name not in fields.document and family.kv_heads:
        kv_heads = family.kv_heads
    check_groups(fields, name, kv_heads, heads)
    dropout = fields.share("attention_dropout")
    return Heads(heads, kv_heads, head_dim, head_dim, dropout)


def _mlp(fields: Fields, family: Family, hidden: int) -> Operators:
    inner = fields.whole("intermediate_size", most=MOST_WIDTH)
    function = fields.activation("hidden_act", family.activation)
    if not family.experts:
        bias = family.mlp_bias and fields.flag("mlp_bias", False)
        return mlp(hidden, inner, function, gated=True, bias=bias)
    count = fields.whole("num_local_experts", "num_experts", most=MOST_EXPERTS)
    active = fields.whole("num_experts_per_tok", most=MOST_EXPERTS)
    check_active(fields, active, count)
    return mixture(hidden, Experts(count, active, inner), function)


def _window(fields: Fields, family: Family) -> tuple[str, ...]:
    if not family.window:
        return ()
    window = fields.optional("sliding_window", most=MOST_POSITIONS, least=0)
    on = family.window == "always" or fields.flag(family.window, False)
    if not window or not on:
        return ()
    return (f"its sliding window of {window:,} tokens (attention counts in full)",)
