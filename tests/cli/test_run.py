"""`run`: the document, what it adds up to, and what --save brings back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

# SURFACE.md, `run`.
RUN_KEYS = {
    "machine": {"kind", "rows", "cols", "wafers", "dies", "dead"},
    "model": {"name", "parameters", "active_parameters"},
    "job": {"global_batch", "micro_batch", "seq_len", "recompute", "bytes_per_element"},
    "strategy": {"partitioner", "mapper", "solver"},
    "made_by": [{"kind", "name", "plugin", "version"}],
    "parallel": {"pp", "dp", "sp", "tp", "stream", "ep", "zero", "interleave"},
    "groups": [{"axis", "dies", "schedule"}],
    "idle": [],
    "per_operator": [{"name", "degrees", "layout", "compute_s", "exposed_s"}],
    "fits": None,
    "step_time_s": None,
    "tokens_per_s": None,
    "mfu": None,
    "time_s": {"compute", "exposed", "bubble", "optimizer", "communication"},
    "memory_bytes": {
        "capacity", "peak", "peak_die", "peak_time_s", "weights", "gradients", "optimizer",
        "activations", "stream_buffers", "collective_buffers",
    },
    "links": {
        "max_utilization", "mean_utilization", "max_load_bytes", "bound_bytes",
        "contention_factor", "loads",
    },
    "energy_j": {"compute", "d2d", "hbm", "idle", "total"},
    "power_w": None,
    "search": {"evaluations", "wall_s", "seed"},
    "seed": None,
}  # fmt: skip
JOBS = {
    "streams": ["--parallel", "stream=4"],
    "replicas": ["--parallel", "dp=2,stream=2,zero=1"],
    "megatron": ["--partitioner", "megatron3", "--parallel", "tp=4"],
    "sharded": ["--partitioner", "fsdp", "--parallel", "dp=4"],
    "pipeline": ["--wafers", "2", "--parallel", "pp=2,tp=2,dp=2"],
    "solver": [],
}


@pytest.mark.parametrize("job", JOBS)
def test_the_run_document_has_the_published_keys_and_its_sums_hold(
    cli: Run, tiny: list[str], job: str
) -> None:
    outcome = cli("run", *tiny, *JOBS[job], "--json", "--seed", "7")
    assert (outcome.status, outcome.err) == (0, "")
    run = outcome.document
    for key, inside in RUN_KEYS.items():
        assert key in run
        if isinstance(inside, set):
            assert inside <= set(run[key]), key
        elif inside:
            assert all(inside[0] <= set(row) for row in run[key]), key
    parts = sum(run["time_s"][k] for k in ("compute", "exposed", "bubble", "optimizer"))
    assert parts == pytest.approx(run["step_time_s"])
    assert run["tokens_per_s"] == pytest.approx(4 * 128 / run["step_time_s"])
    assert run["power_w"] * run["step_time_s"] == pytest.approx(run["energy_j"]["total"])
    memory = run["memory_bytes"]
    kinds = RUN_KEYS["memory_bytes"] - {"capacity", "peak", "peak_die", "peak_time_s"}  # type: ignore[operator]
    assert sum(memory[kind] for kind in kinds) == pytest.approx(memory["peak"])
    assert [made["kind"] for made in run["made_by"]] == ["partitioner", "mapper", "solver"]
    assert run["seed"] == run["search"]["seed"] == 7
    degrees = run["parallel"]
    used = math.prod(degrees[key] for key in ("pp", "dp", "sp", "tp", "stream"))
    assert used + len(run["idle"]) == run["machine"]["dies"]
    place = 3 if run["machine"]["wafers"] > 1 else 2
    assert len(memory["peak_die"]) == place
    assert all(len(load["from"]) == place for load in run["links"]["loads"])


@pytest.mark.parametrize("job", JOBS)
def test_the_explanation_accounts_for_the_whole_step(cli: Run, tiny: list[str], job: str) -> None:
    run = cli("run", *tiny, *JOBS[job], "--explain", "--json").document
    told = run["explanation"]
    rows = told["operators"]
    spent = sum(row["compute_s"] + sum(row["exposed_s"].values()) for row in rows)
    assert spent + told["bubble_s"] == pytest.approx(run["step_time_s"], rel=1e-12)
    assert told["bubble_s"] == pytest.approx(run["time_s"]["bubble"], abs=1e-9 * run["step_time_s"])
    assert told["stages"] == run["parallel"]["pp"]
    assert all(value > 0 for row in rows for value in row["exposed_s"].values())
    assert {row["memory_bound"] for row in rows if row["compute_s"]} <= {True, False}


def test_the_explanation_names_the_kind_of_communication(cli: Run, tiny: list[str]) -> None:
    kinds = {
        job: {
            kind
            for row in cli("run", *tiny, *JOBS[job], "--explain", "--json").document["explanation"][
                "operators"
            ]
            for kind in row["exposed_s"]
        }
        for job in ("streams", "megatron", "pipeline")
    }
    assert {"all-gather", "reduce-scatter"} <= kinds["megatron"]
    assert "stream" in kinds["streams"]
    assert "pipeline" in kinds["pipeline"]


def test_where_scores_take_much_of_the_step_it_says_what_spares_them(cli: Run) -> None:
    words = ["run", "--machine", "2x4", "--model", "opt-6.7b", "--batch", "8", "--explain",
             "--parallel", "stream=8"]  # fmt: skip
    advice = "--set job.flash_attention=true keeps them on the die"
    plain = cli(*words)
    assert plain.out.rstrip().splitlines()[-1].startswith("attention.core: ")
    assert plain.out.rstrip().endswith(advice)
    flash = cli(*words, "--set", "job.flash_attention=true")
    assert advice not in flash.out
    assert flash.status == plain.status == 0


def test_people_read_a_summary_and_a_table(cli: Run, tiny: list[str]) -> None:
    outcome = cli("run", *tiny, "--parallel", "stream=4", "--explain")
    assert outcome.err == ""
    head, explained, link = outcome.out.split("\n\n")
    assert link.startswith("link ")
    assert "degrees     stream 4\n" in head
    assert "2 x 2 wafer, 4 working dies" in head
    assert "tspp + sequential + dual-level" in head
    lines = explained.splitlines()
    assert lines[1].split()[0] == "operator"
    assert lines[-1].split()[0] == "all"
    assert "100 %" in lines[-1]
    shares = [float(line.split(" %")[0].split()[-1]) for line in lines[3:-1]]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))
    assert "\u2009" not in outcome.out


def figures(document: dict[str, Any]) -> dict[str, Any]:
    """A run's document without what the clock on the wall says, and how the degrees were found."""
    kept = {key: value for key, value in document.items() if key not in ("search", "fingerprint")}
    kept.pop("notes")
    return kept


