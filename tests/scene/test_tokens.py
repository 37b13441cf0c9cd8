"""Contrast of every pair of colours that the window or a picture puts on one another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.partition import ROLES
from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.scene.cividis import FILLS, INKS, TABLE, levels_of
from tempstudio.scene.tokens import (
    DARK,
    LIGHT,
    Tokens,
    contrast,
    hex_of,
    ink_on,
    luminance,
    mix,
    panel_of,
    rgb,
)

THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda tokens: tokens.name)
TEXT, GRAPHICS = 4.5, 3.0


def grounds(tokens: Tokens) -> tuple[str, ...]:
    return tokens.window, tokens.surface, tokens.canvas, panel_of(tokens)


@THEMES
@pytest.mark.parametrize("name", ["text", "muted", "accent", "warning", "error", "ok"])
def test_texts_meet_contrast(tokens: Tokens, name: str) -> None:
    assert min(contrast(getattr(tokens, name), on) for on in grounds(tokens)) >= TEXT


@THEMES
def test_graphics_meet_contrast(tokens: Tokens) -> None:
    shapes = [tokens.control, *tokens.lanes, *tokens.roles.values(), *tokens.memory.values()]
    assert min(contrast(shape, on) for shape in shapes for on in grounds(tokens)) >= GRAPHICS


@THEMES
def test_text_on_filled_things_meets_contrast(tokens: Tokens) -> None:
    assert contrast(tokens.on_accent, tokens.accent) >= TEXT
    for role in tokens.roles.values():
        assert contrast(ink_on(role), role) >= TEXT


def test_ink_on_every_memory_fill_meets_contrast() -> None:
    assert min(contrast(ink, fill) for ink, fill in zip(INKS, FILLS, strict=True)) >= TEXT


@THEMES
def test_die_border_shows_every_fill_on_the_wafer(tokens: Tokens) -> None:
    """A fill that the ground swallows is held by the control border: one of the two shows."""
    ground = panel_of(tokens)
    for fill in FILLS:
        assert max(contrast(fill, ground), contrast(tokens.control, ground)) >= GRAPHICS


@THEMES
def test_lanes_grow_apart_from_the_ground_with_load(tokens: Tokens) -> None:
    steps = [contrast(lane, panel_of(tokens)) for lane in tokens.lanes]
    assert all(later > earlier for earlier, later in pairwise(steps))
    assert contrast(tokens.hairline, panel_of(tokens)) < steps[0]


@THEMES
def test_every_role_and_memory_kind_has_its_colour(tokens: Tokens) -> None:
    assert set(tokens.roles) == set(ROLES)
    assert tuple(tokens.memory) == MEMORY_KINDS
    assert len(set(tokens.memory.values())) == len(MEMORY_KINDS)
    assert tokens.memory["activations"] == tokens.roles["I"]


def test_cividis_darkens_monotonically_towards_zero() -> None:
    tones = [luminance(hex_of(*cell)) for cell in TABLE.tolist()]
    assert all(later > earlier - 0.002 for earlier, later in pairwise(tones))
    assert tones[0] < 0.03 < 0.7 < tones[-1]


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=20))
def test_levels_are_ordered_like_the_shares(shares: list[float]) -> None:
    ordered = np.array(sorted(shares))
    levels = levels_of(ordered)
    assert (np.diff(levels) >= 0).all()
    assert levels.min() >= 0 and levels.max() < len(FILLS)


COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@given(COLOURS)
def test_colour_codec_is_the_identity(colour: tuple[int, int, int]) -> None:
    assert rgb(hex_of(*colour)) == colour


@given(COLOURS, COLOURS, st.floats(0, 1))
def test_a_mix_lies_between_its_parts(
    first: tuple[int, int, int], second: tuple[int, int, int], share: float
) -> None:
    mixed = rgb(mix(hex_of(*first), hex_of(*second), share))
    for a, b, found in zip(first, second, mixed, strict=True):
        assert min(a, b) <= found <= max(a, b)


@given(COLOURS, COLOURS)
def test_contrast_is_symmetric_and_bounded(
    first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    a, b = hex_of(*first), hex_of(*second)
    assert contrast(a, b) == contrast(b, a)
    assert 1.0 <= contrast(a, b) <= 21.0001
