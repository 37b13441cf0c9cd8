"""The plugins that are there, what they offer and what failed; new ones, checks, consent.

`new` makes a package that works, `check` runs the conformance suite on a package, a file or an
installed plugin (its code runs) and ends with status 3 where a rule is broken.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tempstudio.cli.answer import DONE, NO_PLAN, Answer
from tempstudio.cli.arguments import one_of
from tempstudio.cli.output_file import name_of
from tempstudio.cli.plugin_access import add_plugin_flags, host_of
from tempstudio.cli.table import table
from tempstudio.core.errors import InputError
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio plugins"
ACTIONS = ("new", "check", "trust", "revoke", "enable", "disable")
KINDS = ("partitioner", "mapper", "solver", "reader", "panel")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which plugin; nothing lists them."""
    parser.add_argument(
        "action",
        nargs="?",
        type=one_of(*ACTIONS),
        metavar="|".join(ACTIONS),
        help="make a package, hold a plugin against the rules, agree to run a file or folder "
        "plugin as it is now, take that back, switch a plugin on or off by its name",
    )
    parser.add_argument(
        "path", nargs="?", metavar="PATH|NAME", help="the plugin's file or folder, or its name"
    )
    parser.add_argument(
        "--kind",
        type=one_of(*KINDS),
        metavar="|".join(KINDS),
        help="what a new plugin offers",
    )
    add_plugin_flags(parser)


def execute(arguments: argparse.Namespace) -> Answer:
    """The list, or what the action did."""
    if arguments.action is None:
        if arguments.kind:
            raise InputError("--kind: found without plugins new")
        return _listed(arguments)
    if not arguments.path:
        raise InputError(f"plugins {arguments.action}: missing: PATH")
    if arguments.kind and arguments.action != "new":
        raise InputError(f"--kind: found with plugins {arguments.action}, allowed: plugins new")
    if arguments.action == "new":
        return _new(Path(arguments.path), arguments.kind)
    if arguments.action == "check":
        return _check(arguments.path, arguments.debug)
    if arguments.action in ("enable", "disable"):
        return _switch(arguments, arguments.path, on=arguments.action == "enable")
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


def _new(folder: Path, kind: str | None) -> Answer:
    from tempstudio.scaffold import write_package

    if kind is None:
        raise InputError(f"plugins new: missing: --kind {'|'.join(KINDS)}")
    files = [name_of(path) for path in write_package(folder, kind)]
    steps = f"try it with: tempstudio plugins check {name_of(folder)}"
    return Answer(
        {"new": folder.name, "kind": kind, "path": name_of(folder), "files": files},
        "\n".join([*files, steps]),
    )


def _check(target: str, debug: bool) -> Answer:
    from tempstudio import conformance
    from tempstudio.conformance.source import CHECKED, find

    source = find(target)
    rows = [
        {"kind": "", "name": "", "check": failure.hook, "passed": False}
        | {"message": failure.message, "seconds": 0.0, "traceback": failure.traceback}
        for failure in source.failures
    ]
    for offer in source.offers:
        rows += [
            {"kind": offer.kind, "name": offer.name, "check": str(finding.check)}
            | {"passed": finding.passed, "message": finding.message}
            | {"seconds": round(finding.seconds, 3), "traceback": finding.traceback}
            for finding in conformance.examine(offer.kind, offer)
        ]
    if not rows:
        rows = [
            {"kind": "", "name": "", "check": "offers", "passed": False, "seconds": 0.0}
            | {"message": f"offers no {', no '.join(CHECKED)}", "traceback": ""}
        ]
    broken = [row for row in rows if not row["passed"]]
    if debug:
        import sys

        for row in broken:
            print(row["traceback"], file=sys.stderr)
    document = {"plugin": source.plugin, "passed": not broken, "checks": rows}
    found = f"{len(broken)} of {len(rows)} checks failed" if broken else ""
    complaint = f"plugins check: {source.plugin}: {found}" if broken else ""
    return Answer(document, lambda: _findings(rows), NO_PLAN if broken else DONE, complaint)


def _findings(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        word = "ok" if row["passed"] else "BROKEN"
        lines.append((row["kind"], row["name"], row["check"], word, row["message"]))
    return table(("kind", "name", "check", "", "what was found"), lines)


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


def _switch(arguments: argparse.Namespace, name: str, on: bool) -> Answer:
    from tempstudio.storage.settings import Settings

    settings = Settings()
    known = {plugin.name for plugin in host_of(arguments)().present()}
    if name not in known | set(settings.disabled_plugins()):
        allowed = ", ".join(sorted(known)) or "nothing: there are only the built-ins"
        word = "enable" if on else "disable"
        raise InputError(f"plugins {word}: found {name[:60]!r}, allowed: {allowed}")
    if not settings.set_disabled(name, not on):
        raise InputError(f"{settings.path}: not saved: the settings cannot be written")
    word = "on" if on else "off"
    return Answer({"plugin": name, "enabled": on}, f"{name} is switched {word}, in the window too")


def _revoke(path: Path) -> Answer:
    from tempstudio import plugin_files

    count = plugin_files.revoke(path)
    if not count:
        raise InputError(f"plugins revoke: {path}: nothing there was trusted")
    return Answer({"revoked": count, "path": name_of(path)}, f"{path} is no longer trusted")
