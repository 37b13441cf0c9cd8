"""Writes what the documentation takes from the code: commands.md, and tables in plugins.md.

    .venv/bin/python docs/generate.py [--pictures]

The tests compare the files with what this would write.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tempstudio.cli.commands import COMMANDS, OneLineParser, parser_of

DOCS = Path(__file__).resolve().parent
MARK = "<!-- generated: {name} -->"
END = "<!-- end -->"
COMMON = ("help", "json", "debug")
STRATEGIES = ("Partitioner", "Mapper", "Solver", "Reader", "Exporter")


def commands_page() -> str:
    """docs/commands.md: every command with its flags and an example."""
    parts = [
        "# Commands",
        "",
        "<!-- Written by docs/generate.py from the commands' own help. -->",
        "",
        "`tempstudio` or `tempstudio PROJECT` opens the studio; every other command works without",
        "a display. A command's name wins over a file's (`./run` is the file).",
        "",
        "Every command takes `--help`, `--json` (one JSON document on stdout and nothing else",
        "there) and `--debug` (the traceback of an error). Progress goes to stderr, as a bar on a",
        "terminal.",
        "",
        "| exit status | |",
        "|---|---|",
        "| 0 | done |",
        "| 2 | the input is wrong: one line on stderr names the flag or file, what was found and "
        "what is allowed |",
        "| 3 | nothing fits or no plan exists, and why; the JSON document is printed all the "
        "same |",
        "| 130 | interrupted; `run` still prints the best plan it had found |",
        "| 1 | a fault of the program or of a plugin: one line, and where the report lies |",
    ]
    for name, text in COMMANDS.items():
        parts += ["", f"## {name}", "", f"{text[:1].upper()}{text[1:]}.", ""]
        parts += _command(parser_of(name), name)
    parts += ["", "## Flags of a project", ""]
    parts += ["What a project file says, and what is said instead of it or besides.", ""]
    parts += _table(_project_actions())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)) + "\n"


def _command(parser: OneLineParser, name: str) -> Iterable[str]:
    module = importlib.import_module(f"tempstudio.cli.{name}")
    yield from ("```sh", module.EXAMPLE, "```", "")
    own = [action for action in parser._actions if action.dest not in COMMON]
    shared = {action.dest for action in _project_actions()}
    if shared <= {action.dest for action in own}:
        own = [action for action in own if action.dest not in shared]
        yield from ("Takes the [flags of a project](#flags-of-a-project).", "")
    yield from _table(own)


def _project_actions() -> list[argparse.Action]:
    from tempstudio.cli.project_flags import add_project_arguments

    parser = OneLineParser(add_help=False)
    add_project_arguments(parser)
    return parser._actions


def _table(actions: Sequence[argparse.Action]) -> Iterable[str]:
    if actions:
        yield from ("| | |", "|---|---|")
    for action in actions:
        yield f"| `{_usage(action)}` | {_cell(action.help or '')} |"


def _usage(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest).replace("|", "\\|")
    if not action.option_strings:
        many = " ..." if action.nargs == "*" else ""
        return f"[{value}{many}]" if action.nargs in ("?", "*") else value
    flags = ", ".join(action.option_strings)
    needed = " (required)" if action.required else ""
    return f"{flags}{'' if action.nargs == 0 else ' ' + value}{needed}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def hooks_table() -> str:
    """Every hook with its signature and what it is for."""
    from tempstudio import hookspecs

    rows = ["| hook | gives |", "|---|---|"]
    source = ast.parse(Path(hookspecs.__file__).read_text(encoding="utf-8"))
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("tempstudio_"):
            arguments = ", ".join(
                f"{a.arg}: {ast.unparse(a.annotation)}" for a in node.args.args if a.annotation
            )
            assert node.returns is not None
            gives = ast.unparse(node.returns)
            text = inspect.cleandoc(ast.get_docstring(node) or "")
            rows.append(f"| `{node.name}({arguments})` | `{_cell(gives)}`: {text} |")
    return "\n".join(rows)


def strategies_table() -> str:
    """What each kind of object must have beside name, summary, version and Options."""
    from tempstudio.core import strategy

    rows = ["| kind | method | what it does |", "|---|---|---|"]
    source = ast.parse(Path(strategy.__file__).read_text(encoding="utf-8"))
    for node in source.body:
        if isinstance(node, ast.ClassDef) and node.name in STRATEGIES:
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    text = (ast.get_docstring(method) or "").splitlines()[0]
                    names = ", ".join(a.arg for a in method.args.args[1:])
                    assert method.returns is not None
                    call = f"{method.name}({names}) -> {ast.unparse(method.returns)}"
                    rows.append(f"| {node.name} | `{call}` | {text} |")
    return "\n".join(rows)


def problem_table() -> str:
    """What a solver can ask of its problem."""
    from tempstudio.core.problem import Problem

    rows = ["| | |", "|---|---|"]
    for name, member in vars(Problem).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            text = (inspect.getdoc(member) or "").splitlines()[0]
            names = ", ".join(list(inspect.signature(member).parameters)[1:])
            rows.append(f"| `problem.{name}({names})` | {_cell(text)} |")
    return "\n".join(rows)


def names_table() -> str:
    """What can be imported from `tempstudio`."""
    import tempstudio

    rows = ["| name | what it is |", "|---|---|"]
    for name in sorted(tempstudio.__all__, key=str.lower):
        value = getattr(tempstudio, name)
        if name.startswith("__"):
            continue
        rows.append(f"| `{name}` | {_cell(_first_line(name, value))} |")
    return "\n".join(rows)


def _first_line(name: str, value: Any) -> str:
    if name == "Machine":
        return "A `Wafer` or a `Cluster`."
    if name == "hookimpl":
        return "Marks a function that answers a hook."
    text = (inspect.getdoc(value) or "").splitlines()
    assert text, name
    return text[0]


def machine_table() -> str:
    """Keys of a machine with units, defaults and limits."""
    from tempstudio.core.machine import Die, Link, WaferArea, WaferJoint

    rows = ["| key | default | unit | what it is |", "|---|---|---|---|"]
    parts = {"die": Die, "link": Link, "between_wafers": WaferJoint, "area": WaferArea}
    for part, kind in parts.items():
        rows += _fields(kind, f"{part}.")
    return "\n".join(rows)


def job_table() -> str:
    """Keys of a training job."""
    from tempstudio.core.workload import TrainingJob

    rows = ["| key | default | unit | what it is |", "|---|---|---|---|"]
    return "\n".join([*rows, *_fields(TrainingJob, "")])


def _fields(kind: type[Any], prefix: str) -> Iterable[str]:
    from tempstudio.core.quantities import outside_key, to_json

    defaults = to_json(kind())
    for field in dataclasses.fields(kind):
        key = outside_key(field)
        about = field.metadata
        choices = f" ({', '.join(about['choices'])})" if about.get("choices") else ""
        default = defaults[key]
        shown = str(default).lower() if isinstance(default, bool) else f"{default}"
        shown = f"{default:g}" if isinstance(default, float) else shown
        unit = about.get("unit") or ""
        yield f"| `{prefix}{key}` | {shown} | {unit} | {_cell(about.get('help', ''))}{choices} |"


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "plugins.md": {
        "hooks": hooks_table,
        "strategies": strategies_table,
        "problem": problem_table,
        "names": names_table,
    },
    "project-file.md": {"machine": machine_table, "job": job_table},
}


def with_tables(text: str, tables: dict[str, Callable[[], str]]) -> str:
    """A page with the text between each mark and its end written anew."""
    for name, make in tables.items():
        mark = MARK.format(name=name)
        pattern = re.compile(rf"({re.escape(mark)}\n)(?:.*?\n)??({re.escape(END)})", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise SystemExit(f"{mark}: expected once, with an {END} behind it")
        made = make()
        text = pattern.sub(lambda found, made=made: found[1] + made + "\n" + found[2], text)
    return text


def pages() -> dict[str, str]:
    """Every page that has something of the code in it, as it should be."""
    made = {"commands.md": commands_page()}
    for name, tables in TABLES.items():
        made[name] = with_tables((DOCS / name).read_text(encoding="utf-8"), tables)
    return made


def pictures() -> None:
    """The pictures of the README: the first sample in the middle of a layer, and the window."""
    from tempstudio.cli import main

    sample = DOCS.parent / "sample_projects" / "llama2-7b-6x8.tempstudio"
    status = main(["render", str(sample), "--out", str(DOCS / "images" / "wafer.svg")])
    if status:
        raise SystemExit(status)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "tempstudio.gui.screenshots", folder, "streaming"],
            env=dict(os.environ, QT_QPA_PLATFORM="offscreen"),
            check=True,
        )
        for theme in ("light", "dark"):
            taken = Path(folder) / f"streaming-{theme}-1280x800.png"
            shutil.copy(taken, DOCS / "images" / f"window-{theme}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", action="store_true", help="the README's pictures too")
    wanted = parser.parse_args()
    for page, content in pages().items():
        (DOCS / page).write_text(content, encoding="utf-8")
    if wanted.pictures:
        pictures()
