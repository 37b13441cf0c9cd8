"""Which command does what; turning outcomes into exit statuses and one-line messages."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.progress import Cancelled

DONE, FAULT, WRONG_INPUT, NO_PLAN, INTERRUPTED = 0, 1, 2, 3, 130

# Each module has `add_arguments(parser)`, `EXAMPLE` and `execute(arguments) -> exit status`.
COMMANDS = {
    "open": "open the studio",
    "run": "plan, simulate and score one training step",
    "compare": "every partitioner and mapper side by side",
    "schedule": "the tensor-stream schedule of one group of dies",
    "route": "route explicit flows and set them beside the bound",
    "collective": "time of one collective on a group of dies, and its bound",
    "model": "operators, parameters and FLOP of a model",
    "render": "a picture or a movie of the wafer",
    "trace": "a Chrome trace of a step, for Perfetto",
    "plugins": "the plugins that are there, and what failed",
    "explain": "what a term means, with its formula",
    "schema": "the JSON Schema of a file format",
    "doctor": "what this installation can do",
}


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line that names the command and the flag."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{self.prog}: {message} (see {self.prog} --help)")


def dispatch(argv: list[str]) -> int:
    """Run the command that `argv` names; a first word that is no command is a project to open."""
    if argv and argv[0] in ("-h", "--help"):
        print(overview())
        return DONE
    if argv and argv[0] == "--version":
        from tempstudio import __version__

        print(f"tempstudio {__version__}")
        return DONE
    if not argv or argv[0] not in COMMANDS:
        argv = ["open", *argv]
    return _run(argv[0], argv[1:])


def overview() -> str:
    """The help of the whole program."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tempstudio [PROJECT] | tempstudio COMMAND ... [--json] [--debug]",
            "",
            "Train large language models on wafer-scale chips: partition, map, simulate, watch.",
            "",
            *lines,
            "",
            "tempstudio COMMAND --help shows each command's flags and an example.",
        ]
    )


def _run(name: str, words: Sequence[str]) -> int:
    debug, as_json = "--debug" in words, "--json" in words
    try:
        module = importlib.import_module(f"tempstudio.cli.{name}")
        arguments = _parser(name, module).parse_args(words)
        return int(module.execute(arguments))
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except (InputError, NoPlanError) as error:
        status = WRONG_INPUT if isinstance(error, InputError) else NO_PLAN
        return _refused(error, status, debug, as_json)
    except (KeyboardInterrupt, Cancelled):
        print("tempstudio: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last door: a report, never a traceback
        return _fault(error, [name, *words], debug)


def _parser(name: str, module: Any) -> OneLineParser:
    parser = OneLineParser(
        prog=f"tempstudio {name}",
        description=module.__doc__,
        epilog=f"example:\n  {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _refused(error: Exception, status: int, debug: bool, as_json: bool) -> int:
    if debug:
        raise error
    line = " ".join(str(error).split())
    print(f"tempstudio: {line}", file=sys.stderr)
    if as_json and status == NO_PLAN:
        print(json.dumps({"fits": False, "error": line}))
    return status


def _fault(error: Exception, words: list[str], debug: bool) -> int:
    if debug:
        raise error
    from tempstudio.cli.fault import write_report

    report = write_report(error, words)
    kind = type(error).__name__
    print(f"tempstudio: a fault of the program ({kind}); the report is {report}", file=sys.stderr)
    return FAULT