@pytest.mark.parametrize("job", JOBS)
def test_a_saved_run_gives_the_same_figures(cli: Run, tiny: list[str], job: str) -> None:
    first = cli(
        "run", *tiny, *JOBS[job], "--set", "job.recompute=selective", "--set",
        "machine.link.latency_ns=300", "--seed", "3", "--save", "out.tempstudio", "--json",
    )  # fmt: skip
    assert first.status == 0
    again = cli("run", "out.tempstudio", "--json")
    assert (again.status, again.err) == (0, "")
    assert figures(again.document) == figures(first.document)
    assert json.loads(Path("out.tempstudio").read_text())["plan"]["parallel"]


def test_a_plan_that_does_not_fit_is_shown_with_the_reason(cli: Run, tiny: list[str]) -> None:
    outcome = cli("run", *tiny, "--parallel", "dp=4", "--set", "machine.die.HBM_GB=0.001", "--json")
    assert outcome.status == 3
    run = outcome.document
    assert run["fits"] is False
    assert run["memory_bytes"]["peak"] > run["memory_bytes"]["capacity"] == 1e6
    die = ",".join(map(str, run["memory_bytes"]["peak_die"]))
    assert f"does not fit: die {die} needs " in outcome.complaint
    assert "1.00 MB" in outcome.complaint
    shown = cli("run", *tiny, "--parallel", "dp=4", "--set", "machine.die.HBM_GB=0.001")
    assert "DOES NOT FIT" in shown.out


