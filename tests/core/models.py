"""Small and real models that the core's tests share, built without files."""

from __future__ import annotations

from tempstudio.core.workload import Workload
from tempstudio.readers import load_model
from tempstudio.readers.hugging_face import workload_from_config


def gpt(hidden: int, heads: int, layers: int, vocabulary: int = 512) -> Workload:
    """A GPT-2 of these sizes, dropouts included as in Korthikanti et al."""
    return workload_from_config(
        {
            "model_type": "gpt2",
            "n_embd": hidden,
            "n_head": heads,
            "n_layer": layers,
            "n_positions": 2048,
            "vocab_size": vocabulary,
        },
        "test",
    )


def llama(
    hidden: int = 512, heads: int = 8, kv_heads: int = 4, layers: int = 4, inner: int = 1408
) -> Workload:
    """A small Llama."""
    return workload_from_config(
        {
            "model_type": "llama",
            "hidden_size": hidden,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "num_hidden_layers": layers,
            "intermediate_size": inner,
            "vocab_size": 1024,
            "max_position_embeddings": 4096,
        },
        "test",
    )


__all__ = ["gpt", "llama", "load_model"]
