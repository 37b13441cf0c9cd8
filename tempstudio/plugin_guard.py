"""Calls into plugins: announced, and whatever goes wrong in one is laid at its door by name.

A strategy is handed to the pipeline inside a guard with the same interface.  Every call notes the
plugin and the hook first (so that a hang or a crash can be blamed), checks what comes back, and
turns any exception that is not a verdict (`InputError`, `NoPlanError`, `Cancelled`) into a
`PluginFault`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from operator import index
from pathlib import Path
from typing import Any, TypeVar

from tempstudio.catalogue import STRATEGY_KINDS, options_from_pairs
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.figure import Figure
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import Partition
from tempstudio.core.pipeline import Chosen
from tempstudio.core.pipeline import run as run_pipeline
from tempstudio.core.plan_check import PlanFault, check_plan
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.run import MadeBy, Plan, Run
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.plugin_host import Host, Offer, Watch, one_line, trace_of

_END = object()
T = TypeVar("T")


class PluginFault(Exception):
    """A plugin failed: which one, in which hook, and how, in one line and in full."""

    def __init__(
        self, offer: Offer, hook: str, message: str, trace: str = "", grave: bool = False
    ) -> None:
        self.plugin = offer.plugin.name
        self.hook = f"{offer.kind} {offer.name!r}, {hook}"
        self.message = message
        self.traceback = trace
        self.grave = grave  # the process had better not be used again
        super().__init__(f"plugin {self.plugin} {offer.plugin.version}, {self.hook}: {message}")


def _quiet(plugin: str, hook: str) -> nullcontext[None]:
    return nullcontext()


class Guard:
    """One strategy behind the interface of its kind.

    Attributes that are not a call (`name`, `Options`, `least_zero`, ...) are the strategy's own.
    """

    def __init__(self, offer: Offer, watch: Watch = _quiet) -> None:
        self._offer = offer
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._offer.object, name)

    def _fault(self, hook: str, message: str) -> PluginFault:
        return PluginFault(self._offer, hook, message)

    def _call(self, hook: str, step: Callable[[], T]) -> T:
        """Run a step of the plugin's own code."""
        try:
            with self._watch(
                self._offer.plugin.name, f"{self._offer.kind} {self._offer.name!r}, {hook}"
            ):
                return step()
        except (InputError, NoPlanError, Cancelled, PlanFault, PluginFault, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit too
            grave = not isinstance(error, Exception) or isinstance(error, MemoryError)
            raise PluginFault(self._offer, hook, one_line(error), trace_of(error), grave) from None

    def _is(self, hook: str, answer: Any, kind: type[T]) -> T:
        if not isinstance(answer, kind):
            raise self._fault(hook, f"returned {type(answer).__name__}, expected {kind.__name__}")
        return answer


class GuardedPartitioner(Guard):
    """A partitioner; its answer is a `Partition` for the degrees that were asked for."""

    def partition(
        self, workload: Any, machine: Any, job: Any, degrees: Any, options: Any, progress: Progress
    ) -> Partition:
        """As `Partitioner.partition`."""
        answer = self._call(
            "partition",
            lambda: self._offer.object.partition(
                workload, machine, job, degrees, options, progress
            ),
        )
        partition = self._is("partition", answer, Partition)
        if partition.degrees != degrees:
            raise self._fault("partition", f"was asked for {degrees} and cut {partition.degrees}")
        return partition


class GuardedMapper(Guard):
    """A mapper; its answer is a `Mapping` that places each rank on a working die of its own.

    Where it or the partitioner is foreign, the two are held against SPEC here, so that a fault is
    named even if the solver passes over plans that cannot be.
    """

    def __init__(self, offer: Offer, watch: Watch = _quiet, partitioner: Offer | None = None):
        super().__init__(offer, watch)
        self._partitioner = partitioner

    def map(
        self, partition: Any, machine: Machine, options: Any, rng: Any, progress: Progress
    ) -> Mapping:
        """As `Mapper.map`."""
        answer = self._call(
            "map", lambda: self._offer.object.map(partition, machine, options, rng, progress)
        )
        return self._checked("map", answer, partition, machine)

    def __getattr__(self, name: str) -> Any:
        """`placements`, `place` and `sketch` are there where the mapper offers them."""
        own = super().__getattr__(name)
        guarded: dict[str, Any] = {
            "placements": self._placements,
            "place": self._place,
            "sketch": self._sketch,
        }
        return guarded.get(name, own)

    def _placements(
        self, degrees: Any, machine: Machine, options: Any
    ) -> Iterator[tuple[int, ...]]:
        """As `PlacingMapper.placements`."""
        found = self._call(
            "placements",
            lambda: iter(self._offer.object.placements(degrees, machine, options)),
        )
        while True:
            answer: Any = self._call("placements", lambda: next(found, _END))
            if answer is _END:
                return
            wrong = _wrong_placement(answer, degrees.size, machine)
            if wrong:
                raise self._fault("placements", wrong)
            yield tuple(index(die) for die in answer)

    def _place(
        self, partition: Any, placement: Any, machine: Machine, options: Any, progress: Progress
    ) -> Mapping:
        """As `PlacingMapper.place`."""
        answer = self._call(
            "place",
            lambda: self._offer.object.place(partition, placement, machine, options, progress),
        )
        return self._checked("place", answer, partition, machine)

    def _sketch(self, partition: Any, placement: Any, machine: Machine, options: Any) -> Mapping:
        """As `SketchingMapper.sketch`."""
        answer = self._call(
            "sketch",
            lambda: self._offer.object.sketch(partition, placement, machine, options),
        )
        return self._checked("sketch", answer, partition, machine)

    def _checked(self, hook: str, answer: Any, partition: Any, machine: Machine) -> Mapping:
        mapping = self._is(hook, answer, Mapping)
        wrong = _wrong_placement(mapping.placement, partition.degrees.size, machine)
        if wrong:
            raise self._fault(hook, wrong)
        if self._partitioner is not None:
            self._check(partition, mapping, machine, self._partitioner)
        return mapping

    def _check(
        self, partition: Partition, mapping: Mapping, machine: Machine, partitioner: Offer
    ) -> None:
        if self._offer.plugin.own and partitioner.plugin.own:
            return  # `problem.build` checks those as well
        try:
            check_plan(Plan(partition.degrees, TrainingJob(), partition, mapping), machine)
        except PlanFault as error:
            raise _blame(error, partitioner, self._offer) from None
        except (TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
            raise self._fault("map", f"returned a broken mapping: {one_line(error)}") from None


class GuardedSolver(Guard):
    """A solver; every plan it yields is held against SPEC before anyone sees it."""

    def solve(self, problem: Problem, options: Any, rng: Any, progress: Progress) -> Iterator[Plan]:
        """As `Solver.solve`."""
        plans = self._call(
            "solve", lambda: iter(self._offer.object.solve(problem, options, rng, progress))
        )
        while True:
            answer = self._call("solve", lambda: next(plans, _END))
            if answer is _END:
                return
            plan = self._is("solve", answer, Plan)
            try:
                # What `problem.build` made was checked there: a fault here is the solver's own.
                check_plan(plan, problem.project.machine, problem.project)
            except (PlanFault, TypeError, ValueError, AttributeError) as error:
                raise self._fault("solve", f"yielded a broken plan: {one_line(error)}") from None
            yield plan


def _wrong_placement(dies: Any, ranks: int, machine: Machine) -> str:
    """What is wrong with a placement, in one line, or ""."""
    try:
        placement = [int(die) for die in dies]
    except (TypeError, ValueError):
        return "returned a placement that is not a list of die numbers"
    if len(placement) != ranks:
        return f"placed {len(placement)} ranks, expected {ranks}"
    seen: set[int] = set()
    for die in placement:
        if not 0 <= die < machine.die_count:
            return f"placed a rank on die {die}, of {machine.die_count} dies"
        if die in machine.dead_ids:
            return f"placed a rank on the dead die {list(machine.coordinate(die))}"
        if die in seen:
            return f"placed two ranks on die {list(machine.coordinate(die))}"
        seen.add(die)
    return ""


def choose(host: Host, project: Project, watch: Watch = _quiet) -> Chosen:
    """The strategies that a project names, guarded, with their options and who supplied them.

    Raises `InputError` that lists what there is where a name or an option is not known.
    """
    offers = {kind: host.find(kind, getattr(project, kind).name) for kind in STRATEGY_KINDS}
    options = {
        kind: _options(host, offer, getattr(project, kind), watch) for kind, offer in offers.items()
    }
    return Chosen(
        partitioner=GuardedPartitioner(offers["partitioner"], watch),
        mapper=GuardedMapper(offers["mapper"], watch, offers["partitioner"]),
        solver=GuardedSolver(offers["solver"], watch),
        partitioner_options=options["partitioner"],
        mapper_options=options["mapper"],
        solver_options=options["solver"],
        made_by=tuple(
            MadeBy(kind, offer.name, offer.plugin.name, offer.plugin.version)
            for kind, offer in offers.items()
        ),
    )


def _options(host: Host, offer: Offer, choice: StrategyChoice, watch: Watch) -> Any:
    pairs = dict(choice.options)
    if choice.version and choice.version != offer.version:
        pairs = host.migrate_options(offer.kind, offer.name, choice.version, pairs)
    guard = Guard(offer, watch)
    where = f"strategies.{offer.kind}.options"
    return guard._call("Options", lambda: options_from_pairs(offer.object.Options, pairs, where))


def run_project(
    host: Host,
    project: Project,
    progress: Progress | None = None,
    on_plan: Callable[[Run], None] | None = None,
    watch: Watch = _quiet,
) -> Run:
    """Run a project with the strategies that it names, guarded."""
    chosen = choose(host, project, watch)
    try:
        return run_pipeline(project, chosen, progress, on_plan)
    except PlanFault as error:
        raise blamed(host, project, error) from None


def blamed(host: Host, project: Project, error: PlanFault) -> PluginFault:
    """A plan that broke a rule, laid at the door of the strategy that made that part of it."""
    partitioner, mapper = (
        host.find(kind, getattr(project, kind).name) for kind in ("partitioner", "mapper")
    )
    return _blame(error, partitioner, mapper)


def _blame(error: PlanFault, partitioner: Offer, mapper: Offer) -> PluginFault:
    trace = trace_of(error.__cause__) if error.__cause__ else ""
    if str(error).startswith("partition"):
        return PluginFault(partitioner, "partition", str(error), trace)
    return PluginFault(mapper, "map", str(error), trace)


def read_model(offer: Offer, path: Path, watch: Watch = _quiet) -> Workload:
    """A model through one reader, guarded."""
    guard = Guard(offer, watch)
    return guard._is("read", guard._call("read", lambda: offer.object.read(path)), Workload)


def read_foreign(path: Path, host: Host, watch: Watch = _quiet) -> tuple[Workload, str] | None:
    """(model, reader's name) by the first foreign reader that can read a file, None if none can.

    Readers that name `suffixes` are asked about such files only, before others, and the refusal of
    one is final.
    """
    readers = [offer for offer in host.readers().values() if not offer.plugin.own]
    claiming = [offer for offer in readers if path.suffix.lower() in _suffixes(offer)]
    for offer in (*claiming, *(offer for offer in readers if not _suffixes(offer))):
        try:
            return read_model(offer, path, watch), offer.name
        except InputError:
            if offer in claiming:
                raise
    return None


def _suffixes(offer: Offer) -> tuple[str, ...]:
    named = getattr(offer.object, "suffixes", ())
    return tuple(map(str, named)) if isinstance(named, (tuple, list)) else ()


def figure_of(
    offer: Offer, run: Any, time_s: float, selection: dict[str, Any], watch: Watch = _quiet
) -> Figure:
    """A panel's figure, guarded."""
    guard = Guard(offer, watch)
    answer = guard._call("figure", lambda: offer.object.figure(run, time_s, selection))
    return guard._is("figure", answer, Figure)


def write_run(offer: Offer, run: Run, path: Path, watch: Watch = _quiet) -> None:
    """A run through one exporter, guarded; `InputError` where it writes no such file.

    The path is the exporter's own: it may write several files there, or a folder.
    """
    suffixes = tuple(str(suffix) for suffix in offer.object.suffixes)
    if suffixes and path.suffix.lower() not in suffixes:
        allowed = ", ".join(suffixes)
        raise InputError(f"--out: found {path.name!r}, allowed: a file {allowed}")
    guard = Guard(offer, watch)
    guard._call("write", lambda: offer.object.write(run, path))
    if not path.exists():
        raise guard._fault("write", f"wrote no {path.name}")
