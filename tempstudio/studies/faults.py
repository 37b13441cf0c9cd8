"""Throughput against dead cores, dead dies and dead links, over many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tempstudio.scene import format as figures
from tempstudio.studies.chart import Axis, Band, Line, LineChart, share
from tempstudio.studies.measurements.meshes import dead_cores, faulty_mesh
from tempstudio.studies.pairs import Pair, strategies
from tempstudio.studies.setting import Mesh, Setting, Training
from tempstudio.studies.study import (
    SHOWN,
    CallTable,
    Claim,
    Row,
    Study,
    SweepTable,
    Tables,
    TextTable,
    Told,
)
from tempstudio.studies.tables import quartiles, where

RATES = (0.0, 0.02, 0.05, 0.1, 0.2)
OURS, RIVAL = ("tspp", "traffic-conscious"), ("megatron3", "sequential")
HUES = {OURS: "I", RIVAL: "W"}
KINDS = {"core": "dead cores", "die": "dead dies", "link": "dead links"}
CORE_SEEDS = 3  # a wafer's slowest die varies little


def tables(setting: Setting) -> tuple[CallTable | SweepTable, ...]:
    """What faults leave of the mesh, and every strategy's plan on it."""
    rows, cols = _mesh(setting)
    points: tuple[Row, ...] = tuple(
        {"rows": rows, "cols": cols, "kind": kind, "rate": rate, "seed": seed}
        for kind in ("die", "link")
        for rate in _rates(setting)
        for seed in range(200 if setting.name == "full" else 5)
    )
    runs = tuple(
        SweepTable(f"faults-{kind}", tuple(_document(setting, kind, pair) for pair in HUES))
        for kind in KINDS
    )
    return (CallTable("faults-meshes", faulty_mesh, points), *runs)


def _mesh(setting: Setting) -> Mesh:
    return setting.meshes[-1]


def _rates(setting: Setting) -> tuple[float, ...]:
    return RATES if setting.name == "full" else (0.0, 0.1)


def _training(setting: Setting) -> Training:
    return next((t for t in setting.trainings if t.model == "llama3-70b"), setting.trainings[0])


def _document(setting: Setting, kind: str, pair: Pair) -> dict[str, Any]:
    training, (rows, cols) = _training(setting), _mesh(setting)
    rates = [rate for rate in _rates(setting) if rate]
    seeds = range(setting.fault_seeds)
    axes: dict[str, Any]
    if kind == "core":
        axes = {
            "machine": [
                {"core_yield": dead_cores(rows, cols, rate, seed)}
                for rate in rates
                for seed in list(seeds)[:CORE_SEEDS]
            ]
        }
    else:
        axes = {"machine.faults": [{f"{kind}_rate": 0.0, "seed": 0}]}
        axes["machine.faults"] += [
            {f"{kind}_rate": rate, "seed": seed} for rate in rates for seed in seeds
        ]
    return {
        "base": {
            "model": training.model,
            "machine": {"rows": rows, "cols": cols},
            "job": training.job,
            "strategies": {**strategies(pair), "solver": setting.solver},
        },
        "axes": axes,
        "columns": ["time_s.exposed", "strategy.partitioner"],
    }


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput over that of the whole wafer, and what falls apart."""
    curves = {kind: {pair: _curve(setting, found, kind, pair) for pair in HUES} for kind in KINDS}
    meshes = found["faults-meshes"]
    return Told(
        claims=(_claim(setting, curves, meshes),),
        reading=(
            "A line is the median over wafers, the band its quartiles, 1 the whole wafer under "
            "the same strategy. Every faulty wafer is planned anew: dead dies are left out, "
            "routes go round dead links. A wafer without a plan counts as 0.",
            "All dies of a group step together, so one slow die slows its whole group: dead "
            "cores cost what the slowest die lost, which at 64 cores a die is more than the mean.",
        ),
        charts=(*(_chart(setting, kind, curves[kind]) for kind in KINDS), _apart_chart(meshes)),
        tables=(_table(setting, curves, meshes),),
    )


Curve = dict[float, list[float]]  # by rate, throughput over the whole wafer's, a value a seed


def _runs(found: Tables, kind: str, pair: Pair) -> list[Row]:
    """Every wafer's plan under a strategy, in the order of the wafers."""
    rows = list(found[f"faults-{kind}"])
    half = len(rows) // len(HUES)
    place = list(HUES).index(pair)
    return rows[place * half : (place + 1) * half]


