"""Which words lead where, and what each outcome looks like from outside."""

from __future__ import annotations

import importlib
import re
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tempstudio.cli import commands
from tempstudio.cli.answer import Answer
from tempstudio.cli.commands import COMMANDS, overview, parser_of
from tempstudio.core.errors import InputError, NoPlanError

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, bool]]:
    """What the studio was opened with; no window comes."""
    import tempstudio.gui

    calls: list[tuple[Any, bool]] = []
    app = types.ModuleType("tempstudio.gui.app")

    def open_studio(path: str | None, safe_mode: bool, develop: tuple[str, ...]) -> int:
        assert develop == ()
        calls.append((path, safe_mode))
        return 0

    app.open_studio = open_studio  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tempstudio.gui.app", app)
    monkeypatch.setattr(tempstudio.gui, "app", app, raising=False)
    return calls


def test_no_words_open_the_studio(cli: Run, opened: list[Any]) -> None:
    assert cli().status == 0
    assert cli("--safe-mode").status == 0
    assert cli("open").status == 0
    assert opened == [(None, False), (None, True), (None, False)]


def test_a_file_is_opened_but_a_command_s_name_wins(
    cli: Run, opened: list[Any], tmp_path: Path
) -> None:
    for name in ("work.tempstudio", "doctor", "any"):
        (tmp_path / name).write_text("{}")
    assert cli("work.tempstudio").status == 0
    assert cli("any").status == 0
    assert opened == [("work.tempstudio", False), ("any", False)]
    assert cli("doctor", "--help").out.startswith("usage: tempstudio doctor")
    assert len(opened) == 2
    assert cli("./doctor").status == 0
    assert opened[-1] == ("./doctor", False)


def test_without_a_display_the_studio_says_what_goes_without(
    cli: Run, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    outcome = cli()
    assert outcome.status == 2
    assert "DISPLAY" in outcome.complaint
    assert "tempstudio run" in outcome.complaint
    assert opened == []


def test_the_overview_lists_every_command_and_status(cli: Run) -> None:
    shown = cli("--help")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == overview() + "\n"
    assert [line.split()[0] for line in re.findall(r"^  \w+ +\w.*$", shown.out, re.M)] == [
        *COMMANDS
    ]
    assert re.search(r"0 done.*2 .*3 .*130 .*1 ", shown.out.replace("\n", " "))
    assert cli("help").out == shown.out == cli("-h").out


def test_the_version_is_the_package_s(cli: Run) -> None:
    import tempstudio

    assert cli("--version").out == f"tempstudio {tempstudio.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(cli: Run, name: str) -> None:
    shown = cli(name, "--help")
    assert (shown.status, shown.err) == (0, "")
    module = importlib.import_module(f"tempstudio.cli.{name}")
    assert f"example:\n  {module.EXAMPLE.splitlines()[0]}" in shown.out
    assert "--json" in shown.out
    assert "--debug" in shown.out
    assert shown.out.isascii()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_says_what_it_is_for(name: str) -> None:
    silent = [action.dest for action in parser_of(name)._actions if not action.help]
    assert silent == []


OUTCOMES = {
    InputError("--x: found 1,\n allowed: 2"): (2, "--x: found 1, allowed: 2"),
    NoPlanError("die [0, 1] is cut off"): (3, "die [0, 1] is cut off"),
    KeyboardInterrupt(): (130, "interrupted"),
}


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("error", OUTCOMES, ids=lambda error: type(error).__name__)
def test_what_a_command_raises_becomes_a_status_and_one_line(
    cli: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, as_json: bool
) -> None:
    fake_command(monkeypatch, error)
    outcome = cli("explain", *["--json"] * as_json)
    status, line = OUTCOMES[error]
    assert (outcome.status, outcome.complaint) == (status, line)
    if as_json and status == 3:
        assert outcome.document == {"fits": False, "error": line}
    else:
        assert outcome.out == ""


def test_a_fault_leaves_a_report_and_one_line(
    cli: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    fake_command(monkeypatch, ZeroDivisionError("division\nby zero"))
    outcome = cli("explain", "--json", "word")
    assert (outcome.status, outcome.out) == (1, "")
    found = re.search(r"\(ZeroDivisionError: division by zero\); the report is (.*)$",
                      outcome.complaint)  # fmt: skip
    assert found
    report = Path(found[1]).read_text()
    assert "command: tempstudio explain --json word" in report
    assert "ZeroDivisionError: division" in report
    assert report.count("Traceback") == 1


@pytest.mark.parametrize("error", [InputError("x"), NoPlanError("x"), ZeroDivisionError("x")])
def test_a_traceback_only_with_debug_and_the_status_stays(
    cli: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fake_command(monkeypatch, error)
    plain, debug = cli("explain"), cli("explain", "--debug")
    assert "Traceback" not in plain.err
    assert "Traceback (most recent call last)" in debug.err
    assert plain.status == debug.status


def test_what_a_command_prints_never_reaches_stdout(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(arguments: Any) -> Answer:
        print("a plugin talks")
        return Answer({"well": True})

    fake_command(monkeypatch, execute)
    outcome = cli("explain", "--json")
    assert outcome.document == {"well": True}
    assert outcome.err == "a plugin talks\n"


def test_notes_and_complaints_go_to_stderr(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answer({}, "text", 3, "too big", ("a note",))
    fake_command(monkeypatch, lambda arguments: answer)
    outcome = cli("explain")
    assert (outcome.status, outcome.out) == (3, "text\n")
    assert outcome.err == "tempstudio: a note\ntempstudio: too big\n"


def fake_command(monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
    """Have `tempstudio explain` do something else: call a function, or raise."""
    module = importlib.import_module("tempstudio.cli.explain")

    def raising(arguments: Any) -> Answer:
        raise what

    execute = raising if isinstance(what, BaseException) else what
    monkeypatch.setattr(module, "execute", execute)
    assert commands.COMMANDS["explain"]
