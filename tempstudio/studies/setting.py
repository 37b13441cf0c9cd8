"""How much is run: the whole evaluation, or the same studies in small for a try or a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

Mesh = tuple[int, int]


@dataclass(frozen=True)
class Training:
    """A model and the job that it is trained with."""

    label: str
    model: str
    seq_len: int
    batch: int = 128

    @property
    def job(self) -> dict[str, Any]:
        """The job of a project: attention is computed tile by tile, as in all training today."""
        return {"global_batch": self.batch, "seq_len": self.seq_len, "flash_attention": True}


@dataclass(frozen=True)
class Setting:
    """Models, meshes and numbers of seeds; everything else is the studies' own.

    `solver` is the strategy that finds degrees, for every rival the same; `solvers` are those whose
    searches are compared.
    """

    name: str
    trainings: tuple[Training, ...]
    long_trainings: tuple[Training, ...]
    meshes: tuple[Mesh, ...]
    solver: dict[str, Any]
    solvers: tuple[str, ...]
    most_stream: int
    fault_seeds: int
    draws: int


SIX = (
    Training("GPT-3 6.7B", "gpt3-6.7b", 2048),
    Training("Llama 2 7B", "llama2-7b", 4096),
    Training("Llama 3 70B", "llama3-70b", 4096),
    Training("GPT-3 76B", "gpt3-76b", 2048),
    Training("GPT-3 175B", "gpt3-175b", 2048),
    Training("OPT 175B", "opt-175b", 2048),
)

FULL = Setting(
    name="full",
    trainings=SIX,
    long_trainings=tuple(replace(training, seq_len=16384, batch=32) for training in SIX),
    meshes=((4, 8), (6, 8)),
    solver={"name": "dual-level"},
    solvers=("dual-level", "ilp", "exhaustive", "random"),
    most_stream=64,
    fault_seeds=8,
    draws=60,
)

QUICK = Setting(
    name="quick",
    trainings=(Training("Qwen2 0.5B", "qwen2-0.5b", 512, 8),),
    long_trainings=(Training("Qwen2 0.5B", "qwen2-0.5b", 1024, 4),),
    meshes=((2, 2),),
    solver={"name": "random", "options": {"draws": 8}},
    solvers=("random", "ilp"),
    most_stream=4,
    fault_seeds=2,
    draws=6,
)

SETTINGS = {setting.name: setting for setting in (FULL, QUICK)}