def _curve(setting: Setting, found: Tables, kind: str, pair: Pair) -> Curve:
    runs = _runs(found, kind, pair)
    whole = float(_runs(found, "die", pair)[0]["tokens_per_s"] or 0.0)
    curve: Curve = {0.0: [1.0]}
    if kind == "core":
        seeds = min(CORE_SEEDS, setting.fault_seeds)
        rates = [rate for rate in _rates(setting) if rate]
        for number, row in enumerate(runs):
            curve.setdefault(rates[number // seeds], []).append(_over(row, whole))
        return curve
    for row in runs[1:]:
        rate = row["machine.faults"][f"{kind}_rate"]
        curve.setdefault(rate, []).append(_over(row, whole))
    return curve


def _over(row: Row, whole: float) -> float:
    return row["tokens_per_s"] / whole if row["fits"] and whole else 0.0


def _chart(setting: Setting, kind: str, curves: dict[Pair, Curve]) -> LineChart:
    lines, bands = [], []
    for pair, curve in curves.items():
        parts = {rate: quartiles(values) for rate, values in sorted(curve.items())}
        lines.append(Line(" + ".join(pair), tuple((r, q[1]) for r, q in parts.items()), HUES[pair]))
        bands.append(Band(tuple((r, q[0], q[2]) for r, q in parts.items()), HUES[pair]))
    ideal = tuple((rate, 1.0 - rate) for rate in sorted(next(iter(curves.values()))))
    lines.append(Line("what is left of the compute", ideal, "P", dashed=True, dots=False))
    if kind == "link":
        lines.pop()
    label = _training(setting).label
    rows, cols = _mesh(setting)
    return LineChart(
        f"faults-{kind}",
        f"Throughput with {KINDS[kind]}",
        Axis(f"rate of {KINDS[kind]}", text=share),
        Axis("throughput, 1 = without faults", low=0.0, high=1.0),
        tuple(lines),
        tuple(bands),
        subtitle=f"{label} on {rows} x {cols} dies; median and quartiles over seeds",
    )


def _apart(meshes: Sequence[Row], kind: str) -> dict[float, float]:
    rates = sorted({row["rate"] for row in meshes})
    result = {}
    for rate in rates:
        mine = where(meshes, kind=kind, rate=rate)
        result[rate] = sum(row["parts"] > 1 for row in mine) / len(mine)
    return result


def _apart_chart(meshes: Sequence[Row]) -> LineChart:
    return LineChart(
        "faults-apart",
        "Meshes whose live dies fall apart",
        Axis("rate of dead dies or links", text=share),
        Axis("share of meshes", text=share, low=0.0, high=1.0),
        tuple(
            Line(KINDS[kind], tuple(_apart(meshes, kind).items()), hue)
            for kind, hue in (("die", "G"), ("link", "K"))
        ),
        subtitle="Some live die cannot reach some other; the plans above use what hangs together",
    )


def _median(curve: Curve, rate: float) -> float:
    return quartiles(curve[rate])[1]


def _claim(setting: Setting, curves: dict[str, dict[Pair, Curve]], meshes: Sequence[Row]) -> Claim:
    rate = _rates(setting)[len(_rates(setting)) // 2]
    said = [
        f"{figures.percent(_median(curves[kind][OURS], rate))} with {figures.percent(rate)} of "
        f"{name.removeprefix('dead ')} dead (megatron3 row by row "
        f"{figures.percent(_median(curves[kind][RIVAL], rate))})"
        for kind, name in KINDS.items()
    ]
    apart = " and ".join(
        f"in {figures.percent(_apart(meshes, kind)[rate])} of meshes with {KINDS[kind]}"
        for kind in ("die", "link")
    )
    return Claim(
        "none that may be cited: throughput under faults",
        f"of the whole wafer's throughput ours keeps {'; '.join(said)}; at that rate the live "
        f"dies fall apart {apart}",
        SHOWN,
        "Groups need a cycle or a path of live neighbours: dead links leave one nearly always, and "
        "traffic goes round them. Dead dies cost their share and what does not divide: degrees "
        "multiply to 46 or 44 rather than to 45. A dead core slows its die and all that wait for "
        "it, so whoever computes for more of the step loses more by it.",
    )


def _table(
    setting: Setting, curves: dict[str, dict[Pair, Curve]], meshes: Sequence[Row]
) -> TextTable:
    body = []
    for kind, by_pair in curves.items():
        for rate in sorted(by_pair[OURS]):
            if not rate:
                continue
            ours, rival = by_pair[OURS][rate], by_pair[RIVAL][rate]
            apart = figures.percent(_apart(meshes, kind)[rate]) if kind != "core" else "0 %"
            body.append(
                (
                    KINDS[kind],
                    figures.percent(rate),
                    str(len(ours)),
                    *(figures.percent(value) for value in quartiles(ours)),
                    figures.percent(_median(by_pair[RIVAL], rate)),
                    figures.percent(sum(v == 0 for v in ours) / len(ours)),
                    figures.percent(sum(v == 0 for v in rival) / len(rival)),
                    apart,
                )
            )
    columns = (
        "faults", "rate", "wafers", "ours, lower quartile", "median", "upper", "megatron3, median",
        "ours without a plan", "megatron3 without", "meshes apart",
    )  # fmt: skip
    return TextTable("Throughput over the whole wafer's", columns, tuple(body))


STUDY = Study(
    name="faults",
    title="Dead cores, dies and links",
    question="What do faults cost, and how often do they cut a wafer apart?",
    method=(
        "Llama 3 70B on 6 x 8 dies, batch 128; cores (64 a die), dies or links die at a rate, "
        "drawn with seeds; what is dead at one rate is dead at every higher one. Each wafer is "
        "planned anew, degrees searched, by tspp with the traffic-conscious mapper and by "
        "megatron3 placed row by row. How often meshes fall apart is counted over 200 seeds a "
        "rate."
    ),
    tables=tables,
    tell=tell,
)
