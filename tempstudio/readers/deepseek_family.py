"""DeepSeek-V2 and V3: multi-head latent attention, dense layers first, then experts.

Sources: DeepSeek-V2 (arXiv:2405.04434) section 2.1, DeepSeek-V3 (arXiv:2412.19437) section 2.1.
"""

from __future__ import annotations

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
    even_split,
)
from tempstudio.readers.operators import (
    Experts,
    Heads,
    Operators,
    attention_core,
    linear,
    mixture,
    mlp,
    rms_norm,
)


def read_deepseek(fields: Fields, version: int) -> Decoder:
    """The decoder that a DeepSeek configuration describes, without multi-token prediction.

    Version 3's score correction (one number per routed expert) counts among the router's
    parameters, as in the published 671,026,419,200; transformers holds it as a buffer.
    """
    hidden = fields.whole("hidden_size", most=MOST_WIDTH)
    vocabulary = fields.whole("vocab_size", most=MOST_VOCABULARY)
    layers = fields.whole("num_hidden_layers", most=MOST_LAYERS)
    dense = fields.whole("first_k_dense_replace", most=MOST_LAYERS, least=0)
    if dense > layers:
        fields.refuse("first_k_dense_replace", dense, f"at most the {layers:,} num_hidden_layers")
    if fields.optional("moe_layer_freq", most=MOST_LAYERS) not in (None, 1):
        fields.refuse("moe_layer_freq", fields.document["moe_layer_freq"], "1")
    norm = partial(rms_norm, width=hidden)
    latent = _latent_attention(fields, hidden)
    function = fields.activation("hidden_act", "silu")
    inner = fields.whole("intermediate_size", most=MOST_WIDTH)
    bias = version == 2 and fields.flag("mlp_bias", False)
    plain = mlp(hidden, inner, function, gated=True, bias=bias)
    experts = mixture(hidden, _experts(fields, version, bias), function)
    stacks = [
        Block(name, pre_norm_layer(norm, latent, second, hidden), repeat)
        for name, second, repeat in (
            ("dense_layers", plain, dense),
            ("moe_layers", experts, layers - dense),
        )
        if repeat
    ]
    tied = fields.flag("tie_word_embeddings", False)
    positions = fields.optional("max_position_embeddings", most=MOST_POSITIONS)
    return Decoder(
        blocks=(
            embedding_block(vocabulary, hidden),
            *stacks,
            head_block(vocabulary, hidden, tied=tied, norm=norm),
        ),
        hidden=hidden,
        vocabulary=vocabulary,
        max_seq_len=positions or (2048 if version == 2 else 4096),
        left_out=_prediction_layers(fields),
    )


def _latent_attention(fields: Fields, hidden: int) -> Operators:
    """Queries, keys and values through low-rank latents; keys share one rotary part."""
    heads = _heads(fields, hidden)
    rotary = fields.whole("qk_rope_head_dim", most=MOST_WIDTH)
    rank = fields.whole("kv_lora_rank", most=MOST_WIDTH)
    bias = fields.flag("attention_bias", False)
    queries = _queries(fields, hidden, heads.heads * heads.head_dim, bias)
    kept = heads.head_dim - rotary + heads.value_dim
    kv_down = linear("attention.kv_down", "attention.norm", hidden, rank + rotary, bias=bias)
    kv_norm = rms_norm("attention.kv_norm", kv_down.name, rank)
    kv_up = linear("attention.kv_up", kv_norm.name, rank, heads.heads * kept, role="column")
    width = heads.heads * (heads.head_dim + kept) + rotary
    core = attention_core((queries[-1].name, kv_up.name, kv_down.name), heads, width)
    output = linear("attention.output", core.name, core.out_features, hidden, bias=bias, role="row")
    return (*queries, kv_down, kv_norm, kv_up, core, output)


def _queries(fields: Fields, hidden: int, width: int, bias: bool) -> Operators:
    if "q_lora_rank" not in fields.document:
        fields.whole("q_lora_rank", most=MOST_WIDTH)
    rank = fields.optional("q_lora_rank", most=MOST_WIDTH)
    if rank is None:
        return (linear("attention.q", "attention.norm", hidden, width, role="column"),)
    down = linear("attention.q_down", "attention.norm", hidden, rank, bias=bias)
    norm = rms_norm("attention.q_norm", down.name, rank)
    return (down, norm, linear("attention.q_up", norm.name, rank, width, role="column"))


def _heads(fields: Fields, hidden: int) -> Heads:
    heads = fields.whole("num_attention_heads", most=MOST_HEADS)
    even_split(fields, "num_attention_heads", heads, hidden)
    kv_heads = fields.optional("num_key_value_heads", most=MOST_HEADS)
    if kv_heads not in (None, heads):
        # Every head has its own keys and values, made from the shared latent.
        fields.refuse("num_key_value_heads", kv_heads, f"{heads}, as num_attention_heads")
    plain = fields.whole("qk_nope_head_dim", most=MOST_WIDTH)
    rotary = fields.whole("qk_rope_head_dim", most=MOST_WIDTH)
    value_dim = fields.whole("v_head_dim", most=MOST_WIDTH)
    return Heads(heads, heads, plain + rotary, value_dim, fields.share("attention_dropout"))


def _experts(fields: Fields, version: int, bias: bool) -> Experts:
    count = fields.whole("n_routed_experts", "num_local_experts", most=MOST_EXPERTS)
    active = fields.whole("num_experts_per_tok", most=MOST_EXPERTS)
    check_active(fields, active, count)
    groups = fields.optional("n_group", most=MOST_EXPERTS)
    if groups and count % groups:
        fields.refuse("n_group", groups, f"a divisor of the {count:,} experts")
    chosen = fields.optional("topk_group", most=MOST_EXPERTS)
    if groups and chosen and chosen > groups:
        fields.refuse("topk_group", chosen, f"at most the {groups:,} groups")
    inner = fields.whole("moe_intermediate_size", most=MOST_WIDTH)
    if "n_shared_experts" not in fields.document:
        fields.whole("n_shared_experts", most=MOST_EXPERTS)
    shared = fields.optional("n_shared_experts", most=MOST_EXPERTS, least=0) or 0
    return Experts(count, active, inner, shared * inner, bias, correction=version == 3)


def _prediction_layers(fields: Fields) -> tuple[str, ...]:
    names = ("num_nextn_predict_layers", "num_mtp_layers")
    count = fields.optional(*names, most=MOST_LAYERS, least=0)
    if not count:
        return ()
    return (f"its {count} multi-token prediction layer{'s' if count > 1 else ''}",)
