"""GPT models of stated sizes, and what the program's partitioners make of one of their layers."""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.plugin_host import shared_host
from tempstudio.readers import workload_from_config
from tempstudio.validation.case import Case

LAYERS = "layers"  # the readers' name of the block that repeats


@dataclass(frozen=True)
class Activations:
    """How a layer keeps what its backward needs: Megatron's split, and what is computed again."""

    split_norms: bool
    recompute: str
    tensor: bool = True

    @property
    def partitioner(self) -> str:
        """The partitioner that does it so."""
        return "megatron3" if self.split_norms else "megatron1"


MODES = {  # Korthikanti et al. 2022, Table 2
    "none": Activations(False, "none", tensor=False),
    "tp": Activations(False, "none"),
    "tp_sp": Activations(True, "none"),
    "tp_selective": Activations(False, "selective"),
    "tp_sp_selective": Activations(True, "selective"),
    "full": Activations(False, "full"),
}


def gpt(
    layers: int, hidden: int, heads: int, seq: int, vocab: int = 51200, inner: int | None = None
) -> Workload:
    """A GPT with dropout, biases, learned positions and a tied head, as Megatron trains it."""
    document = {
        "model_type": "gpt2",
        "n_layer": layers,
        "n_embd": hidden,
        "n_head": heads,
        "n_positions": seq,
        "vocab_size": vocab,
        "n_inner": inner or 4 * hidden,
    }
    return workload_from_config(document, "model", name=f"gpt {layers} x {hidden}")


def mode_of(formula: str, case: Case) -> Activations:
    """What a formula of Korthikanti et al. 2022, Table 2, describes, told by its terms.

    The scores' term is "5as/h"; "24/t" stands where only part of a layer is split t ways, a "/t"
    by itself where all of it is.
    """
    text = formula.replace(" ", "").partition("*")[2] or formula.replace(" ", "")
    if "h" not in text:
        case.refuse("formula", "a sum of bytes per s b h")
    if text.startswith("2sbh"):
        return MODES["full"]
    kept = "as" in text or "heads" in text
    if "24/t" in text:
        return MODES["tp" if kept else "tp_selective"]
    if "/t" in text:
        return MODES["tp_sp" if kept else "tp_sp_selective"]
    if not kept:
        return Activations(False, "selective", tensor=False)
    return MODES["none"]


def layer_bytes(model: Workload, mode: Activations, tp: int, micro_batch: int, seq: int) -> float:
    """Bytes that one layer keeps on a device for its backward, from the partitioner's program."""
    degrees = Degrees(tp=tp if mode.tensor else 1)
    job = TrainingJob(
        global_batch=micro_batch, micro_batch=micro_batch, seq_len=seq, recompute=mode.recompute
    )
    program = partition(model, job, degrees, mode.partitioner).stages[0]
    return next(segment.saved_bytes for segment in program.forward if segment.name == LAYERS)


def partition(
    model: Workload,
    job: TrainingJob,
    degrees: Degrees,
    partitioner: str,
    options: tuple[tuple[str, bool], ...] = (),
) -> Partition:
    """The programs that a partitioner makes for as many devices as the degrees need."""
    offer = shared_host().find("partitioner", partitioner)
    machine = Cluster(nodes=1, devices_per_node=max(8, degrees.size))
    strategy = offer.object
    chosen = strategy.Options(**dict(options))
    made = strategy.partition(model, machine, job, degrees, chosen, Progress())
    if not isinstance(made, Partition):
        raise InputError(f"partitioner {partitioner}: returned no partition")
    return made
