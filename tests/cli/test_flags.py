"""Whatever a flag is given, the answer is the right one or one line that says what is allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

# Words of the command line: what the one line on stderr has to name.
REFUSED = {
    "rnu": ("'rnu'", "did you mean run?"),
    "run --bathc 3": ("--bathc", "did you mean --batch?"),
    "run a b": ("'b'", "one argument too many"),
    "run --batch": ("--batch", "expected one argument"),
    "run --batch 0": ("--batch: found '0'", "from 1 to 10,000,000"),
    "run --batch -5": ("--batch: found '-5'", "from 1"),
    "run --batch nan": ("--batch: found 'nan'",),
    "run --batch 1e3": ("--batch: found '1e3'", "a whole number of sequences"),
    "run --batch 0x10": ("--batch: found '0x10'",),
    "run --batch ١٢": ("--batch: found '١٢'",),
    f"run --batch {'9' * 5000}": ("--batch: found '999", "..."),
    "run --micro-batch 0": ("--micro-batch: found '0'",),
    "run --seq 99999999999999999999": ("--seq: found", "from 1 to 100,000,000"),
    "run --recompute all": ("--recompute: found 'all'", "none, selective, full"),
    "run --seed -1": ("--seed: found '-1'", "from 0"),
    "run --wafers 0": ("--wafers: found '0'", "from 1 to 64"),
    "run --machine foo": ("--machine: found 'foo'", "ROWSxCOLUMNS", "wafer-6x8"),
    "run --machine 4x": ("--machine: found '4x'",),
    "run --machine 0x4": ("--machine 0x4", "rows: found 0", "1 to 1024"),
    "run --machine 9999x9999": ("--machine 9999x9999", "rows"),
    "run --machine 1000x1000": ("--machine 1000x1000", "32768"),
    "run --machine nowhere.json": ("nowhere.json: no such file",),
    "run --machine a100-4x8 --wafers 2": ("--wafers", "cluster"),
    "run --machine 600x50 --wafers 9": ("--wafers 9", "dies"),
    "run --model gpt5": ("--model: found 'gpt5'", "gpt3-175b"),
    "run --model nowhere.json": ("nowhere.json", "no such file"),
    "run --partitioner foo": ("--partitioner: found 'foo'", "megatron1", "tspp"),
    "run --mapper foo": ("--mapper: found 'foo'", "sequential"),
    "run --solver foo": ("--solver: found 'foo'", "exhaustive"),
    "run --parallel dp": ("--parallel: found 'dp'", "dp=N"),
    "run --parallel foo=3": ("--parallel: found 'foo=3'", "stream=N"),
    "run --parallel dp=": ("--parallel: dp: found ''", "from 1 to 65,536"),
    "run --parallel dp=-1": ("--parallel: dp: found '-1'",),
    "run --parallel dp=1e9": ("--parallel: dp: found '1e9'",),
    "run --parallel zero=4": ("--parallel: zero: found '4'", "from 0 to 3"),
    "run --parallel dp=1,dp=2": ("--parallel: dp is given twice",),
    "run --parallel dp=7,stream=8": ("dp 7 x stream 8 = 56", "the 48 that work"),
    "run --parallel tp=3": ("--parallel.tp: found 3", "divisors"),
    "run --set foo": ("--set: found 'foo'", "KEY=VALUE"),
    "run --set =3": ("--set: found '=3'", "KEY=VALUE"),
    "run --set foo=1": ("--set: found 'foo'", "partitioner.", "machine.*", "job.*"),
    "run --set solver.foo=1": ("--set: found 'solver.foo'", "solver."),
    "run --set solver.vary_job=maybe": ("--set solver.vary_job: found 'maybe'", "true"),
    "run --set machine.die.HBM=1": ("--set: found 'machine.die.HBM'", "machine.die.HBM_GB"),
    "run --set machine.die=1": ("--set: found 'machine.die'", "machine.die.HBM_GB"),
    "run --set machine.die.HBM_GB=96GB": ("--set machine.die.HBM_GB: found '96GB'", "GB"),
    "run --set machine.die.HBM_GB=-1": ("--set machine.die.HBM_GB: found -1", "1e-06"),
    "run --set machine.die.HBM_GB=NaN": ("--set machine.die.HBM_GB: found 'NaN'",),
    "run --set machine.die.HBM_GB=1e999": ("--set machine.die.HBM_GB",),
    "run --set machine.rows=0": ("--set machine.rows: found 0",),
    "run --set machine.dead_dies=[[9,9]]": ("--set machine.dead_dies", "6 x 8"),
    "run --set machine.kind=cluster": ("--set: found 'machine.kind'",),
    "run --set job.seq_len=0": ("--set job.seq_len: found 0",),
    "run --set job.foo=0": ("--set: found 'job.foo'", "job.seq_len"),
    "run nowhere.tempstudio": ("nowhere.tempstudio: no such file",),
    "run --save nowhere/x": ("--save: the folder", "does not exist"),
    "run --develop nowhere.py": ("--develop: nowhere.py",),
    "model": ("model: missing: PRESET|config.json",),
    "model llama2-7b --seq -1": ("--seq: found '-1'",),
    "schedule 0x4": ("schedule: found '0x4'", "ROWSxCOLUMNS"),
    "schedule 2x2x2": ("schedule: found '2x2x2'",),
    "schedule 99999x99999": ("schedule: found '99999x99999'", "4096"),
    "schedule 3x3 --dead 9,9": ("--dead: found '9,9'", "from 0,0 to 2,2"),
    "schedule 3x3 --dead -1,0": ("--dead: found '-1,0'",),
    "schedule 3x3 --dead x": ("--dead: found 'x'", "row,column"),
    "schedule 3x3 --dead-link 0,0-1,1": ("--dead-link: found '0,0-1,1'", "neighbouring"),
    "schedule 3x3 --dead-link 0,0": ("--dead-link: found '0,0'", "row,column-row,column"),
    "collective foo --group 2x2 --bytes 1": ("op: found 'foo'", "all-gather"),
    "collective all-gather --group 2y2 --bytes 1": ("--group: found '2y2'", "ring:N"),
    "collective all-gather --group ring:0 --bytes 1": ("--group: found 'ring:0'",),
    "collective all-gather --group 2x2": ("collective: missing: --bytes",),
    "collective all-gather --group 2x2 --bytes nan": ("--bytes: found 'nan'", "a number from 0"),
    "collective all-gather --group 2x2 --bytes inf": ("--bytes: found 'inf'",),
    "collective all-gather --group 2x2 --bytes -1e9": ("--bytes: found '-1e9'",),
    "collective all-gather --group 2x2 --bytes 1_0": ("--bytes: found '1_0'",),
    "collective all-gather --group 2x2 --bytes 1 --algorithm foo": (
        "--algorithm: found 'foo'",
        "direct",
    ),
    "collective all-gather --group 2x2 --bytes 1 --link-bandwidth 0": (
        "--link-bandwidth: found '0'",
        "above 0",
    ),
    "collective all-gather --group 2x2 --bytes 1 --latency -1": ("--latency: found '-1'",),
    "route nowhere.json": ("nowhere.json: no such file",),
    "explain contentoin": ("'contentoin'", "contention"),
    "schema foo": ("schema: found 'foo'", "project, graph, machine, flows, sweep"),
    "render --out x.bmp": ("--out: found 'x.bmp'", ".svg, .png, .gif, .mp4"),
    "render": ("render: missing: --out",),
    "render --out nowhere/x.svg": ("--out: the folder", "does not exist"),
    "render --out x.svg --time nan": ("--time: found 'nan'",),
    "render --out x.svg --time -1": ("--time: found '-1'",),
    "render --out x.svg --width 99999999": ("--width: found '99999999'", "16,384"),
    "render --out x.svg --theme blue": ("--theme: found 'blue'", "light, dark"),
    "trace --out x.txt": ("--out: found 'x.txt'", ".json"),
    "plugins foo": ("found 'foo'", "trust"),
    "plugins trust": ("plugins trust: missing: PATH",),
    "plugins trust nowhere.py": ("nowhere.py: no such file",),
    "plugins revoke nowhere.py": ("nowhere.py", "nothing there was trusted"),
    "plugins disable nobody": ("plugins disable: found 'nobody'", "allowed: "),
    "plugins disable tempstudio": ("plugins disable: found 'tempstudio'",),
    "open --develop nowhere.py": ("--develop: nowhere.py: no such file or folder",),
    "open nowhere.tempstudio": ("open: 'nowhere.tempstudio': no such file",),
    "nowhere.tempstudio": ("'nowhere.tempstudio': no such file",),
}


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: words[:60])
def test_wrong_words_are_refused_in_one_line(cli: Run, words: str) -> None:
    outcome = cli(*words.split(" "), "--json")
    assert outcome.status == 2
    assert outcome.out == ""
    missing = [said for said in REFUSED[words] if said not in outcome.complaint]
    assert missing == [], outcome.complaint


@pytest.mark.parametrize("flag", ["--machine", "--model", "--parallel", "--mapper", "--save"])
def test_an_empty_value_is_no_value(cli: Run, flag: str) -> None:
    outcome = cli("run", flag, "")
    assert outcome.status == 2
    assert flag in outcome.complaint
    assert "found ''" in outcome.complaint


def test_an_empty_project_is_refused(cli: Run) -> None:
    assert "PROJECT: found ''" in cli("run", "").complaint
    assert "found ''" in cli("").complaint


def test_a_folder_is_no_project(cli: Run, tmp_path: Path) -> None:
    outcome = cli("run", tmp_path)
    assert outcome.status == 2
    assert "found a folder" in outcome.complaint
    assert "a folder" in cli("open", tmp_path).complaint


BROKEN_MACHINES = {
    "[]": "expected an object",
    "{": "not valid JSON",
    '{"rows": 0}': "rows: found 0",
    '{"die": {"HBM_GB": "much"}}': "die.HBM_GB",
    '{"dead_dies": [[9, 9]]}': "dead_dies",
    '{"kind": "torus"}': "kind",
    '{"machine": 3}': "expected an object",
    "\udcff": "not UTF-8",
}


@pytest.mark.parametrize("text", BROKEN_MACHINES)
def test_a_broken_machine_file_is_named_with_its_key(cli: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_bytes(text.encode(errors="surrogateescape"))
    outcome = cli("run", "--machine", "m.json")
    assert outcome.status == 2
    assert "m.json" in outcome.complaint
    assert BROKEN_MACHINES[text] in outcome.complaint


def test_a_machine_file_says_which_keys_it_wrote_in_vain(
    cli: Run, tiny: list[str], tmp_path: Path
) -> None:
    machine = {"rows": 2, "cols": 2, "die": {"HBM_GB": 80, "HBM_Gb": 96}, "colour": "red"}
    (tmp_path / "m.json").write_text(json.dumps(machine))
    outcome = cli("run", *tiny, "--machine", "m.json", "--parallel", "stream=4", "--json")
    assert outcome.status == 0
    assert outcome.document["memory_bytes"]["capacity"] == 80e9
    assert "die.HBM_Gb, colour" in outcome.complaint
    rows = cli("compare", "--safe-mode", *tiny, "--machine", "m.json", "--mapper", "sequential")
    assert rows.status == 0
    assert "die.HBM_Gb, colour" in rows.complaint


@pytest.mark.parametrize("flag", ["--machine", "--wafer"])
@pytest.mark.parametrize(
    ("value", "dies", "kind"),
    [("2x3", 6, "wafer"), ("2X3", 6, "wafer"), ("wafer-4x8", 32, "wafer"),
     ("a100-4x8", 32, "cluster")],
)  # fmt: skip
def test_machines_by_size_and_by_name(
    cli: Run, tiny: list[str], flag: str, value: str, dies: int, kind: str
) -> None:
    job = [word for word in tiny if word not in ("--machine", "2x2")]
    machine = cli("run", *job, flag, value, "--parallel", "dp=1", "--json").document["machine"]
    assert (machine["dies"], machine["kind"]) == (dies, kind)


def test_settings_reach_machine_job_and_strategies(cli: Run, tiny: list[str]) -> None:
    outcome = cli(
        "run", *tiny, "--parallel", "dp=1", "--save", "p.tempstudio", "--json",
        "--set", "machine.die.HBM_GB=96", "--set", "machine.dead_dies=[[0,1]]",
        "--set", "job.flash_attention=true", "--set", "job.recompute=full",
        "--set", "layout=weight", "--set", "solver.vary_job=no",
    )  # fmt: skip
    assert outcome.status == 0
    assert outcome.document["machine"]["dead"] == [[0, 1]]
    assert outcome.document["job"]["recompute"] == "full"
    saved = json.loads(Path("p.tempstudio").read_text())
    assert saved["machine"]["die"]["HBM_GB"] == 96
    assert saved["job"]["flash_attention"] is True
    assert saved["strategies"]["partitioner"]["options"] == {"layout": "weight"}
    assert saved["strategies"]["solver"]["options"] == {"vary_job": False}


def test_more_memory_is_more_memory(cli: Run, tiny: list[str]) -> None:
    fixed = [*tiny, "--parallel", "stream=4", "--json"]
    memory = [
        cli("run", *fixed, "--set", f"machine.die.HBM_GB={gb}").document["memory_bytes"]
        for gb in (48, 96)
    ]
    assert [m["capacity"] for m in memory] == [48e9, 96e9]
    assert memory[0]["peak"] == memory[1]["peak"]


def test_dp_takes_what_remains(cli: Run, tiny: list[str]) -> None:
    def degrees(text: str, *more: str) -> dict[str, int]:
        return cli("run", *tiny, "--parallel", text, "--json", *more).document["parallel"]

    assert degrees("stream=2")["dp"] == 2
    assert degrees("stream=4")["dp"] == 1
    assert degrees(" stream = 2 , zero = 1 ") == degrees("stream=2,zero=1,dp=2")
    assert degrees("tp=1", "--partitioner", "fsdp") == {**degrees("dp=4,zero=3"), "zero": 3}
    assert degrees("tp=1", "--batch", "3")["dp"] == 3


def test_an_operator_may_have_degrees_of_its_own(cli: Run, tiny: list[str]) -> None:
    words = [*tiny, "--parallel", "stream=4,mlp.down:tp=2,attention.core:tp=4/stream=1", "--json"]
    run = cli("run", *words, "--save", "own.tempstudio").document
    own = [
        {"name": "mlp.down", "tp": 2, "stream": 2, "layout": ""},
        {"name": "attention.core", "tp": 4, "stream": 1, "layout": ""},
    ]
    assert run["parallel"]["operators"] == own
    again = cli("run", "own.tempstudio", "--json").document
    assert (again["parallel"], again["step_time_s"]) == (run["parallel"], run["step_time_s"])
    assert "mlp.down tp 2 x stream 2" in cli("run", "own.tempstudio").out
    for text, line in (
        ("stream=4,mlp.down:tp=3/stream=2", "--parallel.operators.mlp.down: found tp 3 x stream 2"),
        ("stream=4,mlp.down:rows=3", "parallel: found 'mlp.down:rows=3', allowed: NAME:tp=N"),
        ("stream=4,mlp.down:tp=x", "parallel.mlp.down.tp: found 'x', allowed: a whole number"),
    ):
        outcome = cli("run", *tiny, "--parallel", text)
        assert outcome.status == 2
        assert line in outcome.complaint


def test_a_flag_with_a_value_behind_an_equals_sign(cli: Run) -> None:
    assert cli("schedule", "3x3", "--dead=1,1", "--json").status == 0
    assert "--dead: found '-1,0'" in cli("schedule", "3x3", "--dead=-1,0").complaint


def test_sequences_beyond_the_learned_positions_are_told(cli: Run) -> None:
    words = ["run", "--machine", "2x4", "--model", "opt-6.7b", "--batch", "8", "--parallel",
             "stream=8", "--set", "job.flash_attention=true", "--json"]  # fmt: skip
    told = cli(*words, "--seq", "4096")
    assert told.err == (
        "tempstudio: job.seq_len: 4,096 tokens, but opt-6.7b has learned positions for 2,048; "
        "the figures are those of its table as it is\n"
    )
    assert told.status == 0
    assert cli(*words, "--seq", "2048").err == ""
