"""Which command does what; turning outcomes into exit statuses and one-line messages.

A new command is a module of this package with the command's name and a line in `COMMANDS`.  The
module's docstring is the description in its help, and it has `EXAMPLE` (shell text that really
works; the tests run it), `add_arguments(parser)` and `execute(arguments) -> Answer`.  A command
prints nothing itself; it raises `InputError` or `NoPlanError` where there is nothing to answer.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

from tempstudio.cli.answer import DONE, FAULT, INTERRUPTED, NO_PLAN, WRONG_INPUT, Answer
from tempstudio.cli.arguments import OneLineParser, shown
from tempstudio.cli.streams import complain, hush, reserved_stdout, write_answer
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.progress import Cancelled

COMMANDS = {
    "open": "open the studio on a project",
    "run": "plan, simulate and score one training step",
    "compare": "every partitioner and mapper side by side, each with the same solver",
    "sweep": "a project varied along axes, every point run once, one table",
    "schedule": "the tensor-stream schedule of one group of dies",
    "route": "route explicit flows and set them beside the bound",
    "collective": "time of one collective on a group of dies, and its bound",
    "model": "operators, parameters and FLOP of a model",
    "study": "the evaluation: what is measured beside what was published",
    "validate": "published figures against computed ones, a row each",
    "render": "a picture or a movie of the wafer",
    "report": "a run as one HTML file with its figures, charts and tables",
    "trace": "a Chrome trace of a step, for Perfetto",
    "export": "a run in any format: tables, and what plugins write",
    "plugins": "the plugins that are there and what failed; trust and revoke",
    "explain": "what a term means, with its formula",
    "schema": "the JSON Schema of a file format",
    "doctor": "what this installation can do",
}


def dispatch(words: Sequence[str], as_program: bool = False) -> int:
    """Run the command that `words` name and return its exit status.

    No words, or a first word that is no command but a file, open the studio; a command's name wins
    over a file's.  `as_program`: signals are this program's own business.
    """
    words = list(words)
    debug = "--debug" in words
    try:
        if words and words[0] in ("-h", "--help", "help"):
            return _print(overview())
        if words and words[0] == "--version":
            from tempstudio import __version__

            return _print(f"tempstudio {__version__}")
        name, rest = _command(words)
        return _signalled(name, rest, as_program)
    except BrokenPipeError:
        hush()
        return DONE
    except InputError as error:
        return _refused(error, WRONG_INPUT, debug)
    except (KeyboardInterrupt, Cancelled):
        complain("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last door: a report, never a traceback
        return _fault(error, words, debug)


def overview() -> str:
    """The help of the whole program."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tempstudio [PROJECT]              open the studio",
            "       tempstudio COMMAND ... [--json]   work without it",
            "",
            "Train large language models on wafer-scale chips: partition, map, simulate, watch.",
            "",
            *lines,
            "",
            "tempstudio COMMAND --help shows a command's flags and an example.",
            "Exit status: 0 done, 2 the input is wrong, 3 nothing fits or no plan exists,",
            "130 interrupted, 1 a fault of the program. Every command takes --json and --debug.",
        ]
    )


def parser_of(name: str) -> OneLineParser:
    """The parser of one command."""
    module = importlib.import_module(f"tempstudio.cli.{name}")
    indented = "\n".join(f"  {line}" for line in module.EXAMPLE.splitlines())
    parser = OneLineParser(
        prog=f"tempstudio {name}",
        description=module.__doc__,
        epilog=f"example:\n{indented}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _command(words: list[str]) -> tuple[str, list[str]]:
    """The command's name and its words."""
    if not words or words[0].startswith("-"):
        return "open", words
    if words[0] in COMMANDS:
        return words[0], words[1:]
    if words[0].endswith(".tempstudio") or _exists(words[0]):
        return "open", words
    near = difflib.get_close_matches(words[0], COMMANDS, n=1)
    hint = f", did you mean {near[0]}?" if near else ""
    raise InputError(
        f"found {shown(words[0])}, which is neither a command nor a file{hint} "
        "(see tempstudio --help)"
    )


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)
    except ValueError:
        return False


def _signalled(name: str, words: list[str], as_program: bool) -> int:
    """Run a command; the studio looks after signals itself."""
    if not as_program or name == "open":
        return _run(name, words)
    from tempstudio.cli.interruption import Terminated, die_of_sigterm, prompt_interruption

    try:
        with prompt_interruption():
            return _run(name, words)
    except Terminated:
        die_of_sigterm()
        return INTERRUPTED


def _run(name: str, words: list[str]) -> int:
    try:
        arguments = parser_of(name).read(words)
    except SystemExit as end:  # --help has been printed
        _flush()
        return int(end.code or DONE)
    module = importlib.import_module(f"tempstudio.cli.{name}")
    with reserved_stdout() if name != "open" else nullcontext(sys.stdout) as out:
        answer = _answered(module, arguments)
        with suppress(BrokenPipeError):  # the reader has seen enough
            write_answer(answer, arguments.json, out)
    for line in (*answer.notes, answer.complaint):
        if line:
            complain(line)
    return answer.status


def _answered(module: Any, arguments: argparse.Namespace) -> Answer:
    """What the command answers; where no plan exists, the reason is the answer."""
    try:
        answer: Answer = module.execute(arguments)
    except NoPlanError as error:
        _trace(error, arguments.debug)
        line = " ".join(str(error).split())
        return Answer({"fits": False, "error": line}, "", NO_PLAN, line)
    return answer


def _print(text: str) -> int:
    print(text)
    _flush()
    return DONE


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _refused(error: Exception, status: int, debug: bool) -> int:
    _trace(error, debug)
    complain(str(error))
    return status


def _trace(error: BaseException, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exception(error)


def _fault(error: Exception, words: Sequence[str], debug: bool) -> int:
    from tempstudio.cli.fault import one_line, write_report

    _trace(error, debug)
    report = write_report(error, words)
    where = f"the report is {report}" if report else "no report could be written"
    complain(f"{one_line(error)}; {where}")
    return FAULT
