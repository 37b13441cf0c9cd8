"""The clock: named speeds, stepping, looping, and that time is only ever inside the step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

import tempstudio as ts
from tempstudio.gui.playback import SECONDS_EACH, SPEEDS, Playback
from tempstudio.scene.moments import typical_durations


@pytest.fixture
def playback(qapp: object, small_run: ts.Run) -> Playback:
    clock = Playback()
    clock.set_timeline(small_run.timeline)
    return clock


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_speed_shows_what_it_is_named_after_in_eight_seconds(
    playback: Playback, small_run: ts.Run, speed: str
) -> None:
    playback.set_speed(speed)
    whole = typical_durations(small_run.timeline)[speed]
    assert playback.rate * SECONDS_EACH == pytest.approx(whole)
    playback.advance(SECONDS_EACH / 4)
    assert playback.time_s == pytest.approx(whole / 4)


def test_the_default_is_a_layer(qapp: object) -> None:
    assert Playback().speed == "layer"


def test_unknown_speeds_are_refused(playback: Playback) -> None:
    with pytest.raises(ValueError, match=r"found 'year', allowed: round, layer"):
        playback.set_speed("year")


@given(times=st.lists(st.floats(allow_nan=False, min_value=-1e9, max_value=1e9), max_size=5))
def test_time_stays_inside_the_step(qapp: object, small_run: ts.Run, times: list[float]) -> None:
    playback = Playback()
    playback.set_timeline(small_run.timeline)
    for time_s in times:
        playback.seek(time_s)
        assert 0 <= playback.time_s <= small_run.timeline.duration_s
        playback.advance(abs(time_s) % 100)
        assert 0 <= playback.time_s <= small_run.timeline.duration_s


def test_the_step_repeats_from_its_end(playback: Playback, small_run: ts.Run) -> None:
    playback.set_speed("step")
    playback.seek(small_run.timeline.duration_s * 0.99)
    playback.advance(SECONDS_EACH * 0.02)
    assert playback.time_s == pytest.approx(small_run.timeline.duration_s * 0.01)


def test_play_runs_and_pause_holds(playback: Playback, qtbot: QtBot) -> None:
    playback.play()
    assert playback.is_playing
    qtbot.waitUntil(lambda: playback.time_s > 0)
    playback.pause()
    held = playback.time_s
    assert not playback.is_playing
    qtbot.wait(50)
    assert playback.time_s == held


def test_stepping_pauses_and_moves_to_another_event(playback: Playback) -> None:
    playback.play()
    playback.step_forward()
    assert not playback.is_playing
    first = playback.time_s
    playback.step_forward()
    assert playback.time_s > first > 0
    playback.step_back()
    assert playback.time_s == pytest.approx(first)


def test_without_a_timeline_nothing_plays(playback: Playback) -> None:
    playback.play()
    playback.set_timeline(None)
    assert not playback.is_playing
    playback.play()
    assert not playback.is_playing
    assert playback.rate == 0
    playback.step_forward()
    playback.advance(1.0)
    assert playback.time_s == 0
