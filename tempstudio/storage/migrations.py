"""Older versions of the project format, brought up to date one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tempstudio.core.errors import InputError

FORMAT = "tempstudio"
Migration = Callable[[dict[str, Any]], dict[str, Any]]

# Step i takes a document of version i + 1 to version i + 2.  Version 1 is the first.
MIGRATIONS: tuple[Migration, ...] = ()
VERSION = len(MIGRATIONS) + 1


def migrated(document: Any, migrations: Sequence[Migration] = MIGRATIONS) -> dict[str, Any]:
    """The document in the newest version; the one that was given is not changed.

    `InputError` where it is no project at all, or one of a newer version.
    """
    version = version_of(document)
    newest = len(migrations) + 1
    if version > newest:
        app = document.get("app")
        by = f" by {app}" if isinstance(app, str) and len(app) <= 60 else ""
        known = "version 1" if newest == 1 else f"versions 1 to {newest}"
        raise InputError(
            f"version: saved{by} in version {version} of the format; "
            f"this program reads {known}: update it"
        )
    for step, migrate in enumerate(migrations[version - 1 :], start=version):
        document = {**migrate(dict(document)), "version": step + 1}
    return dict(document)


def version_of(document: Any) -> int:
    """The version of a project document; `InputError` where it is none."""
    if not isinstance(document, dict):
        raise InputError("not a TempStudio project: expected an object")
    if document.get("format") != FORMAT:
        found = repr(document.get("format"))[:40] if "format" in document else "nothing"
        raise InputError(f"not a TempStudio project: format: found {found}, expected {FORMAT!r}")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        found = repr(version)[:40]
        raise InputError(f"version: found {found}, expected a whole number of at least 1")
    return version
