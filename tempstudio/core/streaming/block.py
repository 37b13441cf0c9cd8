"""A transformer block with its embedding and loss: shapes, and the arithmetic that stays on a die.

RMSNorm (Zhang and Sennrich 2019), rotary positions (Su et al. 2021) and SwiGLU (Shazeer 2020), each
with its derivative.  Arrays run over rows (tokens) first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError

FloatArray: TypeAlias = NDArray[np.float64]
TokenArray: TypeAlias = NDArray[np.int64]
Parameters: TypeAlias = Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class BlockShape:
    """What the parameters' shapes do not tell: heads, and two constants."""

    heads: int
    kv_heads: int
    rotary_base: float = 10_000.0
    norm_epsilon: float = 1e-5


@dataclass(frozen=True)
class LayerResult:
    """Mean cross-entropy, the gradients of all parameters, and of the embedded input [B, S, h]."""

    loss: float
    gradients: dict[str, FloatArray] = field(repr=False)
    input_gradient: FloatArray = field(repr=False)


def check_layer(
    parameters: Parameters, shape: BlockShape, tokens: TokenArray, targets: TokenArray
) -> None:
    """Raise an `InputError` that names the parameter or array whose shape does not fit.

    With h hidden, a heads and g key-value heads of d, f wide, V words: `embedding` [V, h],
    `attention norm`, `mlp norm`, `final norm` [h], `query` [h, a d], `key`, `value` [h, g d],
    `output` [a d, h], `gate`, `up` [h, f], `down` [f, h], and `head` [h, V] unless it is tied to
    the embedding.
    """
    if shape.kv_heads < 1 or shape.heads % shape.kv_heads:
        found = f"found {shape.heads} heads on {shape.kv_heads} key-value heads"
        raise InputError(f"layer: {found}, allowed: a multiple")
    for name in ("embedding", "query", "gate"):
        if name not in parameters or parameters[name].ndim != 2:
            raise InputError(f"layer: parameter {name!r}: found none, allowed: a matrix")
    words, hidden = parameters["embedding"].shape
    queries, wide = parameters["query"].shape[1], parameters["gate"].shape[1]
    if queries % shape.heads or queries // shape.heads % 2:
        found = f"found {queries} query columns"
        raise InputError(f"layer: {found}, allowed: an even number for each of {shape.heads} heads")
    keys = queries // shape.heads * shape.kv_heads
    expected: dict[str, tuple[int, ...]] = {
        "embedding": (words, hidden),
        **dict.fromkeys(("attention norm", "mlp norm", "final norm"), (hidden,)),
        "query": (hidden, queries),
        **dict.fromkeys(("key", "value"), (hidden, keys)),
        "output": (queries, hidden),
        **dict.fromkeys(("gate", "up"), (hidden, wide)),
        "down": (wide, hidden),
    }
    if "head" in parameters:
        expected["head"] = (hidden, words)
    for name, wanted in expected.items():
        found_shape = parameters[name].shape if name in parameters else None
        if found_shape != wanted:
            allowed = list(wanted)
            raise InputError(f"layer: parameter {name!r}: found {found_shape}, allowed: {allowed}")
    for name, array in (("tokens", tokens), ("targets", targets)):
        if array.ndim != 2 or array.shape != tokens.shape or not array.size:
            raise InputError(
                f"layer: {name}: found {list(array.shape)}, allowed: [batch, sequence]"
            )
        if array.min() < 0 or array.max() >= words:
            raise InputError(f"layer: {name}: found {array.max()}, allowed: 0 to {words - 1}")


def rms_norm(x: FloatArray, gain: FloatArray, epsilon: float) -> tuple[FloatArray, FloatArray]:
    """(y, 1 / root mean square of each row) for rows x [m, h]."""
    inverse = 1.0 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon)
    return x * inverse * gain, inverse


def rms_norm_backward(
    dy: FloatArray, x: FloatArray, gain: FloatArray, inverse: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(dx [m, h], this die's part of the gain's gradient [h])."""
    normed = x * inverse
    scaled = dy * gain
    dx = inverse * (scaled - normed * np.mean(scaled * normed, axis=-1, keepdims=True))
    return dx, (dy * normed).reshape(-1, x.shape[-1]).sum(axis=0)


def rotate(x: FloatArray, positions: TokenArray, base: float, backward: bool = False) -> FloatArray:
    """Rotary positions on x [m, heads, d] at positions [m]; backward turns the other way."""
    half = x.shape[-1] // 2
    angle = positions[:, None] * base ** (-np.arange(half) / half)
    cosine, sine = np.cos(angle)[:, None, :], np.sin(angle)[:, None, :]
    if backward:
        sine = -sine
    first, second = x[..., :half], x[..., half:]
    turned = [first * cosine - second * sine, second * cosine + first * sine]
    return np.concatenate(turned, axis=-1)


def swiglu(gate: FloatArray, up: FloatArray) -> FloatArray:
    """silu(gate) x up."""
    return gate * _sigmoid(gate) * up


def swiglu_backward(
    dy: FloatArray, gate: FloatArray, up: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(gate's gradient, up's gradient)."""
    sigmoid = _sigmoid(gate)
    return dy * up * sigmoid * (1.0 + gate * (1.0 - sigmoid)), dy * gate * sigmoid


def _sigmoid(x: FloatArray) -> FloatArray:
    return 0.5 * (1.0 + np.tanh(0.5 * x))
