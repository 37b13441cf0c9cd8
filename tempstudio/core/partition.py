"""What a partitioner returns: the program that every die of a pipeline stage runs.

A stage's program is a chain of *segments* along the residual stream (embedding, a run of equal
layers, head), each with the *phases* of one copy.  All dies of a stage step through the phases
together (the program is the same for all; shares differ by at most one row, head or column).
Nothing here knows where a rank lies: groups are named by the axes they span.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tempstudio.core.parallel import Degrees

FORWARD, BACKWARD, RECOMPUTE, OPTIMIZER = "forward", "backward", "recompute", "optimizer"

ROLES = {
    "I": "input",
    "W": "weight",
    "G": "gradient",
    "K": "key-value",
    "C": "collective",
    "P": "pipeline",
    "E": "expert",
}


@dataclass(frozen=True)
class Work:
    """Compute of one phase on one die.

    `flop` and `hbm_bytes` are the largest share (they set time); `flop_total` and
    `hbm_bytes_total` the sum over the dies of one of the partition's `replicas` (they set energy).
    `tile_shape` is the local matrix product (rows, inner, columns) that tile quantisation looks at,
    () for none; where the product is cut into rounds it is that of one round.  `products` equal
    ones run at once (heads, experts); `output_bytes` is what of `hbm_bytes` they write, and read to
    add to it.  `share` tells whether a die works on its own rows ("rows"), in each round on others'
    ("chunks"), or on "both": rows may follow the core yield (`tempstudio.core.row_shares`).
    """

    flop: float = 0.0
    flop_total: float = 0.0
    hbm_bytes: float = 0.0
    hbm_bytes_total: float = 0.0
    tile_shape: tuple[int, ...] = ()
    products: int = 1
    output_bytes: float = 0.0
    share: str = ""


@dataclass(frozen=True)
class Stream:
    """A tensor-stream phase (SPEC 4): chunks pass through every group that spans `axis`.

    `chunk_bytes` holds the bytes of the chunk that starts on each member [members].  `reverse` runs
    the schedule backwards in time (a reduction). `resident_bytes` is the SRAM that row and output
    tiles take beside the chunks; where held and arriving chunks and these exceed the SRAM, the
    phase runs in waves, and each wave after the first reads `reread_bytes` again.
    """

    axis: str
    chunk_bytes: tuple[float, ...]
    reverse: bool = False
    resident_bytes: float = 0.0
    reread_bytes: float = 0.0


@dataclass(frozen=True)
class Collective:
    """A collective over every group that spans `axes`.

    `bytes` is S of SPEC 5: the full gathered or reduced vector, or what each die holds
    (all-to-all), or what one die sends (point-to-point).  `algorithm` names one, "" is the best.
    """

    op: str  # all-reduce | all-gather | reduce-scatter | all-to-all
    axes: tuple[str, ...]
    bytes: float
    algorithm: str = ""

    @property
    def key(self) -> str:
        """What collectives share whose flows run between the same dies, whatever they carry."""
        return " ".join((self.op, *self.axes))


@dataclass(frozen=True)
class Phase:
    """One operator's work in one pass, with the communication that belongs to it.

    A stream's rounds compute and move at once; a collective's steps come after the work, unless it
    is `hidden` (they run beside it) or stands in a segment's background.  `role` is the key in
    `ROLES` of what moves, `tensor` its name; `buffer_bytes` the stream or collective buffer it
    needs while it runs.
    """

    operator: str
    pass_: str
    work: Work = field(default_factory=Work)
    stream: Stream | None = None
    collective: Collective | None = None
    role: str = ""
    tensor: str = ""
    layout: str = ""
    buffer_bytes: float = 0.0
    hidden: bool = False


@dataclass(frozen=True)
class Segment:
    """`repeat` equal copies of a run of phases.

    `background` runs beside the phases from a copy's start and must be done by its end (gradient
    reduction, ZeRO-3 prefetch).  `saved_bytes` is what one forward copy leaves in memory until its
    backward (negative in a backward segment, which frees it); `transient_bytes` what a copy needs
    besides while it runs (recomputed activations).
    """

    name: str
    pass_: str
    phases: tuple[Phase, ...]
    repeat: int = 1
    background: tuple[Phase, ...] = ()
    saved_bytes: float = 0.0
    transient_bytes: float = 0.0


@dataclass(frozen=True)
class StageProgram:
    """What the dies of one pipeline stage run for one micro-batch, and what they hold throughout.

    `backward_last` is the last micro-batch's backward (it also reduces gradients);
    `send_bytes` what one die hands to its peer in the next stage per micro-batch, beside whatever
    comes next unless the sender waits for it (`send_blocks`).  The model states are bytes on the
    die with the largest share.
    """

    forward: tuple[Segment, ...]
    backward: tuple[Segment, ...]
    backward_last: tuple[Segment, ...]
    optimizer: tuple[Segment, ...]
    weight_bytes: float
    gradient_bytes: float
    optimizer_bytes: float
    send_bytes: float = 0.0
    send_blocks: bool = False


@dataclass(frozen=True)
class OperatorChoice:
    """The degrees and layout chosen for one operator, for tables."""

    name: str
    degrees: Degrees
    layout: str


@dataclass(frozen=True)
class Partition:
    """The whole job cut up: one program a stage (of each interleaved model chunk, stage fastest).

    `micro_batches` is the number one replica works through in a step (the largest share); `fill`
    the share of all replicas' micro-batch slots that hold samples (1 where everything divides).
    `sequence_dies` is how many dies of a stream group share a sequence (1: attention is local).
    `row_shares`: "even", in proportion to the core "yield", or "auto", whichever is faster.
    `replicas` equal parts of a stage's dies do what the totals of its works count once.
    """

    degrees: Degrees
    stages: tuple[StageProgram, ...]
    micro_batches: int
    fill: float = 1.0
    sequence_dies: int = 1
    row_shares: str = "even"
    choices: tuple[OperatorChoice, ...] = ()
    replicas: int = 1