def test_where_no_plan_exists_the_document_says_why(cli: Run, tiny: list[str]) -> None:
    cut = ["--set", "machine.dead_dies=[[0,1],[1,0]]", "--parallel", "stream=2"]
    outcome = cli("run", *tiny, *cut, "--json")
    assert outcome.status == 3
    assert outcome.document == {"fits": False, "error": outcome.complaint}
    assert "cut" in outcome.complaint


def test_the_project_s_own_flags_can_be_overridden(cli: Run, tiny: list[str]) -> None:
    cli("run", *tiny, "--parallel", "stream=4", "--save", "p.tempstudio")
    plain = cli("run", "p.tempstudio", "--json").document
    assert plain["parallel"]["stream"] == 4
    other = cli("run", "p.tempstudio", "--batch", "8", "--seq", "64", "--seed", "9", "--json")
    assert other.document["job"]["global_batch"] == 8
    assert other.document["job"]["seq_len"] == 64
    assert other.document["seed"] == 9
    assert other.document["parallel"]["stream"] == 4  # fixed in the file, and still legal
    fixed = cli("run", "p.tempstudio", "--parallel", "dp=4", "--json").document
    assert fixed["parallel"]["dp"] == 4


def test_a_flag_that_upsets_fixed_degrees_leaves_them_to_the_solver(
    cli: Run, tiny: list[str]
) -> None:
    cli("run", *tiny, "--parallel", "stream=4", "--save", "p.tempstudio")
    smaller = cli("run", "p.tempstudio", "--machine", "1x2", "--json")
    assert smaller.status == 0
    assert "left to the solver" in smaller.complaint
    assert smaller.document["search"]["evaluations"] > 1
    chosen = cli("run", "p.tempstudio", "--parallel", "auto", "--json")
    assert chosen.err == ""
    assert chosen.document["search"]["evaluations"] > 1


def test_a_strategy_that_is_not_here_is_named_with_its_plugin(cli: Run, tiny: list[str]) -> None:
    cli("run", *tiny, "--parallel", "stream=4", "--save", "p.tempstudio")
    document = json.loads(Path("p.tempstudio").read_text())
    document["strategies"]["mapper"] = {"name": "nosuch"}
    document["needs"] = [{"plugin": "nosuch-mapper", "version": "0.3"}]
    Path("p.tempstudio").write_text(json.dumps(document))
    outcome = cli("run", "p.tempstudio")
    assert outcome.status == 2
    for said in ("p.tempstudio", "'nosuch'", "sequential", "nosuch-mapper 0.3"):
        assert said in outcome.complaint
    assert cli("run", "p.tempstudio", "--mapper", "sequential").status == 0


def test_naming_the_strategy_that_is_there_keeps_its_options(cli: Run, tiny: list[str]) -> None:
    cli("run", *tiny, "--set", "layout=weight", "--parallel", "dp=1", "--save", "a.tempstudio")
    cli("run", "a.tempstudio", "--partitioner", "tspp", "--parallel", "dp=1", "--save",
        "b.tempstudio")  # fmt: skip
    strategies = [json.loads(Path(f"{x}.tempstudio").read_text())["strategies"] for x in "ab"]
    assert strategies[1]["partitioner"]["options"] == {"layout": "weight"}
    assert strategies[0] == strategies[1]


