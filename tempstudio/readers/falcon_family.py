"""Falcon: the decoder of 7B and RW (old) and that of 40B and 180B (new)."""

from __future__ import annotations

from functools import partial

from tempstudio.core.workload import Block
from tempstudio.readers.decoder import (
    Decoder,
    embedding_block,
    head_block,
    parallel_layer,
    pre_norm_layer,
)
from tempstudio.readers.fields import (
    MOST_HEADS,
    MOST_LAYERS,
    MOST_POSITIONS,
    MOST_VOCABULARY,
    MOST_WIDTH,
    Fields,
    check_groups,
    even_split,
)
from tempstudio.readers.operators import Heads, attention, layer_norm, mlp

_HEADS = ("num_attention_heads", "n_head")
_KV_HEADS = ("num_kv_heads", "n_head_kv")


def read_falcon(fields: Fields, new: bool = False) -> Decoder:
    """The decoder a Falcon configuration describes; `new` is the default of its architecture flag.

    Positions are rotary or ALiBi: neither has parameters.
    """
    hidden = fields.whole("hidden_size", "n_embed", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("num_hidden_layers", "n_layer", most=MOST_LAYERS)
    inner = fields.optional("ffn_hidden_size", most=4 * MOST_WIDTH) or 4 * hidden
    fields.flag("alibi", False)
    new = fields.flag("new_decoder_architecture", new)
    parallel = fields.flag("parallel_attn", True)
    if new and not parallel:
        fields.refuse("parallel_attn", False, "true with new_decoder_architecture")
    bias = fields.flag("bias", False)
    projections = attention(_heads(fields, hidden, new), hidden, qkv_bias=bias, output_bias=bias)
    norm = partial(layer_norm, width=hidden)
    second = mlp(hidden, inner, fields.activation("activation", "gelu"), gated=False, bias=bias)
    dropout = fields.share("hidden_dropout")
    if parallel:
        shared = _norms(fields, new) == 1
        layer = parallel_layer(norm, projections, second, hidden, dropout, shared)
    else:
        layer = pre_norm_layer(norm, projections, second, hidden, dropout)
    tied = fields.flag("tie_word_embeddings", True)
    return Decoder(
        blocks=(
            embedding_block(vocabulary, hidden),
            Block("layers", layer, layers),
            head_block(vocabulary, hidden, tied=tied, norm=norm),
        ),
        hidden=hidden,
        vocabulary=vocabulary,
        max_seq_len=fields.optional("max_position_embeddings", most=MOST_POSITIONS) or 2048,
    )


def _heads(fields: Fields, hidden: int, new: bool) -> Heads:
    heads = fields.whole(*_HEADS, most=MOST_HEADS)
    head_dim = even_split(fields, _HEADS[_HEADS[0] not in fields.document], heads, hidden)
    kv_heads = fields.optional(*_KV_HEADS, most=MOST_HEADS) or heads
    name = _KV_HEADS[_KV_HEADS[0] not in fields.document]
    multi_query = fields.flag("multi_query", True)
    if new:
        check_groups(fields, name, kv_heads, heads)
    elif multi_query:
        kv_heads = 1  # the old decoder's files name as many as heads here, and do not mean it
    elif kv_heads != heads:
        fields.refuse(name, kv_heads, f"{heads}, as multi_query and the new decoder are off")
    return Heads(heads, kv_heads, head_dim, head_dim, fields.share("attention_dropout"))


def _norms(fields: Fields, new: bool) -> int:
    """Norms of a parallel layer: two where attention and MLP have one each."""
    norms = fields.optional("num_ln_in_parallel_attn", most=2) or (2 if new else 1)
    if norms == 2 and not new:
        fields.refuse("num_ln_in_parallel_attn", 2, "1 without new_decoder_architecture")
    return norms
