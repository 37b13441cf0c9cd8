"""Texts on cards and in the legend: inside, apart, and naming what moves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import FAULTY
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Wafer
from tempstudio.core.partition import ROLES
from tempstudio.scene.display_list import Texts
from tempstudio.scene.tokens import LIGHT
from tempstudio.scene.typeface import text_width
from tempstudio.scene.wafer import (
    build,
    lay_ground,
)


def boxes(words: Texts) -> list[tuple[float, float, float, float]]:
    """Estimated (left, top, right, bottom) of every text."""
    found = []
    for bucket, look in enumerate(words.look):
        first, last = words.start[bucket : bucket + 2]
        for text, (x, y) in zip(words.text[first:last], words.xy[first:last], strict=True):
            width = text_width(text, look.size_px, look.bold)
            left = x - width * look.anchor / 2
            found.append((left, y - 0.74 * look.size_px, left + width, y + 0.05 * look.size_px))
    return found


@settings(max_examples=30)
@given(
    st.integers(1, 9),
    st.integers(1, 12),
    st.sampled_from([(772, 543), (1024, 640), (1600, 1000), (500, 400)]),
    st.floats(0.0, 1.0),
    st.floats(0.3, 2.0),
)
def test_texts_on_a_card_stay_on_it_and_apart(
    rows: int, cols: int, size: tuple[int, int], moment: float, fill: float
) -> None:
    machine = Wafer(rows=rows, cols=cols, core_yield=[(0, 0, 0.55)])
    timeline = make_timeline(machine, fill=fill)
    ground = lay_ground(machine, *size)
    picture = build(ground, timeline, timeline.at(moment * timeline.duration_s))
    words = picture.layer("card texts")
    if not isinstance(words, Texts):
        assert ground.layout.die_px < 44
        return
    per_die: dict[int, list[tuple[float, float, float, float]]] = {}
    for box in boxes(words):
        die = ground.layout.die_at((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        assert die is not None
        x, y, width, height = ground.layout.die_xywh[die]
        assert x <= box[0] and box[2] <= x + width and y <= box[1] and box[3] <= y + height
        per_die.setdefault(die, []).append(box)
    for found in per_die.values():
        for i, a in enumerate(found):
            for b in found[i + 1 :]:
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@settings(max_examples=20)
@given(st.integers(200, 2000), st.lists(st.sampled_from(list(ROLES)), unique=True))
def test_the_legend_stays_inside_and_names_what_moves(width: int, roles: list[str]) -> None:
    from tempstudio.scene.legend import legend_layers

    layers = legend_layers(LIGHT, FAULTY, tuple(roles), float(width), 100.0)
    words = layers[-1]
    assert isinstance(words, Texts)
    assert set(roles) <= set(words.text)
    if width >= 772:
        assert max(box[2] for box in boxes(words)) <= width
    names = {one.name for one in layers}
    assert {f"legend role {role}" for role in roles} <= names
