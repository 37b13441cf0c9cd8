"""What is selected, shared by every view."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

Link = tuple[int, int]  # die numbers of the two ends, in the direction meant


@dataclass(frozen=True)
class Chosen:
    """Selected dies, directed links, operator, tensor and range of time; each may be empty.

    `copy` says in which copy of its block the operator was selected (from 0), None in all of them.
    """

    dies: tuple[int, ...] = ()
    links: tuple[Link, ...] = ()
    operator: str = ""
    tensor: str = ""
    copy: int | None = None
    range_s: tuple[float, float] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        return self == Chosen()


class Selection(QObject):
    """The one selection of the studio; `changed` carries the new `Chosen`.

    Dies and links are one choice: selecting the one lets go of the other.  Operator, tensor and
    range stand beside them.
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chosen = Chosen()

    @property
    def chosen(self) -> Chosen:
        """What is selected now."""
        return self._chosen

    def select_dies(self, dies: Iterable[int]) -> None:
        """Select these dies."""
        self._become(replace(self._chosen, dies=_once(dies), links=()))

    def toggle_die(self, die: int) -> None:
        """Add a die to the selected ones, or take it out."""
        dies = self._chosen.dies
        left = tuple(other for other in dies if other != die)
        self.select_dies(left if len(left) < len(dies) else (*dies, die))

    def select_links(self, links: Iterable[Link]) -> None:
        """Select these directed links."""
        self._become(replace(self._chosen, links=_once(links), dies=()))

    def toggle_link(self, link: Link) -> None:
        """Add a link to the selected ones, or take it out."""
        links = self._chosen.links
        left = tuple(other for other in links if other != link)
        self.select_links(left if len(left) < len(links) else (*links, link))

    def select_operator(self, operator: str, tensor: str = "", copy: int | None = None) -> None:
        """Select an operator, a tensor of it, and one copy of its block; '' for none."""
        self._become(replace(self._chosen, operator=operator, tensor=tensor, copy=copy))

    def select_range(self, range_s: tuple[float, float] | None) -> None:
        """Select a range of time [s]."""
        self._become(replace(self._chosen, range_s=range_s))

    def clear(self) -> None:
        """Let go of everything."""
        self._become(Chosen())

    def _become(self, chosen: Chosen) -> None:
        if chosen != self._chosen:
            self._chosen = chosen
            self.changed.emit(chosen)


def _once(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
