"""The plugins that are there, what they offer and what failed; consent to those of a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tempstudio.cli.answer import Answer
from tempstudio.cli.arguments import one_of
from tempstudio.cli.output_file import name_of
from tempstudio.cli.plugin_access import add_plugin_flags, host_of
from tempstudio.cli.table import table
from tempstudio.core.errors import InputError
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio plugins"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which plugin; nothing lists them."""
    parser.add_argument(
        "action",
        nargs="?",
        type=one_of("trust", "revoke"),
        metavar="trust|revoke",
        help="agree to run a file or folder plugin as it is now, or take that back",
    )
    parser.add_argument("path", nargs="?", metavar="PATH", help="the plugin's file or folder")
    add_plugin_flags(parser)


def execute(arguments: argparse.Namespace) -> Answer:
    """The list, or what `trust` and `revoke` did."""
    if arguments.action is None:
        return _listed(arguments)
    if not arguments.path:
        raise InputError(f"plugins {arguments.action}: missing: PATH")
    path = Path(arguments.path)
    return _trust(path) if arguments.action == "trust" else _revoke(path)


def _listed(arguments: argparse.Namespace) -> Answer:
    from tempstudio.catalogue import catalogue

    host = host_of(arguments)()
    document = catalogue(host)
    if arguments.debug:
        import sys

        for failure in host.failures:
            print(failure.traceback, file=sys.stderr)
    return Answer(document, lambda: _text(document))


def _text(document: dict[str, Any]) -> str:
    rows = [
        (kind, row["name"], row["plugin"], row["version"], row["summary"])
        for kind, offers in document["kinds"].items()
        for row in offers
    ]
    rows += [
        ("machine", row["name"], row["plugin"], "", row["summary"]) for row in document["machines"]
    ]
    lines = [table(("kind", "name", "plugin", "version", "what it does"), rows)]
    for plugin in document["plugins"]:
        if plugin["state"] != "on":
            lines.append(f"{plugin['name']} {plugin['version']}: {plugin['state']}")
    for failure in document["failures"]:
        lines.append(f"{failure['plugin']}, {failure['hook']}: {failure['message']}")
    return "\n".join(lines)


def _trust(path: Path) -> Answer:
    from tempstudio import plugin_files

    if not path.exists():
        raise InputError(f"plugins trust: {path}: no such file or folder")
    plugin = plugin_files.read(path)
    plugin_files.trust(plugin)
    places = (plugin_files.user_folder(), Path("plugins").absolute())
    found = plugin.path.parent in [place.resolve() for place in places]
    note = f"it is looked for in {places[0]}, and in a folder plugins beside a project"
    document = {
        "trusted": plugin.name,
        "path": name_of(plugin.path),
        "sha256": plugin.digest,
        "bytes": plugin.bytes,
    }
    text = (
        f"{plugin.name} ({figures.byte_count(plugin.bytes)}, sha256 {plugin.digest[:16]}...) may "
        f"run as it is now, with all that you may do; a change asks again"
    )
    return Answer(document, text, notes=() if found else (note,))


def _revoke(path: Path) -> Answer:
    from tempstudio import plugin_files

    count = plugin_files.revoke(path)
    if not count:
        raise InputError(f"plugins revoke: {path}: nothing there was trusted")
    return Answer({"revoked": count, "path": name_of(path)}, f"{path} is no longer trusted")
