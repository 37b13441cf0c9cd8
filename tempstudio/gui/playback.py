"""The one clock that every view follows."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from tempstudio.core.timeline import Timeline
from tempstudio.scene.moments import event_after, event_before, typical_durations

SPEEDS = ("round", "layer", "micro-batch", "step")
DEFAULT_SPEED = "layer"
SECONDS_EACH = 8.0  # what a speed is named after takes this long to watch
FRAME_MS = 16
LONGEST_FRAME_S = 0.1  # after a stall the picture goes on from where it was


class Playback(QObject):
    """Time within the training step, and whether it runs.

    `moved` carries the time shown [s]; `playing_changed` and `speed_changed` the new state;
    `timeline_changed` the new timeline, or None.
    """

    moved = Signal(float)
    playing_changed = Signal(bool)
    speed_changed = Signal(str)
    timeline_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timeline: Timeline | None = None
        self._durations: dict[str, float] = {}
        self._time_s = 0.0
        self._range_s: tuple[float, float] | None = None
        self._speed = DEFAULT_SPEED
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self._since = QElapsedTimer()

    @property
    def timeline(self) -> Timeline | None:
        """What is played; None while there is nothing to play."""
        return self._timeline

    @property
    def time_s(self) -> float:
        """The time shown."""
        return self._time_s

    @property
    def is_playing(self) -> bool:
        """Whether the clock runs."""
        return self._timer.isActive()

    @property
    def speed(self) -> str:
        """The named speed."""
        return self._speed

    @property
    def rate(self) -> float:
        """Simulated seconds in one second of watching; 0 without a timeline."""
        return self._durations.get(self._speed, 0.0) / SECONDS_EACH

    @property
    def range_s(self) -> tuple[float, float] | None:
        """What is played over and over, None for the whole step."""
        return self._range_s

    def set_range(self, range_s: tuple[float, float] | None) -> None:
        """Play a part of the step over and over, or the whole step again."""
        self._range_s = range_s

    def set_timeline(self, timeline: Timeline | None, time_s: float = 0.0) -> None:
        """Play another step from `time_s`; None stops."""
        if timeline is None:
            self.pause()
        self._timeline = timeline
        self._durations = typical_durations(timeline) if timeline is not None else {}
        self.timeline_changed.emit(timeline)
        self.seek(time_s)

    def set_speed(self, speed: str) -> None:
        """Play so that one round, layer, micro-batch or step takes about eight seconds."""
        if speed not in SPEEDS:
            raise ValueError(f"speed: found {speed!r}, allowed: {', '.join(SPEEDS)}")
        if speed != self._speed:
            self._speed = speed
            self.speed_changed.emit(speed)

    def play(self) -> None:
        """Run the clock: from the range's start where it is outside, else on from the end."""
        if self._timeline is None or self.is_playing:
            return
        if self._range_s is not None and not self._range_s[0] <= self._time_s < self._range_s[1]:
            self.seek(self._range_s[0])
        elif self._time_s >= self._timeline.duration_s:
            self.seek(0.0)
        self._since.start()
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Hold the clock."""
        if self.is_playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def seek(self, time_s: float) -> None:
        """Show this time of the step."""
        end = self._timeline.duration_s if self._timeline is not None else 0.0
        self._time_s = min(max(float(time_s), 0.0), end)
        self.moved.emit(self._time_s)

    def step_forward(self) -> None:
        """Pause and show the next event (round, collective step, piece of compute)."""
        self.pause()
        if self._timeline is not None:
            self.seek(event_after(self._timeline, self._time_s))

    def step_back(self) -> None:
        """Pause and show the event before."""
        self.pause()
        if self._timeline is not None:
            self.seek(event_before(self._timeline, self._time_s))

    def to_start(self) -> None:
        """Show the start of the step."""
        self.seek(0.0)

    def to_end(self) -> None:
        """Pause and show the end of the step."""
        self.pause()
        if self._timeline is not None:
            self.seek(self._timeline.duration_s)

    def _tick(self) -> None:
        passed_s = min(self._since.nsecsElapsed() * 1e-9, LONGEST_FRAME_S)
        self._since.start()
        self.advance(passed_s)

    def advance(self, watched_s: float) -> None:
        """Move on by what `watched_s` of watching shows; step or range repeat from their end."""
        if self._timeline is None or self._timeline.duration_s <= 0:
            return
        time_s = self._time_s + watched_s * self.rate
        if self._range_s is not None and self._range_s[0] <= self._time_s <= self._range_s[1]:
            low, high = self._range_s
            self.seek(low + (time_s - low) % (high - low))
        else:
            self.seek(time_s % self._timeline.duration_s)
