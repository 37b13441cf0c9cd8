"""The plugins that a command works with."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from tempstudio.core.errors import InputError

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host


def add_plugin_flags(parser: argparse.ArgumentParser) -> None:
    """`--safe-mode` and `--develop`."""
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")
    parser.add_argument(
        "--develop",
        action="append",
        default=[],
        metavar="PATH",
        help="run a plugin's file or folder as it is, this once (may be repeated)",
    )


def host_of(arguments: argparse.Namespace) -> partial[Host]:
    """A function that gives the plugins: those installed, developed, and trusted.

    Trusted ones are looked for in the user's plugins folder, and in `plugins` beside the project.
    """
    check_developed(arguments.develop, arguments.safe_mode)
    project = getattr(arguments, "project", None)
    beside = Path(project).absolute().parent / "plugins" if project else None
    return partial(host_for, arguments.safe_mode, tuple(arguments.develop), beside)


def check_developed(paths: Sequence[str], safe_mode: bool = False) -> None:
    """`InputError` where a plugin under development is not there, or is to stay out."""
    from tempstudio.plugin_files import read

    if paths and safe_mode:
        raise InputError("--develop: not allowed with --safe-mode, which takes the built-ins alone")
    for path in paths:
        if not Path(path).exists():
            raise InputError(f"--develop: {path}: no such file or folder")
        try:
            read(Path(path))
        except InputError as error:
            raise InputError(f"--develop: {error}") from None


def check_loaded(host: Host, paths: Sequence[str]) -> None:
    """`InputError` where a plugin under development did not load, or has nothing to offer."""
    from tempstudio.plugin_files import read
    from tempstudio.plugin_host import HOOKS

    for path in paths:
        name = f"file:{read(Path(path)).name}"
        offered = {offer.plugin.name for kind in HOOKS for offer in host.offers(kind).values()}
        for failure in host.failures:
            if failure.plugin == name:
                raise InputError(f"--develop: {path}, {failure.hook}: {failure.message}")
        if name not in offered:
            raise InputError(f"--develop: {path}: it offers nothing, allowed: {', '.join(HOOKS)}")


@lru_cache(maxsize=4)
def host_for(
    safe_mode: bool = False, develop: tuple[str, ...] = (), beside: Path | None = None
) -> Host:
    """The host of these plugins, asked again and again; those switched off stay out."""
    import faulthandler

    from tempstudio.plugin_files import user_folder
    from tempstudio.plugin_host import Host
    from tempstudio.storage.settings import Settings

    folders = [user_folder()] if beside is None else [user_folder(), beside]
    if not faulthandler.is_enabled():
        faulthandler.enable()  # a plugin that crashes here leaves its file and line on stderr
    disabled = Settings().disabled_plugins()
    return Host(safe_mode=safe_mode, disabled=disabled, folders=folders, develop=develop)
