"""Every rival with its own best degrees against tensor streaming with the mapper and the solver."""

from __future__ import annotations

from tempstudio.core.progress import Progress
from tempstudio.core.project import Project
from tempstudio.scene import format as figures
from tempstudio.studies.kept_comparison import comparison_project
from tempstudio.studies.pairs import OURS, baselines, documents, every, ratios, strategy_row
from tempstudio.studies.rival_figures import (
    PUBLISHED,
    cost_chart,
    fit_counts,
    gains_text,
    plan_table,
    throughput_chart,
)
from tempstudio.studies.setting import Mesh, Setting
from tempstudio.studies.study import (
    FAILS,
    HOLDS,
    SHOWN,
    Claim,
    Study,
    SweepTable,
    Tables,
    Told,
)
from tempstudio.studies.tables import geometric_mean

NEAR = 0.1  # a mean within 10 % of the published one counts as agreeing


def tables(setting: Setting) -> tuple[SweepTable, ...]:
    """One table a mesh: six baselines and ours on every model."""
    return tuple(
        SweepTable(
            table_name(mesh),
            documents(setting, mesh, [*baselines(), OURS]),
        )
        for mesh in setting.meshes
    )


def table_name(mesh: Mesh) -> str:
    """The name of a mesh's table.

    >>> table_name((4, 8))
    'rivals-4x8'
    """
    return f"rivals-{mesh[0]}x{mesh[1]}"


def tell(setting: Setting, found: Tables) -> Told:
    """Throughput, memory and energy of all, on both meshes."""
    trainings, last = setting.trainings, setting.meshes[-1]
    charts, texts = [], []
    for mesh in setting.meshes:
        rows, dies = found[table_name(mesh)], f"{mesh[0]} x {mesh[1]} dies"
        name = f"rivals-throughput-{mesh[0]}x{mesh[1]}"
        charts.append(throughput_chart(name, dies, trainings, rows))
        texts.append(plan_table(dies, trainings, rows))
    rows, dies = found[table_name(last)], f"{last[0]} x {last[1]} dies"
    charts.append(cost_chart("rivals-memory", dies, trainings, rows, "memory_peak_bytes"))
    charts.append(cost_chart("rivals-energy", dies, trainings, rows, "energy_j"))
    return Told(
        claims=(_throughput_claim(setting, found), _other_claim(setting, found)),
        reading=(
            "A bar is throughput over the best plan of ours on the same model and mesh. Hatched "
            "bars do not fit the dies' memory under any degrees that the solver tried.",
            "Every strategy is given the same axes: dp, sp, tp, stream where it has it, ZeRO 0 "
            "to 3, so a rival is never held to degrees that suit somebody else. Since tspp holds "
            "every rival at stream = 1, it can lose only by what its mapper or a search misses.",
        ),
        charts=tuple(charts),
        tables=tuple(texts),
    )


def compare(setting: Setting, found: Tables, progress: Progress) -> Project:
    """The largest model that fits under ours, every strategy at its best degrees."""
    mesh = setting.meshes[-1]
    rows = found[table_name(mesh)]
    fitting = [t for t in setting.trainings if (strategy_row(rows, t.model, OURS) or {})["fits"]]
    training = (fitting or list(setting.trainings))[-1]
    pairs = [*baselines(), OURS]
    (document,) = documents(setting, mesh, pairs, trainings=(training,))
    mine = [strategy_row(rows, training.model, pair) for pair in pairs]
    notes = (
        f"{training.label} on {mesh[0]} x {mesh[1]} dies: every strategy of the evaluation at the "
        "degrees that the solver found for it. Open the Compare tab."
    )
    return comparison_project(document, [row for row in mine if row], notes, progress)


def _throughput_claim(setting: Setting, found: Tables) -> Claim:
    all_gains: list[float] = []
    means = []
    for mesh in setting.meshes:
        gains = every(ratios(setting.trainings, found[table_name(mesh)], "tokens_per_s"))
        all_gains += gains
        if gains:
            mean = sum(gains) / len(gains)
            means.append(f"{mean:.2f} on {mesh[0]} x {mesh[1]}, at most {max(gains):.2f}")
    mean = sum(all_gains) / len(all_gains) if all_gains else 1.0
    by_model = gains_text(setting.trainings, found[table_name(setting.meshes[-1])])
    return Claim(
        f"{PUBLISHED} times the throughput of six baselines on average",
        f"{mean:.2f} times on average over all pairs that fit ({'; '.join(means)}); by model on "
        f"the larger mesh {by_model}",
        HOLDS if mean >= PUBLISHED * (1 - NEAR) else FAILS,
        "Here every rival has its own best degrees, the best collective for the mesh over links "
        "of 4 TB/s each, traffic hidden behind compute, and ZeRO up to 3; so on small models, "
        "where a replica has a die or two to itself, there is next to nothing to gain. The gain "
        "comes with size, and by way of memory: whoever cannot divide activations with the "
        "weights must recompute them or run smaller pieces. The sensitivity study shows how far "
        "the ratio moves where links are narrower or collectives plain rings.",
        mean / PUBLISHED,
    )


def _other_claim(setting: Setting, found: Tables) -> Claim:
    said = []
    tables = [found[table_name(mesh)] for mesh in setting.meshes]
    for column, name in (("energy_j", "energy"), ("memory_peak_bytes", "peak memory")):
        shares = [x for rows in tables for x in every(ratios(setting.trainings, rows, column))]
        if shares:
            said.append(f"{figures.digits(geometric_mean(shares))} times the {name}")
    return Claim(
        "none that may be cited: energy, memory, and what fits",
        f"{', '.join(said) or 'nothing fits under both'} of a baseline (geometric mean); "
        f"{fit_counts(setting.trainings, tables)}",
        SHOWN,
        "Energy is mostly arithmetic, the same for everybody but for what is recomputed. Memory "
        "is what a solver leaves free: it minimises time and takes what memory there is.",
    )


STUDY = Study(
    name="rivals",
    title="Against Megatron and FSDP",
    question="What do streaming, mapping and solving together gain over each rival at its best?",
    method=(
        "Six models, batch 128, at the sequence length that they were trained with, on 4 x 8 and "
        "6 x 8 dies: {megatron1, megatron3, fsdp} with {sequential, gemini}, and tspp with the "
        "traffic-conscious mapper, all under the same solver. Attention is computed tile by tile."
    ),
    tables=tables,
    tell=tell,
    compare=compare,
)
