"""Random small configurations of every family, and their parameter counts as closed formulas.

The formulas are written from the architectures' papers and share nothing with the readers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Config = dict[str, Any]


@st.composite
def llama(draw: st.DrawFn, kind: str = "llama") -> Config:
    heads = draw(st.integers(1, 8))
    config: Config = {
        "model_type": kind,
        "hidden_size": heads * draw(st.integers(1, 12)),
        "num_attention_heads": heads,
        "num_key_value_heads": draw(st.sampled_from([k for k in range(1, 9) if heads % k == 0])),
        "intermediate_size": draw(st.integers(1, 90)),
        "num_hidden_layers": draw(st.integers(1, 5)),
        "vocab_size": draw(st.integers(1, 500)),
    }
    if kind != "phi3" and draw(st.booleans()):
        config["head_dim"] = draw(st.integers(1, 20))
    for flag in ("tie_word_embeddings", "attention_bias", "mlp_bias"):
        if draw(st.booleans()):
            config[flag] = draw(st.booleans())
    if kind == "mixtral":
        config["num_local_experts"] = draw(st.integers(1, 6))
        config["num_experts_per_tok"] = draw(st.integers(1, config["num_local_experts"]))
    return config


def llama_count(c: Config) -> int:
    kind, h, f = c["model_type"], c["hidden_size"], c["intermediate_size"]
    a, kv = c["num_attention_heads"], c["num_key_value_heads"]
    fixed = {"qwen3": 128, "gemma": 256}.get(kind)
    d = c.get("head_dim") or fixed or h // a
    has_bias = kind in ("llama", "qwen3", "gemma") and c.get("attention_bias", False)
    attention = h * (a + 2 * kv) * d + a * d * h
    if has_bias or kind == "qwen2":
        attention += (a + 2 * kv) * d
    if has_bias:
        attention += h
    if kind == "qwen3":
        attention += 2 * d
    mlp = 3 * h * f
    if kind == "llama" and c.get("mlp_bias"):
        mlp += 2 * f + h
    if kind == "mixtral":
        mlp = c["num_local_experts"] * (mlp + h)
    tied = c.get("tie_word_embeddings", kind == "gemma")
    tables = c["vocab_size"] * h * (1 if tied else 2)
    return tables + c["num_hidden_layers"] * (attention + mlp + 2 * h) + h


@st.composite
def gpt2(draw: st.DrawFn) -> Config:
    heads = draw(st.integers(1, 8))
    config: Config = {
        "model_type": "gpt2",
        "n_embd": heads * draw(st.integers(1, 12)),
        "n_head": heads,
        "n_layer": draw(st.integers(1, 5)),
        "n_positions": draw(st.integers(1, 99)),
        "vocab_size": draw(st.integers(1, 500)),
        "n_inner": draw(st.none() | st.integers(1, 99)),
    }
    if draw(st.booleans()):
        config["tie_word_embeddings"] = draw(st.booleans())
    return config


def gpt2_count(c: Config) -> int:
    h, v = c["n_embd"], c["vocab_size"]
    f = c["n_inner"] or 4 * h
    layer = 4 * h * h + 4 * h + 2 * h * f + f + h + 4 * h
    tables = v * h * (1 if c.get("tie_word_embeddings", True) else 2) + c["n_positions"] * h
    return tables + c["n_layer"] * layer + 2 * h


@st.composite
def gpt_neox(draw: st.DrawFn) -> Config:
    heads = draw(st.integers(1, 8))
    config: Config = {
        "model_type": "gpt_neox",
        "hidden_size": heads * draw(st.integers(1, 12)),
        "num_attention_heads": heads,
        "num_hidden_layers": draw(st.integers(1, 5)),
        "intermediate_size": draw(st.integers(1, 99)),
        "vocab_size": draw(st.integers(1, 500)),
    }
    for flag in ("tie_word_embeddings", "attention_bias", "use_parallel_residual"):
        if draw(st.booleans()):
            config[flag] = draw(st.booleans())
    return config


def gpt_neox_count(c: Config) -> int:
    h, f, v = c["hidden_size"], c["intermediate_size"], c["vocab_size"]
    biases = 4 * h if c.get("attention_bias", True) else 0
    layer = 4 * h * h + biases + 2 * h * f + f + h + 4 * h
    tables = v * h * (1 if c.get("tie_word_embeddings", False) else 2)
    return tables + c["num_hidden_layers"] * layer + 2 * h


@st.composite
def opt(draw: st.DrawFn) -> Config:
    heads = draw(st.integers(1, 8))
    config: Config = {
        "model_type": "opt",
        "hidden_size": heads * draw(st.integers(1, 12)),
        "num_attention_heads": heads,
        "num_hidden_layers": draw(st.integers(1, 5)),
        "ffn_dim": draw(st.integers(1, 99)),
        "max_position_embeddings": draw(st.integers(1, 99)),
        "vocab_size": draw(st.integers(1, 500)),
        "word_embed_proj_dim": draw(st.none() | st.integers(1, 60)),
    }
    for flag in (
        "tie_word_embeddings",
        "enable_bias",
        "do_layer_norm_before",
        "layer_norm_elementwise_affine",
        "_remove_final_layer_norm",
    ):
        if draw(st.booleans()):
            config[flag] = draw(st.booleans())
    return config


def opt_count(c: Config) -> int:
    h, f, v = c["hidden_size"], c["ffn_dim"], c["vocab_size"]
    w = c["word_embed_proj_dim"] or h
    norm = 2 * h if c.get("layer_norm_elementwise_affine", True) else 0
    biases = 5 * h + f if c.get("enable_bias", True) else 0
    layer = 4 * h * h + 2 * h * f + biases + 2 * norm
    last = c.get("do_layer_norm_before", True) and not c.get("_remove_final_layer_norm", False)
    projections = 0 if w == h else 2 * w * h
    tables = v * w * (1 if c.get("tie_word_embeddings", True) else 2)
    positions = (c["max_position_embeddings"] + 2) * h
    return tables + positions + projections + c["num_hidden_layers"] * layer + norm * last


@st.composite
def bloom(draw: st.DrawFn) -> Config:
    heads = draw(st.integers(1, 8))
    config: Config = {
        "model_type": "bloom",
        draw(st.sampled_from(["hidden_size", "n_embed"])): heads * draw(st.integers(1, 12)),
        draw(st.sampled_from(["n_head", "num_attention_heads"])): heads,
        draw(st.sampled_from(["n_layer", "num_hidden_layers"])): draw(st.integers(1, 5)),
        "vocab_size": draw(st.integers(1, 500)),
        "apply_residual_connection_post_layernorm": draw(st.booleans()),
    }
    if draw(st.booleans()):
        config["tie_word_embeddings"] = draw(st.booleans())
    return config


def bloom_count(c: Config) -> int:
    h = c.get("hidden_size") or c["n_embed"]
    layers = c.get("n_layer") or c["num_hidden_layers"]
    tables = c["vocab_size"] * h * (1 if c.get("tie_word_embeddings", True) else 2)
    return tables + layers * (12 * h * h + 13 * h) + 4 * h


@st.composite
def falcon(draw: st.DrawFn) -> Config:
    heads = draw(st.integers(1, 8))
    new = draw(st.booleans())
    config: Config = {
        "model_type": "falcon",
        "hidden_size": heads * draw(st.integers(1, 12)),
        "num_attention_heads": heads,
        "num_hidden_layers": draw(st.integers(1, 5)),
        "vocab_size": draw(st.integers(1, 500)),
        "new_decoder_architecture": new,
        "ffn_hidden_size": draw(st.none() | st.integers(1, 99)),
    }
    for flag in ("bias", "alibi", "multi_query", "tie_word_embeddings"):
        if draw(st.booleans()):
            config[flag] = draw(st.booleans())
    if new:
        divisors = [k for k in range(1, 9) if heads % k == 0]
        config["num_kv_heads"] = draw(st.sampled_from(divisors))
        config["num_ln_in_parallel_attn"] = draw(st.sampled_from([None, 1, 2]))
    elif draw(st.booleans()):
        config["parallel_attn"] = draw(st.booleans())
    return config


def falcon_count(c: Config) -> int:
    h, a = c["hidden_size"], c["num_attention_heads"]
    d, f = h // a, c["ffn_hidden_size"] or 4 * h
    new, parallel = c["new_decoder_architecture"], c.get("parallel_attn", True)
    kv = c["num_kv_heads"] if new else 1 if c.get("multi_query", True) else a
    norms = (c["num_ln_in_parallel_attn"] or 2) if new else 1 if parallel else 2
    qkv = (a + 2 * kv) * d
    biases = qkv + h + f + h if c.get("bias", False) else 0
    layer = h * qkv + h * h + 2 * h * f + biases + norms * 2 * h
    tables = c["vocab_size"] * h * (1 if c.get("tie_word_embeddings", True) else 2)
    return tables + c["num_hidden_layers"] * layer + 2 * h


@st.composite
def deepseek(draw: st.DrawFn, version: int = 3) -> Config:
    heads = draw(st.integers(1, 8))
    layers = draw(st.integers(1, 5))
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    config: Config = {
        "model_type": f"deepseek_v{version}",
        "hidden_size": heads * draw(st.integers(1, 12)),
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "first_k_dense_replace": draw(st.integers(0, layers)),
        "intermediate_size": draw(st.integers(1, 99)),
        "vocab_size": draw(st.integers(1, 500)),
        "q_lora_rank": draw(st.none() | st.integers(1, 30)),
        "n_group": groups,
        "n_routed_experts": groups * per_group,
        "num_experts_per_tok": draw(st.integers(1, groups * per_group)),
        "n_shared_experts": draw(st.none() | st.integers(0, 3)),
        "moe_intermediate_size": draw(st.integers(1, 40)),
        "num_nextn_predict_layers": draw(st.integers(0, 2)),
    }
    for key in ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"):
        config[key] = draw(st.integers(1, 30))
    for flag in ("attention_bias", "tie_word_embeddings", "mlp_bias"):
        if draw(st.booleans()):
            config[flag] = draw(st.booleans())
    return config


def deepseek_count(c: Config) -> int:
    h, a, v3 = c["hidden_size"], c["num_attention_heads"], c["model_type"] == "deepseek_v3"
    nope, rope, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
    rank, q_rank = c["kv_lora_rank"], c["q_lora_rank"]
    q_width = a * (nope + rope)
    queries = h * q_width if q_rank is None else h * q_rank + q_rank + q_rank * q_width
    keys = h * (rank + rope) + rank + rank * a * (nope + value)
    attention = queries + keys + a * value * h
    if c.get("attention_bias", False):
        attention += (q_rank or 0) + rank + rope + h
    biased = not v3 and c.get("mlp_bias", False)

    def gated(inner: int) -> int:
        return 3 * h * inner + (2 * inner + h if biased else 0)

    count, inner = c["n_routed_experts"], c["moe_intermediate_size"]
    shared = (c["n_shared_experts"] or 0) * inner
    moe = count * 3 * h * inner + count * h + (count if v3 else 0)
    moe += gated(shared) if shared else 0
    dense = c["first_k_dense_replace"]
    sparse = c["num_hidden_layers"] - dense
    tables = c["vocab_size"] * h * (1 if c.get("tie_word_embeddings", False) else 2)
    layers = dense * gated(c["intermediate_size"]) + sparse * moe
    return tables + layers + (dense + sparse) * (attention + 2 * h) + h


FAMILIES: dict[str, tuple[st.SearchStrategy[Config], Callable[[Config], int]]] = {
    **{
        kind: (llama(kind), llama_count)
        for kind in ("llama", "mistral", "qwen2", "qwen3", "mixtral", "phi3", "gemma")
    },
    "gpt2": (gpt2(), gpt2_count),
    "gpt_neox": (gpt_neox(), gpt_neox_count),
    "opt": (opt(), opt_count),
    "bloom": (bloom(), bloom_count),
    "falcon": (falcon(), falcon_count),
    "deepseek_v2": (deepseek(2), deepseek_count),
    "deepseek_v3": (deepseek(3), deepseek_count),
}
