"""The sentence that says what happens now, and where in the step that is."""

from __future__ import annotations

from tempstudio.core.timeline import Caption
from tempstudio.scene.format import THIN_SPACE

PLANNING = "No plan yet: the wafer is shown as it is laid out."

# What a die does in a round of a stream: (layout, pass, role) -> (first round, later rounds).
# A recomputed forward reads as a forward.  Source: SPEC 4.
_STREAMS = {
    ("W", "forward", "W"): (
        "each die multiplies its rows by its own weight chunk",
        "each die multiplies its rows by the weight chunk that just arrived",
    ),
    ("W", "backward", "W"): (
        "each die multiplies its output gradient by its own weight chunk",
        "each die multiplies its output gradient by the weight chunk that just arrived",
    ),
    ("W", "backward", "G"): (
        "each die computes the first share of a weight gradient",
        "each die adds its share to the weight gradient that just arrived",
    ),
    ("I", "forward", "I"): (
        "each die multiplies its own input rows by its weight columns",
        "each die multiplies the input rows that just arrived by its weight columns",
    ),
    ("I", "backward", "G"): (
        "each die computes the first share of an input gradient",
        "each die adds its share to the input gradient that just arrived",
    ),
    ("I", "backward", "I"): (
        "each die multiplies its own input rows into its weight gradient",
        "each die multiplies the input rows that just arrived into its weight gradient",
    ),
    ("O", "forward", "I"): (
        "each die computes the first share of a partial output",
        "each die adds its share to the partial output that just arrived",
    ),
    ("O", "backward", "G"): (
        "each die uses its own rows of the output gradient for both gradients",
        "each die uses the output gradient rows that just arrived for both gradients",
    ),
}  # fmt: skip
ABBREVIATIONS = {
    "activation": "act", "attention": "attn", "elementwise": "elem", "embedding": "embed",
    "optimizer": "optim", "positions": "pos", "residual": "resid",
}  # fmt: skip
UNTELLING = ("core", "tokens")  # last parts of names that need what stands before them
# The same of keys and values: (pass, whether it is their gradients that travel).
_KEY_VALUES = {
    ("forward", False): (
        "each die attends to its own keys and values",
        "each die attends to the keys and values that just arrived",
    ),
    ("backward", False): (
        "each die computes attention's gradients against its own keys and values",
        "each die computes attention's gradients against the keys and values that just arrived",
    ),
    ("backward", True): (
        "each die computes the first share of the gradients of keys and values",
        "each die adds its share to the gradients of keys and values that just arrived",
    ),
}
_COLLECTIVES = {
    "all-gather": "every die collects the parts that the others hold",
    "reduce-scatter": "the dies add up their parts, and each keeps one share of the sum",
    "all-reduce": "the dies add up their parts, and all get the sum",
    "all-to-all": "every die sends each other die its own part",
    "point-to-point": "the activations go to the dies of the next stage",
}
_MOVED = {
    "I": "activations",
    "W": "weights",
    "G": "gradients",
    "K": "keys and values",
    "C": "activations",
    "P": "activations of the pipeline",
    "E": "tokens for the experts",
}


def sentence(caption: Caption) -> str:
    """What one stage does now.

    >>> now = Caption(0, "layer", "forward", "qkv", "stream", "stream", "W", 2, 8, 0, 32, 0, "W")
    >>> sentence(now)
    'round 3 of 8: each die multiplies its rows by the weight chunk that just arrived'
    """
    if not caption.segment:
        return "waiting for the other stages"
    if caption.kind == "stream":
        place = _counted("round", caption)
        return f"{place}{_stream(caption)[0 if caption.round == 0 else 1]}"
    if caption.kind == "collective":
        return f"{_counted('step', caption)}{_collective(caption)}"
    return _compute(caption)


def _counted(noun: str, caption: Caption) -> str:
    if caption.rounds <= 1:
        return ""
    return f"{noun} {caption.round + 1} of {caption.rounds}: "


