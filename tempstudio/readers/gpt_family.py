"""Decoders with layer norms and plain MLPs: GPT-2 (and GPT-3), GPT-NeoX, OPT and Bloom."""

from __future__ import annotations

from functools import partial

from tempstudio.core.workload import Block
from tempstudio.readers.decoder import (
    Decoder,
    embedding_block,
    head_block,
    parallel_layer,
    post_norm_layer,
    pre_norm_layer,
)
from tempstudio.readers.fields import (
    MOST_HEADS,
    MOST_LAYERS,
    MOST_POSITIONS,
    MOST_VOCABULARY,
    MOST_WIDTH,
    Fields,
    even_split,
)
from tempstudio.readers.operators import Heads, attention, layer_norm, mlp

OPT_POSITION_OFFSET = 2  # OPT's position table begins with two rows that no token uses


def read_gpt2(fields: Fields) -> Decoder:
    """GPT-2 and GPT-3: learned positions, biases everywhere, a tied head."""
    hidden = fields.whole("n_embd", "hidden_size", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("n_layer", "num_hidden_layers", most=MOST_LAYERS)
    positions = fields.whole("n_positions", "max_position_embeddings", most=MOST_POSITIONS)
    inner = fields.optional("n_inner", most=MOST_WIDTH) or 4 * hidden
    if fields.flag("add_cross_attention", False):
        fields.refuse("add_cross_attention", True, "false: a decoder without encoder")
    heads = _heads(fields, ("n_head", "num_attention_heads"), hidden, ("attn_pdrop",), 0.1)
    norm = partial(layer_norm, width=hidden)
    function = fields.activation("activation_function", "gelu_new")
    layer = pre_norm_layer(
        norm,
        attention(heads, hidden, qkv_bias=True, output_bias=True),
        mlp(hidden, inner, function, gated=False, bias=True),
        hidden,
        fields.share("resid_pdrop", default=0.1),
    )
    embedding = embedding_block(
        vocabulary, hidden, positions=positions, dropout=fields.share("embd_pdrop", default=0.1)
    )
    tied = fields.flag("tie_word_embeddings", True)
    head = head_block(vocabulary, hidden, tied=tied, norm=norm)
    return Decoder((embedding, Block("layers", layer, layers), head), hidden, vocabulary, positions)


def read_gpt_neox(fields: Fields) -> Decoder:
    """GPT-NeoX: rotary positions, attention and MLP side by side unless told otherwise."""
    hidden = fields.whole("hidden_size", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("num_hidden_layers", most=MOST_LAYERS)
    inner = fields.whole("intermediate_size", most=MOST_WIDTH)
    dropouts = ("attention_dropout", "attention_probs_dropout_prob")
    heads = _heads(fields, ("num_attention_heads",), hidden, dropouts, 0.0)
    bias = fields.flag("attention_bias", True)
    projections = attention(heads, hidden, qkv_bias=bias, output_bias=bias)
    norm = partial(layer_norm, width=hidden)
    dropout = fields.share("hidden_dropout", "hidden_dropout_prob")
    function = fields.activation("hidden_act", "gelu")
    second = mlp(hidden, inner, function, gated=False, bias=True)
    join = parallel_layer if fields.flag("use_parallel_residual", True) else pre_norm_layer
    tied = fields.flag("tie_word_embeddings", False)
    return Decoder(
        blocks=(
            embedding_block(vocabulary, hidden),
            Block("layers", join(norm, projections, second, hidden, dropout), layers),
            head_block(vocabulary, hidden, tied=tied, norm=norm),
        ),
        hidden=hidden,
        vocabulary=vocabulary,
        max_seq_len=fields.optional("max_position_embeddings", most=MOST_POSITIONS) or 2048,
    )


def read_opt(fields: Fields) -> Decoder:
    """OPT: learned positions, norms before or after (350M), perhaps a narrower word embedding."""
    hidden = fields.whole("hidden_size", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("num_hidden_layers", most=MOST_LAYERS)
    positions = fields.whole("max_position_embeddings", most=MOST_POSITIONS)
    inner = fields.whole("ffn_dim", most=MOST_WIDTH)
    table = fields.optional("word_embed_proj_dim", most=MOST_WIDTH) or hidden
    heads = _heads(fields, ("num_attention_heads",), hidden, ("attention_dropout",), 0.0)
    bias = fields.flag("enable_bias", True)
    affine = fields.flag("layer_norm_elementwise_affine", True)
    norm = partial(layer_norm, width=hidden, affine=affine)
    before = fields.flag("do_layer_norm_before", True)
    last = before and not fields.flag("_remove_final_layer_norm", False)
    function = fields.activation("activation_function", "relu")
    layer = (pre_norm_layer if before else post_norm_layer)(
        norm,
        attention(heads, hidden, qkv_bias=bias, output_bias=bias),
        mlp(hidden, inner, function, gated=False, bias=bias),
        hidden,
        fields.share("dropout", default=0.1),
    )
    tied = fields.flag("tie_word_embeddings", True)
    rows = positions + OPT_POSITION_OFFSET
    return Decoder(
        blocks=(
            embedding_block(vocabulary, hidden, table_width=table, positions=rows),
            Block("layers", layer, layers),
            head_block(
                vocabulary, hidden, tied=tied, norm=norm if last else None, table_width=table
            ),
        ),
        hidden=hidden,
        vocabulary=vocabulary,
        max_seq_len=positions,
    )


def read_bloom(fields: Fields) -> Decoder:
    """Bloom: ALiBi positions (no parameters), a norm after the embedding, MLPs 4 x as wide."""
    hidden = fields.whole("hidden_size", "n_embed", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("n_layer", "num_hidden_layers", most=MOST_LAYERS)
    inner = fields.optional("n_inner", most=4 * MOST_WIDTH)
    if inner not in (None, 4 * hidden):
        fields.refuse("n_inner", inner, f"{4 * hidden}, Bloom's MLPs being 4 x hidden_size wide")
    heads = _heads(fields, ("n_head", "num_attention_heads"), hidden, ("attention_dropout",), 0.0)
    norm = partial(layer_norm, width=hidden)
    normed = fields.flag("apply_residual_connection_post_layernorm", False)
    layer = pre_norm_layer(
        norm,
        attention(heads, hidden, qkv_bias=True, output_bias=True),
        mlp(hidden, 4 * hidden, "gelu", gated=False, bias=True),
        hidden,
        fields.share("hidden_dropout"),
        residual_of_norm=normed,
    )
    tied = fields.flag("tie_word_embeddings", True)
    return Decoder(
        blocks=(
            embedding_block(vocabulary, hidden, norm=norm),
            Block("layers", layer, layers),
            head_block(vocabulary, hidden, tied=tied, norm=norm),
        ),
        hidden=hidden,
        vocabulary=vocabulary,
        max_seq_len=fields.optional("seq_length", most=MOST_POSITIONS) or 2048,
    )


def _heads(
    fields: Fields, names: tuple[str, ...], hidden: int, dropouts: tuple[str, ...], dropout: float
) -> Heads:
    """As many key-value heads as heads, which share the hidden size evenly."""
    heads = fields.whole(*names, most=MOST_HEADS)
    present = next(name for name in names if name in fields.document)
    head_dim = even_split(fields, present, heads, hidden)
    return Heads(heads, heads, head_dim, head_dim, fields.share(*dropouts, default=dropout))
