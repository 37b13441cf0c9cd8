"""Strategy boxes with their option forms, the training job and the degrees of parallelism."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.parallel import Degrees, with_degree
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.workload import TrainingJob
from tempstudio.gui.views.combo_box import ComboBox
from tempstudio.gui.views.option_form import OptionForm, fields_of

KINDS = ("partitioner", "mapper", "solver")
JOB_FIELDS = ("global_batch", "micro_batch", "seq_len", "recompute")


class StrategyForm(QScrollArea):
    """What a run is made with.

    `strategy_edited(kind, StrategyChoice)`, `job_edited(TrainingJob, key)`, `degrees_edited(Degrees
    or None, key)` ask for an edit; nothing changes here until the project does.
    """

    strategy_edited = Signal(str, object)
    job_edited = Signal(object, str)
    degrees_edited = Signal(object, str)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strategy")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields take the focus
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._project: Project | None = None
        self._offers: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self._suggested = Degrees()
        body = QWidget(self)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(12, 8, 12, 12)
        self._column.setSpacing(4)
        self.boxes: dict[str, QComboBox] = {}
        self.summaries: dict[str, QLabel] = {}
        self.forms: dict[str, OptionForm] = {}
        for kind in KINDS:
            self._add_strategy(kind, body)
        self._add_job(body)
        self._add_degrees(body)
        self._column.addStretch(1)
        self.setWidget(body)

    def _heading(self, text: str, body: QWidget) -> None:
        if self._column.count():
            self._column.addSpacing(12)
        label = QLabel(text, body)
        label.setProperty("role", "heading")
        self._column.addWidget(label)

    def _add_strategy(self, kind: str, body: QWidget) -> None:
        self._heading(kind.capitalize(), body)
        box = ComboBox(body)
        box.setObjectName(f"strategy.{kind}")
        box.setAccessibleName(kind.capitalize())
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.textActivated.connect(lambda name: self._choose(kind, name))
        summary = QLabel(body)
        summary.setProperty("role", "caption")
        summary.setWordWrap(True)
        form = OptionForm(f"strategy.{kind}", body)
        form.edited.connect(lambda key, value: self._set_option(kind, key, value))
        form.refused.connect(self.refused)
        for widget in (box, summary, form):
            self._column.addWidget(widget)
        self.boxes[kind], self.summaries[kind], self.forms[kind] = box, summary, form

    def _add_job(self, body: QWidget) -> None:
        self._heading("Training job", body)
        self.job = OptionForm("job", body)
        self.job.edited.connect(self._edit_job)
        self.job.refused.connect(self.refused)
        self.positions = QLabel(body)
        self.positions.setObjectName("job.positions")
        self.positions.setProperty("role", "caption")
        self.positions.setWordWrap(True)
        self._column.addWidget(self.job)
        self._column.addWidget(self.positions)

    def _add_degrees(self, body: QWidget) -> None:
        self._heading("Degrees of parallelism", body)
        self.fixed = QCheckBox("Fix the degrees", body)
        self.fixed.setObjectName("degrees.fixed")
        self.fixed.setToolTip("Off: the solver chooses them.\nOn: every run uses these.")
        self.fixed.toggled.connect(self._fix)
        self.degrees = OptionForm("degrees", body)
        self.degrees.edited.connect(self._edit_degrees)
        self.degrees.refused.connect(self.refused)
        self._column.addWidget(self.fixed)
        self._column.addWidget(self.degrees)

    def set_catalogue(self, catalogue: Mapping[str, Any]) -> None:
        """Offer what the plugins offer."""
        for kind in KINDS:
            offers = catalogue["kinds"].get(kind, [])
            self._offers[kind] = {offer["name"]: offer for offer in offers}
        if self._project is not None:
            self.set_project(self._project)

    def set_suggested(self, degrees: Degrees) -> None:
        """The degrees of the run on screen: where fixing starts from, shown while not fixed."""
        self._suggested = degrees
        if self._project is not None and self._project.degrees is None:
            self._show_degrees(self._project)

    def set_project(self, project: Project) -> None:
        """Show a project's choices."""
        self._project = project
        for kind in KINDS:
            self._show_strategy(kind, getattr(project, kind))
        if not self.job.fields:
            self._describe_records()
        self.job.set_values({key: getattr(project.job, key) for key in JOB_FIELDS})
        beyond = project.model.beyond_positions(project.job.seq_len)
        self.positions.setText(f"{beyond}." if beyond else "")
        self.positions.setVisible(bool(beyond))
        self._show_degrees(project)

    def _describe_records(self) -> None:
        """Fields of job and degrees, from the dataclasses' own metadata."""
        from tempstudio.catalogue import option_fields

        job = {field["name"]: field for field in option_fields(TrainingJob)}
        self.job.set_fields(fields_of(job[key] for key in JOB_FIELDS), {})
        self.degrees.set_fields(fields_of(option_fields(Degrees)), {})

    def _show_strategy(self, kind: str, choice: StrategyChoice) -> None:
        box, offers = self.boxes[kind], self._offers[kind]
        names = list(offers) or [choice.name]
        if choice.name not in names:
            names.append(choice.name)
        with QSignalBlocker(box):
            if [box.itemText(i) for i in range(box.count())] != names:
                box.clear()
                box.addItems(names)
                for row, name in enumerate(names):
                    tip = offers.get(name, {}).get("summary", "")
                    box.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            box.setCurrentText(choice.name)
        offer = offers.get(choice.name)
        if offer is None:
            known = bool(offers)
            self.summaries[kind].setText("No plugin offers this." if known else "")
            self.forms[kind].set_fields((), {})
            return
        self.summaries[kind].setText(offer.get("summary", ""))
        made = f"{offer['plugin']} {offer.get('plugin_version', '')}".strip()
        self.summaries[kind].setToolTip(f"From plugin {made}, version {offer.get('version', '')}")
        self.forms[kind].set_fields(fields_of(offer.get("options", [])), dict(choice.options))

    def _show_degrees(self, project: Project) -> None:
        with QSignalBlocker(self.fixed):
            self.fixed.setChecked(project.degrees is not None)
        degrees = project.degrees or self._suggested
        values = {field.key: getattr(degrees, field.key) for field in self.degrees.fields}
        self.degrees.set_values(values)
        self.degrees.setEnabled(project.degrees is not None)

    def _choose(self, kind: str, name: str) -> None:
        assert self._project is not None
        if name != getattr(self._project, kind).name:
            version = str(self._offers[kind].get(name, {}).get("version", ""))
            self.strategy_edited.emit(kind, StrategyChoice(name, version))

    def _set_option(self, kind: str, key: str, value: Any) -> None:
        assert self._project is not None
        choice: StrategyChoice = getattr(self._project, kind)
        options = dict(choice.options)
        default = next(f.default for f in self.forms[kind].fields if f.key == key)
        if value == default:
            options.pop(key, None)
        else:
            options[key] = value
        self.strategy_edited.emit(kind, dataclasses.replace(choice, options=tuple(options.items())))

    def _edit_job(self, key: str, value: Any) -> None:
        assert self._project is not None
        self.job_edited.emit(dataclasses.replace(self._project.job, **{key: value}), key)

    def _fix(self, on: bool) -> None:
        self.degrees_edited.emit(self._suggested if on else None, "fixed")

    def _edit_degrees(self, key: str, value: Any) -> None:
        assert self._project is not None
        if self._project.degrees is not None:
            changed = with_degree(self._project.degrees, key, value)
            self.degrees_edited.emit(changed, key)
