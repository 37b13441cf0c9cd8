"""What README and docs say is so: pages are current, commands run, code works, places exist."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import tempstudio as ts
from tempstudio.cli.commands import COMMANDS
from tests.cli.conftest import Outcome

if TYPE_CHECKING:
    from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = sorted([README, *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for _, kind, text in found if kind == language]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands.md", "plugins.md", "project-file.md"])
def test_what_is_taken_from_the_code_is_current(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == generator().pages()[name], "run: .venv/bin/python docs/generate.py"


def test_every_command_and_hook_has_its_place() -> None:
    from tempstudio.plugin_host import HOOKS

    commands = (ROOT / "docs" / "commands.md").read_text()
    assert re.findall(r"^## (\w+)$", commands, re.M) == list(COMMANDS)
    plugins = (ROOT / "docs" / "plugins.md").read_text()
    assert all(f"`{hook}()`" in plugins for hook in HOOKS.values())


def command_lines(page: Path) -> list[str]:
    """The program's own commands on a page, in order."""
    lines = [line for text in blocks(page, "sh") for line in text.splitlines()]
    return [line for line in lines if line.startswith("tempstudio ")]


def test_every_command_of_the_readme_works(cli: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample_projects", tmp_path / "sample_projects")
    (tmp_path / "snake.py").write_text(snake())
    lines = command_lines(README)
    assert len(lines) > 10
    for line in lines:
        outcome = cli(*shlex.split(line)[1:])
        assert (outcome.status, outcome.err) == (0, ""), line
        assert outcome.out
    written = {path.name for path in tmp_path.iterdir()}
    assert {"mine.tempstudio", "wafer.svg", "step.json"} <= written


def test_no_other_page_shows_a_command_that_nothing_tries() -> None:
    tried = {README.name, "commands.md"}
    assert [page.name for page in PAGES if page.name not in tried and command_lines(page)] == []


def in_a_shell(text: str, folder: Path) -> Outcome:
    """Shell text as a person types it, `tempstudio` being this interpreter's."""
    script = f'tempstudio() {{ "{sys.executable}" -m tempstudio "$@"; }}\n{text}'
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, capture_output=True, text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


SLOW = {"validate", "sweep"}  # their examples run plans by the dozen
EXAMPLES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name in COMMANDS
    if name != "open"
]


@pytest.mark.timeout(400)  # validate takes a minute of a core, which others may want too
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_in_each_help_works(cli: Run, tmp_path: Path, name: str) -> None:
    example = importlib.import_module(f"tempstudio.cli.{name}").EXAMPLE
    plain = not set("|<>;&\n") & set(example)
    outcome = cli(*shlex.split(example)[1:]) if plain else in_a_shell(example, tmp_path)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out


