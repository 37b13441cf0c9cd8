"""TempStudio: partition, map, simulate and watch LLM training on wafer-scale chips.

>>> import tempstudio as ts
>>> project = ts.Project(
...     machine=ts.Wafer(rows=2, cols=4),
...     model=ts.load_model("llama2-7b"),
...     job=ts.TrainingJob(global_batch=8, seq_len=512),
... )
>>> project.machine.die_count, project.model.layers
(8, 32)

Everything a script or a plugin needs is here; each name is imported when it is first used, so that
`import tempstudio` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tempstudio.core.candidate import Candidate as Candidate
    from tempstudio.core.errors import InputError as InputError
    from tempstudio.core.errors import NoPlanError as NoPlanError
    from tempstudio.core.figure import Bars as Bars
    from tempstudio.core.figure import Figure as Figure
    from tempstudio.core.figure import Image as Image
    from tempstudio.core.figure import Lines as Lines
    from tempstudio.core.figure import Panel as Panel
    from tempstudio.core.figure import Table as Table
    from tempstudio.core.figure import Text as Text
    from tempstudio.core.machine import Cluster as Cluster
    from tempstudio.core.machine import Die as Die
    from tempstudio.core.machine import Link as Link
    from tempstudio.core.machine import Machine as Machine
    from tempstudio.core.machine import Wafer as Wafer
    from tempstudio.core.machine import WaferJoint as WaferJoint
    from tempstudio.core.mapping import Mapping as Mapping
    from tempstudio.core.mapping import StreamGroup as StreamGroup
    from tempstudio.core.parallel import Degrees as Degrees
    from tempstudio.core.parallel import OperatorDegrees as OperatorDegrees
    from tempstudio.core.parallel import axis_groups as axis_groups
    from tempstudio.core.parallel import share_sizes as share_sizes
    from tempstudio.core.partition import Collective as Collective
    from tempstudio.core.partition import OperatorChoice as OperatorChoice
    from tempstudio.core.partition import Partition as Partition
    from tempstudio.core.partition import Phase as Phase
    from tempstudio.core.partition import Segment as Segment
    from tempstudio.core.partition import StageProgram as StageProgram
    from tempstudio.core.partition import Stream as Stream
    from tempstudio.core.partition import Work as Work
    from tempstudio.core.problem import Problem as Problem
    from tempstudio.core.progress import Cancelled as Cancelled
    from tempstudio.core.progress import Progress as Progress
    from tempstudio.core.project import Project as Project
    from tempstudio.core.project import StrategyChoice as StrategyChoice
    from tempstudio.core.run import Plan as Plan
    from tempstudio.core.run import Run as Run
    from tempstudio.core.run import Score as Score
    from tempstudio.core.strategy import Exporter as Exporter
    from tempstudio.core.strategy import Mapper as Mapper
    from tempstudio.core.strategy import Partitioner as Partitioner
    from tempstudio.core.strategy import PlacingMapper as PlacingMapper
    from tempstudio.core.strategy import Reader as Reader
    from tempstudio.core.strategy import Solver as Solver
    from tempstudio.core.strategy import option as option
    from tempstudio.core.streaming import Schedule as Schedule
    from tempstudio.core.streaming import execute as execute
    from tempstudio.core.streaming import execute_layer as execute_layer
    from tempstudio.core.streaming import schedule as schedule
    from tempstudio.core.streaming import schedule_group as schedule_group
    from tempstudio.core.streaming import verify as verify
    from tempstudio.core.timeline import Frame as Frame
    from tempstudio.core.timeline import Timeline as Timeline
    from tempstudio.core.topology import Topology as Topology
    from tempstudio.core.topology import topology_of as topology_of
    from tempstudio.core.workload import Block as Block
    from tempstudio.core.workload import Operator as Operator
    from tempstudio.core.workload import TrainingJob as TrainingJob
    from tempstudio.core.workload import Workload as Workload
    from tempstudio.hookspecs import hookimpl as hookimpl
    from tempstudio.readers import load_model as load_model
    from tempstudio.storage import load as load
    from tempstudio.storage import save as save
    from tempstudio.strategies.mappers.groups import make_groups as make_groups

    __version__: str

_HOME = {
    "core.candidate": ("Candidate",),
    "core.errors": ("InputError", "NoPlanError"),
    "core.figure": ("Bars", "Figure", "Image", "Lines", "Panel", "Table", "Text"),
    "core.machine": ("Cluster", "Die", "Link", "Machine", "Wafer", "WaferJoint"),
    "core.mapping": ("Mapping", "StreamGroup"),
    "core.parallel": ("Degrees", "OperatorDegrees", "axis_groups", "share_sizes"),
    "core.partition": (
        "Collective",
        "OperatorChoice",
        "Partition",
        "Phase",
        "Segment",
        "StageProgram",
        "Stream",
        "Work",
    ),
    "core.problem": ("Problem",),
    "core.progress": ("Cancelled", "Progress"),
    "core.project": ("Project", "StrategyChoice"),
    "core.run": ("Plan", "Run", "Score"),
    "core.strategy": (
        "Exporter",
        "Mapper",
        "Partitioner",
        "PlacingMapper",
        "Reader",
        "Solver",
        "option",
    ),
    "core.streaming": (
        "Schedule",
        "execute",
        "execute_layer",
        "schedule",
        "schedule_group",
        "verify",
    ),
    "core.timeline": ("Frame", "Timeline"),
    "core.topology": ("Topology", "topology_of"),
    "core.workload": ("Block", "Operator", "TrainingJob", "Workload"),
    "hookspecs": ("hookimpl",),
    "readers": ("load_model",),
    "storage": ("load", "save"),
    "strategies.mappers.groups": ("make_groups",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", "run", *_MODULE_OF]


def run(
    project: Project,
    progress: Progress | None = None,
    safe_mode: bool = False,
    on_plan: Callable[[Run], None] | None = None,
) -> Run:
    """Plan, simulate and score a project with the strategies that it names.

    `on_plan` sees every better run as the solver finds it; `safe_mode` knows the built-ins only.
    Raises `InputError` (what was found, what is allowed), `NoPlanError` (why nothing fits) and
    `tempstudio.plugin_guard.PluginFault` (which plugin failed, and how).
    """
    from tempstudio.core.project_check import check_project
    from tempstudio.plugin_guard import run_project
    from tempstudio.plugin_host import shared_host

    check_project(project)
    return run_project(shared_host(safe_mode), project, progress, on_plan)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _MODULE_OF:
        module = importlib.import_module(f"tempstudio.{_MODULE_OF[name]}")
        value = getattr(module, name)
    else:
        raise AttributeError(f"module 'tempstudio' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("tempstudio")
    except metadata.PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"