def _stream(caption: Caption) -> tuple[str, str]:
    pass_ = "backward" if caption.pass_ == "backward" else "forward"
    if caption.role == "K":
        gradients = pass_ == "backward" and "gradient" in caption.tensor
        return _KEY_VALUES[pass_, gradients]
    known = _STREAMS.get((caption.layout, pass_, caption.role))
    if known:
        return known
    what = _MOVED.get(caption.role, "data")
    return (f"each die starts on its own {what}", f"each die uses the {what} that just arrived")


def _collective(caption: Caption) -> str:
    stage = caption.op.removeprefix("to stage ")
    if stage.isdecimal():
        what = "gradients go back" if caption.pass_ == "backward" else "activations go on"
        return f"hand-over: the {what} to the dies of stage {int(stage) + 1}"
    what = _MOVED.get(caption.role, "data")
    how = _COLLECTIVES.get(caption.op)
    return f"{caption.op} of {what}: {how}" if how else f"{caption.op} of {what}"


def _compute(caption: Caption) -> str:
    if not caption.operator:
        return "waiting for the transfers of this layer"
    if caption.pass_ == "optimizer":
        return "each die updates the weights it holds"
    gradient = " backward" if caption.pass_ == "backward" else ""
    again = " again, for the backward pass" if caption.pass_ == "recompute" else ""
    return f"each die computes {short_name(caption.operator)}{gradient} on what it holds{again}"


def short_name(operator: str) -> str:
    """The part of an operator's dotted name that says most.

    >>> short_name("mlp.gate_up"), short_name("attention.core"), short_name("router")
    ('gate_up', 'attention', 'router')
    """
    first, _, last = operator.rpartition(".")
    return first.rpartition(".")[2] if first and last in UNTELLING else last


def place(caption: Caption) -> str:
    """Where in the step that is: pass, copy of the segment, operator, micro-batch.

    >>> place(Caption(0, "layer", "forward", "qkv", "stream", "stream", "W", 2, 8, 4, 32, 1, "W"))
    'forward · layer 5 of 32 · qkv · micro-batch 2'
    """
    if not caption.segment:
        return ""
    parts = [] if caption.segment == caption.pass_ else [caption.pass_]
    one = caption.segment.removesuffix("s")
    many = caption.copies > 1
    parts.append(f"{one} {caption.copy + 1} of {caption.copies}" if many else caption.segment)
    if caption.operator and caption.operator != caption.segment:
        parts.append(caption.operator)
    if caption.micro_batch >= 0 and caption.pass_ != "optimizer":
        parts.append(f"micro-batch {caption.micro_batch + 1}")
    return " · ".join(parts)


def speaking_stage(captions: tuple[Caption, ...], preferred: int = -1) -> Caption | None:
    """The stage to speak of: the preferred one, else the first that moves data, else a busy one."""
    if not captions:
        return None
    if 0 <= preferred < len(captions):
        return captions[preferred]
    busy = [caption for caption in captions if caption.segment]
    moving = [caption for caption in busy if caption.kind in ("stream", "collective")]
    return next(iter(moving or busy or captions))


def headline(captions: tuple[Caption, ...], preferred: int = -1) -> tuple[str, str]:
    """(sentence, place) of the stage to speak of, for the line above the wafer."""
    caption = speaking_stage(captions, preferred)
    if caption is None:
        return PLANNING, ""
    text = sentence(caption)
    if len(captions) > 1:
        text = f"stage {caption.stage + 1} of {len(captions)}, {text}"
    return text[:1].upper() + text[1:], place(caption)


def spoken(captions: tuple[Caption, ...], time_text: str) -> str:
    """The same in one sentence for a screen reader."""
    text, where = headline(captions)
    return f"{time_text.replace(THIN_SPACE, ' ')}: {where}. {text}." if where else f"{text}"
