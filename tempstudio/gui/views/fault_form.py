"""Faults drawn at random: by rate, or by a yield model from the density of defects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from tempstudio.core.faults import YIELD_MODELS, die_yield, random_faults
from tempstudio.core.machine import Wafer
from tempstudio.core.typed_quantity import typed_number
from tempstudio.gui.views.option_form import Field, OptionForm
from tempstudio.scene.floorplan import square_millimetres
from tempstudio.scene.format import percent

RATE = "rate"
TITLES = {
    RATE: "by rate",
    "poisson": "Poisson yield",
    "murphy": "Murphy yield",
    "negative-binomial": "negative binomial",
}
BY_TITLE = {title: name for name, title in TITLES.items()}


@dataclass(frozen=True)
class TypedField(Field):
    """A number typed with its unit or in percent."""

    def text(self, value: Any) -> str:
        """Shares in percent."""
        return f"{100 * value:.10g} %" if not self.unit else f"{value:.10g} {self.unit}"

    def at_rest(self, value: Any) -> str:
        """The same with its unit."""
        return self.text(value)

    def parse(self, text: str) -> Any:
        """See `core.typed_quantity`."""
        return self.check(typed_number(text, self.unit, self.label))


@dataclass(frozen=True)
class Draw:
    """What is drawn: rates, or a yield model (`yield_model`) with its defects; the seed."""

    yield_model: str = RATE
    die_rate: float = 0.0
    defects_per_cm2: float = 0.1
    clustering: float = 2.0
    link_rate: float = 0.0
    seed: int = 1

    def lost_share(self, wafer: Wafer) -> float:
        """The share of dies that is dead on average."""
        if self.yield_model == RATE:
            return self.die_rate
        area_mm2 = wafer.area.die_m2 * 1e6
        return 1.0 - die_yield(area_mm2, self.defects_per_cm2, self.yield_model, self.clustering)

    def on(self, wafer: Wafer) -> Wafer:
        """The wafer with what was drawn added to its faults."""
        return random_faults(wafer, self.lost_share(wafer), self.link_rate, self.seed)


_BY = Field("yield_model", "choice", default=TITLES[RATE], choices=tuple(TITLES.values()),
            label="dead dies",
            help="how likely a die is dead: a rate, or a yield model of its area")  # fmt: skip
_RATE = TypedField("die_rate", default=0.0, type="float", minimum=0.0, maximum=1.0, label="rate",
                   help="share of dies that are dead")  # fmt: skip
_DEFECTS = TypedField("defects_per_cm2", "float", default=0.1, unit="/cm²", minimum=0.0,
                      maximum=1e3, label="defects", help="density of killing defects")  # fmt: skip
_CLUSTERING = TypedField("clustering", "float", default=2.0, unit="α", minimum=1e-3, maximum=1e6,
                         label="clustering",
                         help="how evenly defects lie: large is even (Poisson)")  # fmt: skip
_LINKS = TypedField("link_rate", default=0.0, type="float", minimum=0.0, maximum=1.0,
                    label="dead links", help="share of links that are dead")  # fmt: skip
_SEED = Field("seed", "int", default=1, minimum=0, maximum=2**31 - 1,
              help="the same seed draws the same faults")  # fmt: skip


EDITORS_PX = 140  # names of yield models fit


class FaultForm(QWidget):
    """Asks what to draw; `changed` follows every edit."""

    changed = Signal()
    refused = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.draw = Draw()
        self._kind, self._figures, self._rest = (
            OptionForm(prefix, self, EDITORS_PX) for _ in range(3)
        )
        self.told = QLabel(self)
        self.told.setObjectName(f"{prefix}.told")
        self.told.setProperty("role", "caption")
        self.told.setWordWrap(True)
        heading = QLabel("Random faults", self)
        heading.setProperty("role", "heading")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (heading, self._kind, self._figures, self._rest, self.told):
            column.addWidget(part)
        column.addStretch(1)
        self._kind.set_fields((_BY,), {})
        self._rest.set_fields((_LINKS, _SEED), {"seed": self.draw.seed})
        self._show_figures()
        for form in (self._kind, self._figures, self._rest):
            form.edited.connect(self.edit)
            form.refused.connect(self.refused)

    def _show_figures(self) -> None:
        fields = {
            RATE: (_RATE,),
            "negative-binomial": (_DEFECTS, _CLUSTERING),
        }.get(self.draw.yield_model, (_DEFECTS,))
        values = {field.key: getattr(self.draw, field.key) for field in fields}
        self._figures.set_fields(fields, values)

    def edit(self, key: str, value: Any) -> None:
        """Ask for another value, as its editor does."""
        changed = {key: BY_TITLE[value] if key == "yield_model" else value}
        self.draw = Draw(**{**self.draw.__dict__, **changed})
        if key == "yield_model":
            assert self.draw.yield_model in (RATE, *YIELD_MODELS)
            self._show_figures()
        self.changed.emit()

    def tell(self, wafer: Wafer) -> None:
        """Say how likely a die of this wafer is dead."""
        lost = self.draw.lost_share(wafer)
        if self.draw.yield_model == RATE:
            text = f"Each die is dead with {percent(lost)}." if lost else ""
        else:
            area = square_millimetres(wafer.area.die_m2)
            text = f"Of dies of {area}, {percent(1 - lost)} work: {percent(lost)} are dead."
        self.told.setText(text)
        self.told.setVisible(bool(text))
