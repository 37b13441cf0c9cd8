"""32 dies cut down to an A100's peak against 32 A100 in four nodes."""

from __future__ import annotations

from typing import Any

from tempstudio.scene import format as figures
from tempstudio.studies.chart import Axis, BarChart, Bars
from tempstudio.studies.setting import Setting, Training
from tempstudio.studies.study import SHOWN, Claim, Study, SweepTable, Tables, TextTable, Told
from tempstudio.studies.tables import degrees_text, fastest, geometric_mean

A100_TFLOPS = 312.0
CUT, SAME, GPUS = "wafer, 312 TFLOPS a die", "wafer of A100 dies", "four nodes of 8 A100"
HUES = {GPUS: "P", SAME: "K", CUT: "I"}
RIVALS = ("megatron1", "megatron3", "fsdp")


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """The cluster under each rival, the two wafers under tspp, each with its own best degrees."""
    trainings = _trainings(setting)
    return (
        SweepTable("against-gpus-cluster", _documents(setting, trainings, GPUS, RIVALS)),
        SweepTable("against-gpus-cut", _documents(setting, trainings, CUT, ("tspp",))),
        SweepTable("against-gpus-same", _documents(setting, trainings, SAME, ("tspp",))),
    )


def _trainings(setting: Setting) -> tuple[Training, ...]:
    short = [t for t in setting.trainings if t.model in _MODELS] or list(setting.trainings[:1])
    long = [t for t in setting.long_trainings if t.model == _LONG] or setting.long_trainings[-1:]
    return (*short, *long)


_MODELS = ("llama2-7b", "llama3-70b", "gpt3-76b")
_LONG = "llama3-70b"


def _documents(
    setting: Setting, trainings: tuple[Training, ...], kind: str, partitioners: tuple[str, ...]
) -> tuple[dict[str, Any], ...]:
    mapper = "sequential" if kind == GPUS else "traffic-conscious"
    return tuple(
        {
            "base": {
                "model": training.model,
                "machine": _machine(setting, kind),
                "job": training.job,
                "strategies": {"mapper": mapper, "solver": setting.solver},
            },
            "axes": {"strategies.partitioner.name": list(partitioners)},
            "columns": ["model.name", "job.seq_len", "time_s.compute", "time_s.exposed"],
        }
        for training in trainings
    )


def _machine(setting: Setting, kind: str) -> dict[str, Any]:
    """The cluster preset, or as many dies of the default wafer with another die."""
    from tempstudio.core.machine import machine_to_json
    from tempstudio.plugin_host import shared_host

    cluster = machine_to_json(shared_host().find("machine", "a100-4x8").object)
    rows, cols = (4, 8) if setting.name == "full" else (2, 2)
    if kind == GPUS:
        return {**cluster, "nodes": rows, "devices_per_node": cols}
    die = {"TFLOPS": A100_TFLOPS} if kind == CUT else cluster["device"]
    return {"rows": rows, "cols": cols, "die": die}


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput of the three, and where the difference comes from."""
    trainings = _trainings(setting)
    best = {
        kind: [fastest(rows) for rows in _by_training(found[table], len(trainings))]
        for kind, table in (
            (GPUS, "against-gpus-cluster"),
            (SAME, "against-gpus-same"),
            (CUT, "against-gpus-cut"),
        )
    }
    groups = tuple(f"{t.label}, {t.seq_len // 1024}K" for t in trainings)
    chart = BarChart(
        "against-gpus",
        "32 dies at an A100's peak against 32 A100",
        Axis("throughput, 1 = the A100s", low=0.0),
        groups,
        tuple(
            Bars(
                kind,
                tuple(_ratio(row, best[GPUS][i]) for i, row in enumerate(rows)),
                HUES[kind],
                misses=tuple("" if row else "does not fit" for row in rows),
            )
            for kind, rows in best.items()
        ),
        subtitle="Each with its own best degrees; the A100s under the best of Megatron and FSDP",
    )
    return Told(
        claims=(_claim(best),),
        reading=(
            "The wafer of A100 dies has the same dies as the cluster, so what is left is the "
            "network: 4 TB/s to each neighbour in place of NVLink and one adapter a GPU. The "
            "wafer whose dies have only their peak cut down keeps its own memory (72 GB, 1 TB/s, "
            "half of an A100's bandwidth) and a matrix unit that reaches its peak.",
        ),
        charts=(chart,),
        tables=(_table(groups, best),),
    )


def _by_training(rows: Any, count: int) -> list[list[Any]]:
    """A table's rows, in as many equal runs as there are trainings."""
    each = len(rows) // count
    return [list(rows[i * each : (i + 1) * each]) for i in range(count)]


def _ratio(row: Any, base: Any) -> float | None:
    return row["tokens_per_s"] / base["tokens_per_s"] if row and base else None


def _claim(best: dict[str, list[Any]]) -> Claim:
    ratios = {
        kind: [r for r in map(_ratio, best[kind], best[GPUS]) if r is not None]
        for kind in (SAME, CUT)
    }
    said = {kind: figures.digits(geometric_mean(found)) for kind, found in ratios.items()}
    return Claim(
        "none that may be cited",
        f"with the very same dies the wafer is {said[SAME]} times as fast as the cluster "
        f"(geometric mean), with its own dies cut down to 312 TFLOPS {said[CUT]} times",
        SHOWN,
        "Where replicas alone do (a small model), both machines compute nearly all the time and "
        "the network hardly matters. Where dies share a sequence, GPUs pay for tensor-parallel "
        "collectives that the wafer's streams hide. The cut-down die gains besides from reaching "
        "its peak, which a GPU does not.",
    )


def _table(groups: tuple[str, ...], best: dict[str, list[Any]]) -> TextTable:
    body = []
    for place, group in enumerate(groups):
        for kind, rows in best.items():
            row = rows[place]
            if row is None:
                body.append((group, kind, "does not fit", "", "", "", ""))
                continue
            partitioner = row["strategies.partitioner.name"]
            body.append(
                (
                    group,
                    kind,
                    f"{partitioner}: {degrees_text(row)}",
                    figures.si(row["tokens_per_s"], "tokens/s"),
                    figures.percent(row["mfu"]),
                    figures.seconds(row["time_s.exposed"]),
                    figures.joules(row["energy_j"]),
                )
            )
    columns = ("training", "machine", "best", "throughput", "MFU", "exposed", "energy a step")
    return TextTable("The best plans", columns, tuple(body))


STUDY = Study(
    name="against-gpus",
    title="A wafer against GPUs of the same peak",
    question="What does the wafer's network buy, peak for peak?",
    method=(
        "Four nodes of eight A100 80GB, as validated against published iteration times, and two "
        "wafers of 4 x 8: one of the same A100 dies, one of the default dies at 312 TFLOPS. Batch "
        "128 (32 at 16K). Pipeline stages are not searched on either side."
    ),
    tables=tables,
    tell=tell,
)
