"""A machine's figures as fields of a form: typed with their unit, shown with it."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass, replace
from typing import Any

from tempstudio.core.machine import Cluster, Die, Link, Machine, Wafer, WaferArea, WaferJoint
from tempstudio.core.quantities import outside_key
from tempstudio.core.typed_quantity import parse_quantity, quantity_text
from tempstudio.gui.views.option_form import Field

PARTS: dict[str, type[Any]] = {
    "die": Die,
    "link": Link,
    "between_wafers": WaferJoint,
    "area": WaferArea,
    "device": Die,
    "intra": Link,
    "inter": Link,
}

_DIE = (
    ("flop_per_s", "compute"),
    ("hbm_bytes", "memory"),
    ("hbm_bytes_per_s", "memory bandwidth"),
    ("sram_bytes", "SRAM"),
)
_LINK = (("bytes_per_s", "bandwidth"), ("latency_s", "latency"))
_DIE_ENERGY = (
    ("flop_per_joule", "compute efficiency"),
    ("hbm_joule_per_bit", "memory access"),
    ("idle_w", "idle power"),
)
_KERNELS = (
    ("peak_efficiency", "peak efficiency"),
    ("hbm_efficiency", "memory efficiency"),
    ("tile", "tile edge"),
    ("compute_units", "compute units"),
    ("exposed_output", "exposed output"),
    ("communication_units", "units for transfers"),
)
_AREA = (
    ("die_m2", "compute die"),
    ("stack_m2", "memory stack"),
    ("stack_bytes", "stack capacity"),
    ("usable_m2", "usable area"),
    ("edge_m", "wafer edge"),
)
Lines = tuple[tuple[str, str, str], ...]  # part, field, label


def _of(part: str, rows: tuple[tuple[str, str], ...]) -> Lines:
    return tuple((part, name, label) for name, label in rows)


WAFER_SECTIONS: tuple[tuple[str, Lines], ...] = (
    ("Die", _of("die", _DIE)),
    ("Link, each direction", _of("link", _LINK)),
    ("Between wafers", _of("between_wafers", _LINK)),
    ("Area", _of("area", _AREA)),
    ("Energy", (*_of("die", _DIE_ENERGY), ("link", "joule_per_bit", "link hop"))),
    ("Kernels", (*_of("die", _KERNELS), ("link", "efficiency", "link efficiency"))),
)
CLUSTER_SECTIONS: tuple[tuple[str, Lines], ...] = (
    ("Device", _of("device", _DIE)),
    ("Inside a node", _of("intra", _LINK)),
    ("Between nodes", _of("inter", _LINK)),
    (
        "Energy",
        (
            *_of("device", _DIE_ENERGY),
            ("intra", "joule_per_bit", "inside a node"),
            ("inter", "joule_per_bit", "between nodes"),
        ),
    ),
    ("Kernels", _of("device", _KERNELS)),
)


@dataclass(frozen=True)
class FigureField(Field):
    """One figure of a part of a machine; its value is in SI, its text carries the unit."""

    part: str = ""
    name: str = ""

    @property
    def part_title(self) -> str:
        """What a step of the history calls it."""
        part = self.part.replace("_", " ")
        title = self.label if self.part in ("die", "area") else f"{part} {self.label}"
        return title[:1].upper() + title[1:]

    @property
    def record(self) -> type[Any]:
        """The dataclass that it is a field of."""
        return PARTS[self.part]

    def text(self, value: Any) -> str:
        """With its unit."""
        if value is None:
            return ""
        return quantity_text(self.record.__dataclass_fields__[self.name], value)

    def at_rest(self, value: Any) -> str:
        """With its unit."""
        return self.text(value)

    def parse(self, text: str) -> Any:
        """See `core.typed_quantity`."""
        return parse_quantity(self.record, self.name, text, self.label)


def figure_field(part: str, name: str, label: str) -> FigureField:
    """The form's field of one figure; keys are those of the machine file, `die.HBM_GB`."""
    field: dataclasses.Field[Any] = PARTS[part].__dataclass_fields__[name]
    whole = typing.get_type_hints(PARTS[part])[name] is int
    about = field.metadata
    return FigureField(
        key=f"{part}.{outside_key(field)}",
        type="int" if whole else "float",
        default=field.default,
        unit="" if whole else about.get("unit") or "",
        minimum=about.get("minimum"),
        maximum=about.get("maximum"),
        help=about.get("help") or "",
        part=part,
        name=name,
        label=label,
    )


def sections_of(machine: Machine) -> tuple[tuple[str, tuple[FigureField, ...]], ...]:
    """Headings with their figures, for this kind of machine."""
    chosen = CLUSTER_SECTIONS if isinstance(machine, Cluster) else WAFER_SECTIONS
    return tuple(
        (title, tuple(figure_field(*line) for line in lines))
        for title, lines in chosen
        if title != "Between wafers" or (isinstance(machine, Wafer) and machine.wafers > 1)
    )


def figure(machine: Machine, field: FigureField) -> Any:
    """The figure's value in a machine."""
    return getattr(getattr(machine, field.part), field.name)


def with_figure(machine: Machine, field: FigureField, value: Any) -> Machine:
    """The machine with another figure."""
    part = replace(getattr(machine, field.part), **{field.name: value})
    changed: dict[str, Any] = {field.part: part}
    return replace(machine, **changed)
