"""The same block unsplit, in plain numpy with a hand-written backward pass: what a split execution
must reproduce.  A test holds it against finite differences."""

from __future__ import annotations

import numpy as np

from tempstudio.core.streaming.block import (
    BlockShape,
    FloatArray,
    LayerResult,
    Parameters,
    TokenArray,
    check_layer,
    rms_norm,
    rms_norm_backward,
    rotate,
    swiglu,
    swiglu_backward,
)


def reference_layer(
    parameters: Parameters, shape: BlockShape, tokens: TokenArray, targets: TokenArray
) -> LayerResult:
    """Loss and gradients of embedding, attention, gated MLP and cross-entropy, on one device.

    `tokens`, `targets` [B, S]; parameters as `check_layer` lists them.
    """
    check_layer(parameters, shape, tokens, targets)
    p = parameters
    batch, length = tokens.shape
    ids, epsilon = tokens.ravel(), shape.norm_epsilon
    head = p["head"] if "head" in p else p["embedding"].T
    x0 = p["embedding"][ids]
    a, a_inverse = rms_norm(x0, p["attention norm"], epsilon)
    mixed, saved = _attention(p, shape, a, batch, length)
    x1 = x0 + mixed @ p["output"]
    b, b_inverse = rms_norm(x1, p["mlp norm"], epsilon)
    gate, up = b @ p["gate"], b @ p["up"]
    wide = swiglu(gate, up)
    x2 = x1 + wide @ p["down"]
    y, y_inverse = rms_norm(x2, p["final norm"], epsilon)
    loss, d_logits = _cross_entropy(y @ head, targets.ravel())

    g: dict[str, FloatArray] = {}
    d_head = y.T @ d_logits
    dx2, g["final norm"] = rms_norm_backward(d_logits @ head.T, x2, p["final norm"], y_inverse)
    g["down"] = wide.T @ dx2
    d_gate, d_up = swiglu_backward(dx2 @ p["down"].T, gate, up)
    g["gate"], g["up"] = b.T @ d_gate, b.T @ d_up
    db = d_gate @ p["gate"].T + d_up @ p["up"].T
    through, g["mlp norm"] = rms_norm_backward(db, x1, p["mlp norm"], b_inverse)
    dx1 = dx2 + through
    g["output"] = mixed.T @ dx1
    da = _attention_backward(p, shape, a, dx1 @ p["output"].T, saved, g)
    through, g["attention norm"] = rms_norm_backward(da, x0, p["attention norm"], a_inverse)
    dx0 = dx1 + through
    g["embedding"] = np.zeros_like(p["embedding"])
    np.add.at(g["embedding"], ids, dx0)
    if "head" in p:
        g["head"] = d_head
    else:
        g["embedding"] += d_head.T
    return LayerResult(loss, g, dx0.reshape(batch, length, -1))


def _attention(
    p: Parameters, shape: BlockShape, a: FloatArray, batch: int, length: int
) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Causal attention of rows a [B S, h] -> [B S, heads x d], and what its backward needs."""
    width = p["query"].shape[1] // shape.heads
    positions = np.tile(np.arange(length), batch)
    q = rotate((a @ p["query"]).reshape(-1, shape.heads, width), positions, shape.rotary_base)
    k = rotate((a @ p["key"]).reshape(-1, shape.kv_heads, width), positions, shape.rotary_base)
    v = (a @ p["value"]).reshape(batch, length, shape.kv_heads, width)
    q, k = q.reshape(batch, length, -1, width), k.reshape(batch, length, -1, width)
    repeats = shape.heads // shape.kv_heads
    keys, values = np.repeat(k, repeats, axis=2), np.repeat(v, repeats, axis=2)
    scores = np.einsum("bshd,bthd->bhst", q, keys) / np.sqrt(width)
    scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed = np.einsum("bhst,bthd->bshd", weights, values)
    return mixed.reshape(batch * length, -1), (q, keys, values, weights)


def _attention_backward(
    p: Parameters,
    shape: BlockShape,
    a: FloatArray,
    d_mixed: FloatArray,
    saved: tuple[FloatArray, ...],
    g: dict[str, FloatArray],
) -> FloatArray:
    """The gradient of the normed rows; fills in those of query, key and value."""
    q, keys, values, weights = saved
    batch, length, _, width = q.shape
    positions = np.tile(np.arange(length), batch)
    d_mixed = d_mixed.reshape(q.shape)
    d_weights = np.einsum("bshd,bthd->bhst", d_mixed, values)
    d_values = np.einsum("bhst,bshd->bthd", weights, d_mixed)
    inner = (d_weights * weights).sum(axis=-1, keepdims=True)
    d_scores = weights * (d_weights - inner) / np.sqrt(width)
    dq = np.einsum("bhst,bthd->bshd", d_scores, keys).reshape(-1, shape.heads, width)
    d_keys = np.einsum("bhst,bshd->bthd", d_scores, q)
    grouped = (batch * length, shape.kv_heads, shape.heads // shape.kv_heads, width)
    dk, dv = d_keys.reshape(grouped).sum(axis=2), d_values.reshape(grouped).sum(axis=2)
    dq = rotate(dq, positions, shape.rotary_base, backward=True).reshape(len(a), -1)
    dk = rotate(dk, positions, shape.rotary_base, backward=True).reshape(len(a), -1)
    dv = dv.reshape(len(a), -1)
    g["query"], g["key"], g["value"] = a.T @ dq, a.T @ dk, a.T @ dv
    da: FloatArray = dq @ p["query"].T + dk @ p["key"].T + dv @ p["value"].T
    return da


def _cross_entropy(logits: FloatArray, targets: TokenArray) -> tuple[float, FloatArray]:
    """Mean over the rows, and its gradient by the logits."""
    rows = np.arange(len(targets))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    loss = float(np.mean(log_sum - shifted[rows, targets]))
    d_logits = np.exp(shifted - log_sum[:, None])
    d_logits[rows, targets] -= 1.0
    return loss, d_logits / len(targets)