def test_the_make_targets_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make (\w+)(?:$|`)", page.read_text(), re.M)
    }
    assert {"run", "test"} <= shown
    assert [target for target in shown if not re.search(rf"^{target}:", makefile, re.M)] == []


def snake() -> str:
    """The plugin of the README."""
    (text,) = [text for text in blocks(README, "python") if "hookimpl" in text]
    return text


def test_the_readme_s_plugin_is_short_and_does_what_it_says(
    cli: Run, own_plugins: Path, tmp_path: Path
) -> None:
    code = [line for line in snake().splitlines() if line.strip()]
    assert len(code) <= 30
    (tmp_path / "snake.py").write_text(snake())
    words = ["run", "--parallel", "dp=8,stream=6", "--json"]
    without = cli(*words)
    assert without.status == 3
    assert "cut off" in without.complaint
    run = cli(*words, "--develop", "snake.py", "--mapper", "snake").document
    assert run["strategy"]["mapper"] == "snake"
    groups = [group["dies"] for group in run["groups"] if group["axis"] == "stream"]
    assert len(groups) == 8
    steps = {abs(a[0] - b[0]) + abs(a[1] - b[1]) for dies in groups for a, b in pairwise(dies)}
    assert steps == {1}


def test_the_readme_s_plugin_does_well_on_other_machines(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "snake.py").write_text(snake())
    mine = ["--develop", "snake.py", "--mapper", "snake", "--json"]
    for words in (
        ["--machine", "1x1", "--parallel", "dp=1", "--set", "machine.die.HBM_GB=999"],
        ["--machine", "3x5", "--parallel", "stream=15"],
        [
            "--machine",
            "4x4",
            "--set",
            "machine.dead_dies=[[1,1]]",
            "--parallel",
            "dp=15,zero=3",
            "--set",
            "job.flash_attention=true",
        ],
        ["--machine", "2x4", "--wafers", "2", "--parallel", "pp=2,stream=8"],
        ["--machine", "4x8", "--parallel", "dp=2,sp=4,tp=4", "--partitioner", "megatron3"],
        ["--machine", "a100-4x8", "--parallel", "dp=4,tp=8", "--partitioner", "megatron1"],
    ):
        run = cli("run", *words, *mine)
        assert run.status == 0, (words, run.err)


def test_the_readme_s_python_works(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = [text for text in blocks(README, "python") if "ts.run(" in text]
    names: dict[str, Any] = {}
    exec(text, names)
    first, second = capsys.readouterr().out.splitlines()
    step_time, peak, fits = first.split()
    assert float(step_time) > 0
    assert float(peak) > 1e9
    assert fits == "True"
    assert float(second.split()[1]) == pytest.approx(float(peak))
    assert names["run"].document["machine"]["dies"] == 47


def test_the_options_of_the_plugin_page_make_a_form() -> None:
    from tempstudio.catalogue import option_fields, options_from_pairs

    (text,) = [text for text in blocks(ROOT / "docs" / "plugins.md", "python") if "Options" in text]
    names: dict[str, Any] = {"__name__": "example"}
    sys.modules["example"] = module = ModuleType("example")
    try:
        exec(text, module.__dict__)
        names = module.__dict__
        options = names["AnnealingOptions"]
        assert [field["name"] for field in option_fields(options)] == ["steps", "cooling", "start"]
        assert options_from_pairs(options, {"steps": "5"}).steps == 5
        with pytest.raises(ts.InputError, match=r"from 0\.5 to 1"):
            options_from_pairs(options, {"cooling": "2"})
    finally:
        del sys.modules["example"]


def test_the_panel_of_the_plugin_page_draws_a_run(
    cli: Run, own_plugins: Path, tmp_path: Path
) -> None:
    from tempstudio.plugin_guard import figure_of
    from tempstudio.plugin_host import Host

    (text,) = [text for text in blocks(ROOT / "docs" / "plugins.md", "python") if "Panel" in text]
    (tmp_path / "panel.py").write_text(text)
    host = Host(develop=[tmp_path / "panel.py"], folders=[])
    offer = host.find("panel", "exposed")
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=256),
        degrees=ts.Degrees(tp=2),
        partitioner=ts.StrategyChoice("megatron3"),
    )
    run = ts.run(project)
    figure = figure_of(offer, run, 0.0, {})
    (bars,) = figure.parts
    assert sum(bars.values) == pytest.approx(1e3 * run.score.exposed_s, rel=0.5)
    assert all(value > 0 for value in bars.values)


def test_the_entry_point_of_the_plugin_page_is_the_one_that_is_looked_for() -> None:
    import tomllib

    from tempstudio.hookspecs import ENTRY_POINT_GROUP

    (text,) = blocks(ROOT / "docs" / "plugins.md", "toml")
    entries = tomllib.loads("\n".join(line.strip() for line in text.splitlines()))
    assert list(entries["project"]["entry-points"]) == [ENTRY_POINT_GROUP]


def test_the_project_of_the_file_page_loads_runs_and_comes_back(cli: Run, tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "docs" / "project-file.md", "json")
    (tmp_path / "p.tempstudio").write_text(text)
    project = ts.load(tmp_path / "p.tempstudio")
    assert project.machine.alive_count == 7
    assert project.notes == "free text"
    assert cli("run", "p.tempstudio", "--json").status == 0
    ts.save(project, tmp_path / "q.tempstudio")
    assert ts.load(tmp_path / "q.tempstudio") == project
    told = json.loads(text)
    written = json.loads((tmp_path / "q.tempstudio").read_text())
    assert set(told) <= set(written)
    assert written["machine"]["die"]["HBM_GB"] == told["machine"]["die"]["HBM_GB"]


def test_every_key_of_the_file_page_is_one_of_the_schema() -> None:
    from tempstudio.storage.schema import schema

    page = (ROOT / "docs" / "project-file.md").read_text()
    told = page.partition("| key |")[2].partition("\n\n")[0]
    names = {name for row in told.splitlines() for name in re.findall(r"`(\w+)`", row[:40])}
    assert names == set(schema("project")["properties"])


def exists(name: str) -> bool:
    """Whether a module, a folder or a file of the repository has this name."""
    places = [ROOT / "tempstudio" / name, ROOT / name]
    return any(place.exists() or place.with_suffix(".py").exists() for place in places)


def test_every_place_that_is_named_exists() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    tables = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`([\w/.-]+)`", tables)) - {"timeline.at"}
    assert len(named) > 30
    assert [name for name in named if not exists(name)] == []
    package = ROOT / "tempstudio"
    rooms = {p.stem for p in package.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert sorted(rooms - {"__init__"} - named) == []


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_shortcuts_of_the_readme_are_the_studio_s() -> None:
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    from tempstudio.gui.commands import ACTIONS

    keys = {key for action in ACTIONS for key in action.shortcuts}
    tour = README.read_text().partition("## Five minutes in the window")[2].partition("\n## ")[0]
    shown = set(re.findall(r"Ctrl\+[\w.+]*\w|Ctrl\+\.|\bF1\b", tour))
    assert len(shown) > 5
    assert shown - keys == set()
    for key in ("L", "D", ",", ".", "1", "4", "?"):
        assert key in keys


def test_the_pages_are_plain_text_of_a_readable_width() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert text.endswith("\n")
        assert "\t" not in text
        outside = FENCE.sub("", text)
        long = [
            line
            for line in outside.splitlines()
            if len(line) > 110 and not line.startswith(("|", "!["))
        ]
        assert long == [], page.name


def test_the_generator_runs_as_a_script(tmp_path: Path) -> None:
    copy = tmp_path / "docs"
    shutil.copytree(ROOT / "docs", copy)
    (copy / "commands.md").write_text("stale")
    done = subprocess.run(
        [sys.executable, copy / "generate.py"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (copy / "commands.md").read_text() == generator().pages()["commands.md"]
