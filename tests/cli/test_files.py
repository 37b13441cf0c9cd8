"""`render` and `trace` write files; `plugins` and `doctor` say what there is."""

from __future__ import annotations

import html
import json
import re
import shlex
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

STREAM = ["--parallel", "stream=4"]
PLUGIN = """
import tempstudio as ts
from tempstudio.strategies.mappers.sequential import Sequential

class Mine(Sequential):
    name = "mine"
    summary = "as sequential"

@ts.hookimpl
def tempstudio_mappers():
    print("noise of a plugin")
    return [Mine()]
"""


def test_a_picture_is_written_where_and_when_it_is_asked_for(cli: Run, tiny: list[str]) -> None:
    outcome = cli("render", *tiny, *STREAM, "--out", "w.svg", "--time", "1e-6", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.document["out"] == "w.svg"
    assert outcome.document["time_s"] == 1e-6
    root = ElementTree.parse("w.svg").getroot()
    assert root.tag.endswith("svg")
    assert float(root.get("width", "0").removesuffix("px")) == 1280


def test_themes_and_times_differ(cli: Run, tiny: list[str]) -> None:
    pictures = {}
    for name, words in {
        "light": [],
        "dark": ["--theme", "dark"],
        "start": ["--time", "0"],
        "small": ["--width", "400", "--height", "300"],
    }.items():
        shown = cli("render", *tiny, *STREAM, *words, "--out", f"{name}.svg")
        assert (shown.status, shown.out) == (0, f"wrote {name}.svg\n")
        pictures[name] = Path(f"{name}.svg").read_text()
    assert len(set(pictures.values())) == 4


def test_a_time_after_the_step_is_refused(cli: Run, tiny: list[str]) -> None:
    outcome = cli("render", *tiny, *STREAM, "--out", "w.svg", "--time", "1e9")
    assert outcome.status == 2
    assert "--time: found 1e+09" in outcome.complaint
    assert not Path("w.svg").exists()


def test_a_trace_opens_as_json_and_lasts_as_long_as_the_step(cli: Run, tiny: list[str]) -> None:
    outcome = cli("trace", *tiny, *STREAM, "--out", "t.json", "--json")
    assert outcome.document["out"] == "t.json"
    trace = json.loads(Path("t.json").read_text())
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    ends = [event["ts"] + event["dur"] for event in events if event["ph"] == "X"]
    assert max(ends) == pytest.approx(1e6 * outcome.document["step_time_s"], rel=1e-6)


def test_a_folder_in_the_way_is_told_before_the_work(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "x.svg").mkdir()
    outcome = cli("render", "nowhere.tempstudio", "--out", "x.svg")
    assert "--out: found 'x.svg', expected a file's name" in outcome.complaint


def test_the_plugins_document_lists_what_there_is(cli: Run, own_plugins: Path) -> None:
    document = cli("plugins", "--json").document
    names = {row["name"] for row in document["kinds"]["partitioner"]}
    assert {"tspp", "megatron1", "megatron3", "fsdp"} <= names
    assert [row for row in document["failures"] if row["plugin"] == "tempstudio"] == []
    text = cli("plugins").out
    assert all(name in text for name in names)


def test_a_file_plugin_runs_once_it_is_trusted_and_no_longer_when_that_is_revoked(
    cli: Run, own_plugins: Path, tiny: list[str]
) -> None:
    from tempstudio.cli.plugin_access import host_for

    file = own_plugins / "mine.py"
    file.write_text(PLUGIN)

    def status() -> int:
        host_for.cache_clear()
        return cli("run", *tiny, *STREAM, "--mapper", "mine", "--json").status

    assert status() == 2
    agreed = cli("plugins", "trust", file, "--json")
    assert agreed.status == 0
    assert len(agreed.document["sha256"]) == 64
    assert status() == 0
    file.write_text(PLUGIN + "# changed\n")
    assert status() == 2
    assert cli("plugins", "trust", file).status == 0
    assert status() == 0
    host_for.cache_clear()
    assert cli("run", *tiny, *STREAM, "--mapper", "mine", "--safe-mode").status == 2
    assert cli("plugins", "revoke", file).status == 0
    assert status() == 2
    assert cli("plugins", "revoke", file).status == 2


def test_a_plugin_that_is_switched_off_stays_out_until_it_is_on(
    cli: Run, own_plugins: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tempstudio.cli.plugin_access import host_for

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (own_plugins / "mine.py").write_text(PLUGIN)
    assert cli("plugins", "trust", own_plugins / "mine.py").status == 0

    def states() -> dict[str, str]:
        host_for.cache_clear()
        document = cli("plugins", "--json").document
        return {plugin["name"]: plugin["state"] for plugin in document["plugins"]}

    assert states()["file:mine"] == "on"
    host_for.cache_clear()
    assert cli("plugins", "disable", "file:mine").status == 0
    assert states()["file:mine"] == "disabled"
    assert cli("plugins", "enable", "file:mine", "--json").document["enabled"] is True
    assert states()["file:mine"] == "on"


def test_a_plugin_under_development_runs_as_it_is(
    cli: Run, own_plugins: Path, tiny: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    words = ["run", *tiny, *STREAM, "--mapper", "mine", "--json"]
    assert cli(*words).status == 2
    outcome = cli(*words, "--develop", file)
    assert outcome.status == 0
    assert outcome.document["strategy"]["mapper"] == "mine"
    assert outcome.document["made_by"][1]["plugin"] == "file:mine"
    assert outcome.err == "noise of a plugin\n"  # and none of it on stdout


def test_a_plugin_that_fails_is_named_and_is_no_traceback(
    cli: Run, own_plugins: Path, tiny: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN.replace('summary = "as sequential"',
                                   'summary = ""\n    def map(self, *words): 1 / 0')
                    .replace('print("noise of a plugin")', "pass"))  # fmt: skip
    outcome = cli("run", *tiny, *STREAM, "--mapper", "mine", "--develop", file, "--json")
    assert (outcome.status, outcome.out) == (1, "")
    for said in ("file:mine", "'mine'", "ZeroDivisionError", "the report is"):
        assert said in outcome.complaint
    row = next(
        row
        for row in cli(
            "compare", *tiny, *STREAM, "--partitioner", "tspp", "--develop", file, "--json"
        ).document["rows"]
        if row["strategy"]["mapper"] == "mine"
    )
    assert "ZeroDivisionError" in row["error"]


def test_a_plugin_that_does_not_load_is_listed(cli: Run, own_plugins: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    outcome = cli("plugins", "--develop", "broken.py", "--json")
    assert outcome.status == 0
    (failure,) = (f for f in outcome.document["failures"] if f["plugin"] == "file:broken")
    assert "ZeroDivisionError" in failure["message"]
    assert "ZeroDivisionError" in cli("plugins", "--develop", "broken.py").out


def test_the_doctor_finds_this_installation_well(cli: Run, own_plugins: Path) -> None:
    outcome = cli("doctor", "--safe-mode", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    document = outcome.document
    assert document["plan"] == "well"
    assert document["python"] == sys.version.split()[0]
    needed = [row for row in document["packages"] if not row["optional"]]
    assert all(row["version"] for row in needed)
    assert "numpy" in cli("doctor").out


def test_the_doctor_says_what_is_missing(
    cli: Run, own_plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tempstudio.cli import doctor

    monkeypatch.setattr(
        doctor, "PACKAGES", (("nosuch-package", "nosuch_module", "everything", False),)
    )
    outcome = cli("doctor")
    assert outcome.status == 1
    assert outcome.complaint == "missing: nosuch-package"
    assert "MISSING" in outcome.out


EXPORTER = """
from dataclasses import dataclass
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Line:
    name, summary, version, suffixes, Options = "line", "one line", "1", (".line",), Options
    def write(self, run, path):
        path.write_text(f"{run.score.step_time_s!r}")

class Forgetful(Line):
    name = "forgetful"
    def write(self, run, path):
        pass

@ts.hookimpl
def tempstudio_exporters():
    return [Line(), Forgetful()]
"""


def test_the_command_of_a_report_finds_the_plan_again(cli: Run) -> None:
    flags = ("--machine", "2x2", "--model", "qwen2-0.5b", "--batch", 8, "--seq", 128)
    search = ("--solver", "random", "--set", "solver.draws=12", "--seed", 3)
    found = cli("report", "--safe-mode", *flags, *search, "--out", "r.html", "--json").document
    page = html.unescape(Path("r.html").read_text())
    (command,) = re.findall(r"<pre>tempstudio (run [^<]*)</pre>", page)
    again = cli(*shlex.split(command), "--json").document
    assert again["step_time_s"] == found["step_time_s"]
    assert again["job"]["micro_batch"] != 1, "the solver has chosen more than degrees"


def test_a_report_is_one_page(cli: Run, tiny: list[str]) -> None:
    outcome = cli("report", *tiny, *STREAM, "--out", "run.html", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    page = Path("run.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "tempstudio run" in page
    assert outcome.document["fits"] is True
    refused = cli("report", *tiny, *STREAM, "--out", "run.pdf")
    assert refused.status == 2 and "allowed: a file .html" in refused.complaint


@pytest.mark.parametrize("name", ["dies", "links", "operators"])
def test_tables_are_written_as_csv(cli: Run, tiny: list[str], name: str) -> None:
    outcome = cli("export", *tiny, *STREAM, "--as", name, "--out", "t.csv", "--json")
    assert (outcome.status, outcome.document["format"]) == (0, name)
    head, *rows = Path("t.csv").read_text().splitlines()
    assert len(rows) >= 4 and "," in head


def test_a_suffix_says_the_format_where_it_says_one(cli: Run, tiny: list[str]) -> None:
    assert cli("export", *tiny, *STREAM, "--out", "w.svg").status == 0
    assert ElementTree.parse("w.svg").getroot().tag.endswith("svg")
    many = cli("export", *tiny, *STREAM, "--out", "t.csv")
    assert many.status == 2 and "dies, links, operators" in many.complaint
    none = cli("export", *tiny, *STREAM, "--out", "t.doc")
    assert none.status == 2 and ".html" in none.complaint and not Path("t.doc").exists()
    wrong = cli("export", *tiny, *STREAM, "--as", "links", "--out", "t.png")
    assert wrong.status == 2 and "allowed: a file .csv" in wrong.complaint
    unknown = cli("export", *tiny, *STREAM, "--as", "word", "--out", "t.csv")
    assert (
        unknown.status == 2 and "found 'word', allowed: picture, movie, report" in unknown.complaint
    )


def test_an_exporter_of_a_plugin_is_a_format(cli: Run, own_plugins: Path, tiny: list[str]) -> None:
    from tempstudio.cli.plugin_access import host_for

    file = own_plugins / "lines.py"
    file.write_text(EXPORTER)
    assert cli("plugins", "trust", file).status == 0
    host_for.cache_clear()
    outcome = cli("export", *tiny, *STREAM, "--out", "step.line", "--json")
    assert outcome.status == 2, "two exporters write such files"
    outcome = cli("export", *tiny, *STREAM, "--as", "line", "--out", "step.line", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    assert float(Path("step.line").read_text()) == outcome.document["step_time_s"]
    wrong = cli("export", *tiny, *STREAM, "--as", "line", "--out", "step.txt")
    assert wrong.status == 2 and "allowed: a file .line" in wrong.complaint
    broken = cli("export", *tiny, *STREAM, "--as", "forgetful", "--out", "gone.line")
    assert broken.status == 1 and "forgetful" in broken.complaint


def test_movies_are_as_long_as_asked(cli: Run, tiny: list[str]) -> None:
    image = pytest.importorskip("PIL.Image")
    words = ["--length", "0.5", "--duration", "1e-5", "--width", "320", "--height", "240"]
    outcome = cli("render", *tiny, *STREAM, *words, "--time", "0", "--out", "w.gif")
    assert (outcome.status, outcome.err) == (0, "")
    with image.open("w.gif") as movie:
        assert 1 < movie.n_frames <= 10
        assert movie.size == (320, 240)
    refused = cli("render", *tiny, *STREAM, "--duration", "0", "--out", "w.gif")
    assert refused.status == 2 and "--duration" in refused.complaint


def test_a_larger_scale_has_more_pixels(cli: Run, tiny: list[str]) -> None:
    image = pytest.importorskip("PIL.Image")
    words = ["--width", "400", "--height", "300", "--scale", "2"]
    assert cli("render", *tiny, *STREAM, *words, "--out", "w.png").status == 0
    with image.open("w.png") as picture:
        assert picture.size == (800, 600)
