"""Training steps of published runs: the whole program, from the plan to the simulated step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Cluster
from tempstudio.core.memory import state_bytes
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.run import Run, Score
from tempstudio.core.timeline import Timeline
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.plugin_guard import run_project
from tempstudio.plugin_host import shared_host

PRESETS = {"A100": "a100-4x8", "H100": "h100-4x8"}
MOST_TURNS = 1_000_000
MICRO_BATCHES = (1, 2, 4, 8, 16)
RECOMPUTE_ALL = 4.0  # forward, forward again, twice that backward
RECOMPUTE_NONE = 3.0

Options = tuple[tuple[str, bool | str], ...]


@dataclass(frozen=True)
class Training:
    """One training step: everything that a run depends on."""

    device: str
    devices: int
    model: Workload
    job: TrainingJob
    degrees: Degrees
    partitioner: str = "megatron1"
    options: Options = ()

    @property
    def machine(self) -> Cluster:
        """As many nodes of the device's preset as hold the devices."""
        machine = shared_host().find("machine", PRESETS[self.device]).object
        if not isinstance(machine, Cluster):
            raise InputError(f"machine {PRESETS[self.device]}: expected a cluster")
        return replace(machine, nodes=max(1, -(-self.devices // machine.devices_per_node)))


@dataclass(frozen=True)
class Trained:
    """A simulated step's figures, and its timeline where asked for."""

    training: Training
    score: Score
    degrees: Degrees

    @property
    def tflops(self) -> float:
        """TFLOP/s a device with recomputation counted: what papers of that time state."""
        training = self.training
        flop = hardware_flop(training.model, training.job)
        return flop / training.devices / self.score.step_time_s / 1e12

    @property
    def peak_share(self) -> float:
        """The same over the device's peak (hardware FLOP utilization)."""
        return self.tflops * 1e12 / self.training.machine.device.flop_per_s

    @property
    def model_share(self) -> float:
        """PaLM's MFU over the devices in use."""
        machine = self.training.machine
        return self.score.mfu * machine.die_count / self.training.devices


@lru_cache(maxsize=256)
def train(training: Training) -> Trained:
    """Simulate a step; remembered, as several figures come from one run.

    `InputError` for a step of more turns of pipeline stages than can be simulated in a while.
    """
    degrees, job = training.degrees, training.job
    turns = degrees.pp * degrees.interleave * job.global_batch / degrees.dp / job.micro_batch
    if turns > MOST_TURNS:
        raise InputError(
            f"global_batch: {job.global_batch} sequences make {turns:.2g} turns of pipeline "
            f"stages, allowed: {MOST_TURNS:.0e}"
        )
    run = run_training(training)
    return Trained(training, run.score, run.plan.degrees)


def run_training(training: Training) -> Run:
    """The run itself, with its timeline."""
    project = Project(
        machine=training.machine,
        model=training.model,
        job=training.job,
        partitioner=StrategyChoice(training.partitioner, options=training.options),
        mapper=StrategyChoice("sequential"),
        solver=StrategyChoice("exhaustive"),
        degrees=training.degrees,
    )
    return run_project(shared_host(), project)


def layer_seconds(timeline: Timeline, block: str, pass_: str) -> float:
    """Seconds that one copy of a block takes in a pass."""
    wanted = [i for i, segment in enumerate(timeline.segments) if segment == (block, pass_)]
    rows = [i for i, segment in enumerate(timeline.spans.segment) if segment in wanted]
    return float(timeline.spans.period_s[rows[0]]) if rows else 0.0


def hardware_flop(model: Workload, job: TrainingJob) -> float:
    """FLOP of a step that the devices carry out, recomputation included (attention uncausal).

    With `full` recomputation this is equation 3 of Narayanan et al. 2021 (arXiv:2104.04473).
    """
    total = 0.0
    for block in model.blocks:
        layer = any(operator.kind == "attention" for operator in block.operators)
        for operator in block.operators:
            again = job.recompute == "full" and layer
            again |= job.recompute == "selective" and operator.kind == "attention"
            times = RECOMPUTE_ALL if again else RECOMPUTE_NONE
            total += times * block.repeat * operator.flop(job.tokens, job.seq_len)
    return total


def fastest_micro_batch(training: Training) -> Trained:
    """With the micro-batch that is fastest of those that fit, where a paper states none.

    Larger ones are tried until one is slower or does not fit.
    """
    share = -(-training.job.global_batch // training.degrees.dp)
    best: Trained | None = None
    for size in MICRO_BATCHES:
        if share % size:
            continue
        tried = train(replace(training, job=replace(training.job, micro_batch=size)))
        if best is not None and not (
            tried.score.fits and tried.score.step_time_s < best.score.step_time_s
        ):
            return best
        best = tried
    assert best is not None  # a micro-batch of 1 divides any share
    return best


def plain_plan(training: Training) -> Trained:
    """The least tensor and pipeline parallelism that fits, states sharded over the replicas.

    Nothing is computed again unless nothing fits without.
    """
    capacity = training.machine.device.hbm_bytes
    reason = "no degrees fit the memory"
    for recompute in ("none", "full"):
        job = replace(training.job, recompute=recompute)
        for tp, pp in _model_parallel(training.devices):
            degrees = Degrees(pp=pp, dp=training.devices // (tp * pp), tp=tp, zero=1)
            if sum(state_bytes(training.model.parameters / pp, degrees, job)) > capacity:
                continue
            try:
                trained = train(replace(training, degrees=degrees, job=job))
            except (InputError, NoPlanError) as error:
                reason = str(error)
                continue
            if trained.score.fits:
                return trained
    raise NoPlanError(f"{training.model.name} on {training.devices} devices: {reason}")


def _model_parallel(devices: int) -> Iterator[tuple[int, int]]:
    pairs = [(tp, pp) for tp in (1, 2, 4, 8) for pp in (1, 2, 4, 8, 16)]
    for tp, pp in sorted(pairs, key=lambda pair: (pair[0] * pair[1], pair[1])):
        if devices % (tp * pp) == 0 and (pp == 1 or tp == 8):
            yield tp, pp
