"""A run in any format: tables as CSV, the program's other formats, and what plugins write."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import shown
from tempstudio.cli.output_file import name_of, output_file
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.project_flags import Asked, add_project_arguments, project_from_arguments
from tempstudio.cli.run import run_asked
from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host

EXAMPLE = (
    "tempstudio export --machine 2x4 --model opt-6.7b --parallel stream=8 --as links "
    "--out links.csv"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project, the format and the file."""
    from tempstudio.export.formats import FORMATS

    add_project_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="where to write it")
    parser.add_argument(
        "--as",
        dest="format",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}, or a plugin's exporter (default: by the file's suffix)",
    )


def execute(arguments: argparse.Namespace) -> Answer:
    """Run the project and write the file."""
    path = output_file("--out", arguments.out)
    asked = project_from_arguments(arguments)
    name = arguments.format or format_of(path, asked.host)
    check_name(name, asked.host)
    if name not in asked.host.exporters():
        from tempstudio.export.formats import check_suffix

        check_suffix(name, path)
    with progress_bar() as progress:
        run = run_asked(asked, progress)
        if name in asked.host.exporters():
            from tempstudio.plugin_guard import write_run

            write_run(asked.host.exporters()[name], run, path)
        else:
            from tempstudio.export.formats import write

            write(run, name, path, _options(name, asked, arguments), progress)
    document = {"out": name_of(path), "format": name, "step_time_s": run.score.step_time_s}
    return Answer(document, f"wrote {path}", notes=asked.notes)


def format_of(path: Path, host: Host) -> str:
    """The one format that makes such files; `InputError` names them where it is not one."""
    from tempstudio.export.formats import FORMATS

    known = {name: format_.suffixes for name, format_ in FORMATS.items()}
    known |= {name: tuple(offer.object.suffixes) for name, offer in host.exporters().items()}
    found = [name for name, suffixes in known.items() if path.suffix.lower() in suffixes]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"--as: {path.suffix} files are written as {', '.join(found)}; say which")
    suffixes = sorted({suffix for row in known.values() for suffix in row})
    raise InputError(f"--out: found {shown(path.name)}, allowed: a file {', '.join(suffixes)}")


def check_name(name: str, host: Host) -> None:
    """`InputError` lists the formats that there are."""
    from tempstudio.export.formats import FORMATS

    known = [*FORMATS, *host.exporters()]
    if name not in known:
        raise InputError(f"--as: found {shown(name)}, allowed: {', '.join(known)}")


def _options(name: str, asked: Asked, arguments: argparse.Namespace) -> dict[str, str]:
    if name != "report":
        return {}
    from tempstudio.cli.report import command_for

    return {"command": command_for(asked, arguments.project)}