def test_interrupted_in_the_search_the_best_plan_so_far_is_the_answer(
    cli: Run, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tempstudio.core.problem import Problem

    whole = cli("run", *tiny, "--parallel", "auto", "--json").document
    scored = []
    build = Problem.build

    def build_at_most_three(self: Problem, *words: Any) -> Any:
        scored.append(words)
        if len(scored) > 3:
            raise KeyboardInterrupt
        return build(self, *words)

    monkeypatch.setattr(Problem, "build", build_at_most_three)
    outcome = cli("run", *tiny, "--save", "p.tempstudio", "--json")
    assert outcome.status == 130
    assert outcome.complaint == "interrupted: this is the best plan so far, not saved"
    assert outcome.document["step_time_s"] >= whole["step_time_s"]
    assert not Path("p.tempstudio").exists()


def test_interrupted_before_there_is_a_plan_there_is_no_answer(
    cli: Run, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tempstudio.core.problem import Problem

    def build(self: Problem, *words: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Problem, "build", build)
    outcome = cli("run", *tiny, "--json")
    assert (outcome.status, outcome.out, outcome.complaint) == (130, "", "interrupted")


def test_the_command_that_the_window_copies_gives_the_window_s_project(cli: Run) -> None:
    import shlex
    from dataclasses import replace

    import tempstudio as ts
    from tempstudio.export.command_line import command_of

    plain = ts.Project(
        machine=ts.Wafer(rows=2, cols=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=64),
    )
    rich = replace(
        plain,
        machine=ts.Wafer(rows=2, cols=2, wafers=2, die=ts.Die(hbm_bytes=96e9, tile=64)),
        job=ts.TrainingJob(
            global_batch=8, micro_batch=2, seq_len=32, recompute="full", flash_attention=True
        ),
        partitioner=ts.StrategyChoice("tspp", "", (("layout", "weight"), ("split_norms", False))),
        solver=ts.StrategyChoice("exhaustive", "", (("shard_states", False),)),
        seed=11,
    )
    for project, degrees in ((plain, ts.Degrees(stream=4)), (rich, ts.Degrees(pp=2, stream=4))):
        command = command_of(project, None, False, degrees)
        assert command is not None
        outcome = cli(*shlex.split(command)[1:], "--save", "copied.tempstudio")
        assert outcome.status == 0, outcome.err
        assert ts.load("copied.tempstudio") == replace(project, degrees=degrees)


def test_the_explanation_says_what_loads_a_link(cli: Run, tiny: list[str]) -> None:
    words = [*tiny, *JOBS["streams"], "--explain"]
    run = cli("run", *words, "--json").document
    fullest = run["explanation"]["link"]
    assert fullest["bytes"] == max(load["bytes"] for load in run["links"]["loads"])
    assert sum(use["bytes"] for use in fullest["uses"]) == pytest.approx(fullest["bytes"])
    assert 0 < fullest["utilization"] <= 1
    other = cli("run", *words, "--link", "1,1-1,0", "--json").document["explanation"]["link"]
    assert (other["from"], other["to"]) == ([1, 1], [1, 0])
    assert "link 1,1-1,0 carries" in cli("run", *words, "--link", "1,1-1,0").out
    wrong = cli("run", *words, "--link", "0,0-1,1")
    assert wrong.status == 2
    assert "--link: found '0,0-1,1', allowed: a live link" in wrong.complaint
    assert cli("run", *tiny, *JOBS["streams"], "--link", "0,0-0,1").status == 2


def test_the_bound_of_the_worst_phase_says_which_it_is(cli: Run, tiny: list[str]) -> None:
    """A cut where the plan attains it; else the least that any routing could reach."""
    larger = [*tiny, "--machine", "3x4", "--parallel", "dp=4,tp=2", "--mapper", "sequential"]
    for words in ([*tiny, *JOBS["streams"]], larger):
        links = cli("run", *words, "--json").document["links"]
        assert links["bound"] in ("cut", "linear program")
        assert 0 < links["bound_bytes"] <= links["max_load_bytes"] * (1 + 1e-9)
