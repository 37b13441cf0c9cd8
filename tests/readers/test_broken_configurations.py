"""Configurations with a missing, absurd or contradictory field: one line that names it."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.readers import load_model, workload_from_config

LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "max_position_embeddings": 128,
    "head_dim": None,
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
    "hidden_act": "silu",
    "attention_dropout": 0.0,
}
NO_BIAS = {key: value for key, value in LLAMA.items() if not key.endswith("_bias")}
MIXTRAL = {
    **NO_BIAS,
    "model_type": "mixtral",
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "sliding_window": None,
}
QWEN2 = {**NO_BIAS, "model_type": "qwen2", "use_sliding_window": False, "sliding_window": 64}
GPT2 = {
    "model_type": "gpt2",
    "n_embd": 64,
    "n_layer": 2,
    "n_head": 8,
    "n_positions": 32,
    "n_inner": None,
    "vocab_size": 100,
    "activation_function": "gelu_new",
    "resid_pdrop": 0.1,
    "attn_pdrop": 0.1,
    "embd_pdrop": 0.1,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}
GPT_NEOX = {
    "model_type": "gpt_neox",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 8,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "max_position_embeddings": 64,
    "use_parallel_residual": True,
    "attention_bias": True,
    "hidden_dropout": 0.0,
    "tie_word_embeddings": False,
}
OPT = {
    "model_type": "opt",
    "hidden_size": 64,
    "ffn_dim": 96,
    "num_attention_heads": 8,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "max_position_embeddings": 32,
    "word_embed_proj_dim": 48,
    "do_layer_norm_before": False,
    "enable_bias": True,
    "layer_norm_elementwise_affine": True,
    "dropout": 0.1,
}
BLOOM = {
    "model_type": "bloom",
    "hidden_size": 64,
    "n_layer": 2,
    "n_head": 8,
    "vocab_size": 100,
    "seq_length": 32,
    "apply_residual_connection_post_layernorm": False,
}
FALCON = {
    "model_type": "falcon",
    "hidden_size": 64,
    "num_attention_heads": 8,
    "num_kv_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "new_decoder_architecture": True,
    "multi_query": True,
    "parallel_attn": True,
    "bias": False,
    "alibi": False,
    "ffn_hidden_size": 96,
    "num_ln_in_parallel_attn": 2,
}
DEEPSEEK = {
    "model_type": "deepseek_v3",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "num_hidden_layers": 3,
    "vocab_size": 100,
    "q_lora_rank": 24,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "v_head_dim": 8,
    "moe_intermediate_size": 16,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "moe_layer_freq": 1,
    "n_group": 4,
    "topk_group": 2,
    "num_nextn_predict_layers": 1,
    "attention_bias": False,
}
ALL = (LLAMA, MIXTRAL, QWEN2, GPT2, GPT_NEOX, OPT, BLOOM, FALCON, DEEPSEEK)

NEEDED = {
    "llama": ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers"),
    "mixtral": ("num_local_experts", "num_experts_per_tok", "intermediate_size"),
    "qwen2": ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers"),
    "gpt2": ("n_embd", "n_layer", "n_head", "n_positions"),
    "gpt_neox": ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers"),
    "opt": ("hidden_size", "ffn_dim", "num_attention_heads", "max_position_embeddings"),
    "bloom": ("hidden_size", "n_layer", "n_head"),
    "falcon": ("hidden_size", "num_attention_heads", "num_hidden_layers"),
    "deepseek_v3": (
        "q_lora_rank",
        "kv_lora_rank",
        "qk_nope_head_dim",
        "qk_rope_head_dim",
        "v_head_dim",
        "moe_intermediate_size",
        "n_routed_experts",
        "n_shared_experts",
        "num_experts_per_tok",
        "first_k_dense_replace",
    ),
}
ABSURD = [-1, 4.5, 64.0, 1e30, 10**30, 10**80, "64", "", True, [64], {"a": 64}, []]


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        workload_from_config(config, "dir/config.json")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("dir/config.json: ")
    assert len(line) < 400
    return line.removeprefix("dir/config.json: ")


def name_of(config: dict[str, Any]) -> str:
    return str(config["model_type"])


@pytest.mark.parametrize("config", ALL, ids=name_of)
def test_the_unbroken_configuration_is_read(config: dict[str, Any]) -> None:
    assert workload_from_config(config, "config.json").layers == 2 + (config is DEEPSEEK)


@pytest.mark.parametrize("config", ALL, ids=name_of)
def test_missing(config: dict[str, Any]) -> None:
    for key in (*NEEDED[config["model_type"]], "vocab_size"):
        without = {k: v for k, v in config.items() if k != key}
        assert refusal(without).startswith(f"{key}: missing, expected a whole number"), key


@pytest.mark.parametrize("config", ALL, ids=name_of)
def test_null_where_a_size_is_needed(config: dict[str, Any]) -> None:
    null_is_none = {"q_lora_rank", "n_shared_experts"}
    for key in (*NEEDED[config["model_type"]], "vocab_size"):
        if key not in null_is_none:
            assert refusal({**config, key: None}).startswith(f"{key}: found null"), key


@pytest.mark.parametrize("config", ALL, ids=name_of)
def test_absurd_sizes(config: dict[str, Any]) -> None:
    """Every size of the configuration, with every absurd value, is named with what was found."""
    sizes = [key for key, value in config.items() if type(value) is int or value is None]
    for key in sizes:
        for value in ABSURD:
            line = refusal({**config, key: value})
            assert line.startswith(f"{key}: found "), (key, value, line)
            assert "allowed: " in line
    for key in sizes:
        may_be_zero = (
            "first_k_dense_replace",
            "n_shared_experts",
            "num_nextn_predict_layers",
            "sliding_window",
        )
        if key not in may_be_zero:
            assert refusal({**config, key: 0}).startswith(f"{key}: found 0, allowed: "), key


@pytest.mark.parametrize("config", ALL, ids=name_of)
def test_flags_are_true_or_false(config: dict[str, Any]) -> None:
    flags = [key for key, value in config.items() if isinstance(value, bool)]
    for key in flags:
        for value in (0, 1, "true", [], 0.5):
            line = refusal({**config, key: value})
            assert line.startswith(f"{key}: found {json.dumps(value)}"[: len(key) + 8]), line


@pytest.mark.parametrize(
    ("config", "key", "value", "says"),
    [
        (LLAMA, "num_attention_heads", 7, "found 7, allowed: a divisor of the hidden size 64"),
        (LLAMA, "num_key_value_heads", 3, "found 3, allowed: a divisor of the 8 attention heads"),
        (LLAMA, "num_key_value_heads", 16, "found 16, allowed: a divisor of the 8"),
        (LLAMA, "hidden_act", "softplus", 'found "softplus", allowed: gelu'),
        (LLAMA, "hidden_act", 3, "found 3, allowed: gelu"),
        (LLAMA, "attention_dropout", 1.5, "found 1.5, allowed: a number from 0 to 1"),
        (LLAMA, "attention_dropout", "0", 'found "0", allowed: a number from 0 to 1'),
        (GPT2, "n_head", 7, "allowed: a divisor of the hidden size 64"),
        (GPT2, "add_cross_attention", True, "found true, allowed: false"),
        (GPT2, "hidden_size", 128, "found 128, allowed: 64, as n_embd says"),
        (GPT2, "resid_pdrop", -0.1, "found -0.1, allowed: a number from 0 to 1"),
        (GPT_NEOX, "num_attention_heads", 7, "a divisor of the hidden size 64"),
        (OPT, "num_attention_heads", 7, "a divisor of the hidden size 64"),
        (BLOOM, "n_head", 7, "a divisor of the hidden size 64"),
        (BLOOM, "n_inner", 100, "found 100, allowed: 256"),
        (BLOOM, "num_hidden_layers", 3, "found 3, allowed: 2, as n_layer says"),
        (FALCON, "num_attention_heads", 7, "a divisor of the hidden size 64"),
        (FALCON, "num_kv_heads", 3, "a divisor of the 8 attention heads"),
        (FALCON, "parallel_attn", False, "found false, allowed: true with new_decoder"),
        (FALCON, "num_ln_in_parallel_attn", 3, "found 3, allowed: a whole number from 1 to 2"),
        (MIXTRAL, "num_experts_per_tok", 5, "found 5, allowed: at most the 4 experts"),
        (MIXTRAL, "num_experts", 5, "found 5, allowed: 4, as num_local_experts says"),
        (QWEN2, "sliding_window", "wide", 'found "wide"'),
        (DEEPSEEK, "num_attention_heads", 7, "a divisor of the hidden size 64"),
        (DEEPSEEK, "num_key_value_heads", 4, "found 4, allowed: 8, as num_attention_heads"),
        (DEEPSEEK, "num_experts_per_tok", 9, "found 9, allowed: at most the 8 experts"),
        (DEEPSEEK, "first_k_dense_replace", 4, "found 4, allowed: at most the 3 num_hidden_layers"),
        (DEEPSEEK, "moe_layer_freq", 2, "found 2, allowed: 1"),
        (DEEPSEEK, "n_group", 3, "found 3, allowed: a divisor of the 8 experts"),
        (DEEPSEEK, "topk_group", 5, "found 5, allowed: at most the 4 groups"),
    ],
)
def test_contradiction(config: dict[str, Any], key: str, value: Any, says: str) -> None:
    line = refusal({**config, key: value})
    assert line.startswith(f"{key}: ")
    assert says in line


def test_old_falcon_decoder_contradictions() -> None:
    old = {**FALCON, "new_decoder_architecture": False, "num_kv_heads": 8}
    assert refusal(old).startswith("num_ln_in_parallel_attn: found 2, allowed: 1")
    one = {**old, "num_ln_in_parallel_attn": 1, "multi_query": False, "num_kv_heads": 4}
    assert refusal(one).startswith("num_kv_heads: found 4, allowed: 8")


@pytest.mark.parametrize("value", ["bert", "", None, 7, ["llama"], {}, "LLAMA", "x" * 10_000])
def test_unknown_model_type(value: object) -> None:
    line = refusal({**LLAMA, "model_type": value})
    assert line.startswith("model_type: found ")
    assert "deepseek_v3" in line
    assert "gpt_neox" in line
    missing = {k: v for k, v in LLAMA.items() if k != "model_type"}
    assert refusal(missing).startswith("model_type: missing, supported: ")


@pytest.mark.parametrize("document", [[], [LLAMA], "llama", 7, None, True])
def test_not_an_object(document: object) -> None:
    with pytest.raises(InputError, match=r"^config\.json: found .*, expected an object$"):
        workload_from_config(document, "config.json")


def test_legal_fields_that_multiply_to_nonsense() -> None:
    huge = {**MIXTRAL, "hidden_size": 10**6, "intermediate_size": 10**6, "num_local_experts": 9999}
    assert "parameters, allowed: at most 1e+16" in refusal({**huge, "num_hidden_layers": 9999})
    active = {
        **MIXTRAL,
        "intermediate_size": 10**6,
        "num_local_experts": 9999,
        "num_experts_per_tok": 9999,
    }
    assert "features wide, allowed: at most 1,000,000,000" in refusal(active)


def mutated(rng: random.Random) -> bytes:
    """A configuration with a few fields replaced, removed or added, or its text damaged."""
    config: dict[str, Any] = copy.deepcopy(rng.choice(ALL))
    values = [*ABSURD, None, 0, 1, 2, 3, 10**6, -(10**40), 0.1, False, "llama", [[[]]], {"": {}}]
    for _ in range(rng.randint(1, 2)):
        key = rng.choice(list(config))
        action = rng.random()
        if action < 0.6:
            config[key] = rng.choice(values)
        elif action < 0.75:
            del config[key]
        elif action < 0.9:
            config[rng.choice(list(rng.choice(ALL)))] = rng.choice(values)
        else:
            config["model_type"] = rng.choice(ALL)["model_type"]
    text = json.dumps(config).encode()
    if rng.random() < 0.2:
        text = text[: rng.randrange(len(text))]
    if rng.random() < 0.2:
        place = rng.randrange(len(text) + 1)
        scrap = rng.choice([b"\xff", b"\x00", b"NaN", b"[" * 500, b'"', b"}", b"9" * 5000, b"\\u"])
        text = text[:place] + scrap + text[place:]
    return text


def test_five_hundred_mutations_end_in_a_model_or_one_line(tmp_path: Path) -> None:
    rng = random.Random(20251214)
    file = tmp_path / "config.json"
    read = refused = 0
    for _ in range(500):
        text = mutated(rng)
        file.write_bytes(text)
        try:
            model = load_model(file)
        except InputError as error:
            line = str(error)
            assert "\n" not in line and line.startswith(str(file)), text
            assert len(line) < len(str(file)) + 400
            refused += 1
        else:
            assert 0 < model.parameters <= 10**16
            assert model.flop(1, 1) >= 0
            read += 1
    assert read > 50
    assert refused > 200
