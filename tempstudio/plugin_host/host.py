"""Find plugins, load them, ask each hook of each in turn, and remember what failed.

Every strategy, built-in or foreign, comes in through the entry points of group
`tempstudio.plugins`; nothing here names one.  pluggy stops at the first plugin that raises, so each
entry point is loaded in its own try and each implementation is asked in its own try, the iteration
of its answer included.  A broken plugin is a `Failure` in a list, never the end of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from tempstudio import hookspecs, plugin_files
from tempstudio.core.errors import InputError
from tempstudio.plugin_host.offers import (
    HOOKS,
    OWN,
    Failure,
    Offer,
    Plugin,
    checked_offer,
    one_line,
    trace_of,
)

EXAMPLE_KEYWORD = "tempstudio-example"  # in a distribution's keywords: it is one of our examples
MOST_OFFERS = 1000
DIGITS = 8  # of a file's digest

Watch = Callable[[str, str], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class _Source:
    """Something loadable: where it belongs, what it is called, and how to get the hooks' holder."""

    plugin: Plugin
    name: str
    load: Callable[[], object]


class Host:
    """The plugins of this process.  Nothing is loaded before the first question.

    `disabled` names plugins that the user has switched off; `left_out` those that broke an earlier
    worker, with the reason.  `folders` are searched for plugins that are files or folders and that
    the user has agreed to (default: the user's own plugins folder); `develop` are such plugins run
    as they are, for whoever writes them.  `watch(plugin, hook)` is entered around every step into
    a plugin's code.
    """

    def __init__(
        self,
        safe_mode: bool = False,
        disabled: Iterable[str] = (),
        folders: Iterable[str | Path] | None = None,
        develop: Iterable[str | Path] = (),
        left_out: Mapping[str, str] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.safe_mode = safe_mode
        self._disabled = frozenset(disabled)
        self._folders = folders if folders is None else tuple(Path(folder) for folder in folders)
        self._develop = tuple(Path(path) for path in develop)
        self._left_out = dict(left_out or {})
        self._watch: Watch = watch or (lambda plugin, hook: nullcontext())
        self._plugins: dict[str, Plugin] = {}
        self._failures: list[Failure] = []
        self._offers: dict[str, dict[str, Offer]] = {}
        self._manager: pluggy.PluginManager | None = None
        self._owner: dict[int, str] = {}

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """All that were found, loaded or not, the program's own first."""
        self._loaded()
        return tuple(sorted(self._plugins.values(), key=lambda plugin: not plugin.own))

    def present(self) -> tuple[Plugin, ...]:
        """All that are there, the program's own aside; nothing of theirs is run for this."""
        found = {source.plugin.name: source.plugin for source in self._sources()}
        return tuple(plugin for plugin in (self._plugins | found).values() if not plugin.own)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What has failed so far; `load()` first to know of everything."""
        return tuple(self._failures)

    def load(self) -> Host:
        """Load every plugin and ask every hook now."""
        for kind in HOOKS:
            self.offers(kind)
        return self

    def partitioners(self) -> dict[str, Offer]:
        """Partitioners by name."""
        return self.offers("partitioner")

    def mappers(self) -> dict[str, Offer]:
        """Mappers by name."""
        return self.offers("mapper")

    def solvers(self) -> dict[str, Offer]:
        """Solvers by name."""
        return self.offers("solver")

    def readers(self) -> dict[str, Offer]:
        """Readers of model files by name."""
        return self.offers("reader")

    def machines(self) -> dict[str, Offer]:
        """Machine presets by name."""
        return self.offers("machine")

    def samples(self) -> dict[str, Offer]:
        """Sample projects by title; the object is the file's path."""
        return self.offers("sample")

    def exporters(self) -> dict[str, Offer]:
        """Exporters by name."""
        return self.offers("exporter")

    def panels(self) -> dict[str, Offer]:
        """Panels by name."""
        return self.offers("panel")

    def offers(self, kind: str) -> dict[str, Offer]:
        """Everything of one kind (a key of `HOOKS`) by name."""
        if kind not in self._offers:
            found: dict[str, Offer] = {}
            for offer in self._asked(kind):
                self._add(found, offer)
            self._offers[kind] = found
        return self._offers[kind]

    def names(self, kind: str) -> list[str]:
        """Names of everything of one kind, sorted."""
        return sorted(self.offers(kind))

    def find(self, kind: str, name: str) -> Offer:
        """One offer; `InputError` lists what there is, and which plugins did not load."""
        offers = self.offers(kind)
        if name in offers:
            return offers[name]
        allowed = ", ".join(sorted(offers)) or f"nothing: no plugin offers a {kind}"
        broken = [f"{p.name}, {p.state}" for p in self._plugins.values() if p.state != "on"]
        hint = f" (not loaded: {'; '.join(broken)})" if broken else ""
        raise InputError(f"{kind}: found {name!r}, allowed: {allowed}{hint}")

    def migrate_options(
        self, kind: str, name: str, version: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        """Options saved by `version` of a strategy, brought up to date where a plugin does so."""
        hook = "tempstudio_migrate_options"
        for plugin, call in self._calls(hook):
            answer = self._try(plugin, hook, partial(call, kind, name, version, dict(options)))
            if isinstance(answer, dict):
                return answer
        return options

    def _loaded(self) -> pluggy.PluginManager:
        if self._manager is None:
            self._manager = _manager()
            for source in self._sources():
                self._load(source, self._manager)
        return self._manager

    def _sources(self) -> list[_Source]:
        sources = list(_installed())
        if not self.safe_mode:
            sources += self._files()
        return sorted(sources, key=lambda s: (not s.plugin.own, s.plugin.name, s.name))

    def _files(self) -> Iterator[_Source]:
        """Plugins that are files: those under development, and those agreed to.

        The others are only noted: they were read, and nothing of theirs runs.
        """
        folders = (plugin_files.user_folder(),) if self._folders is None else self._folders
        names: set[str] = set()
        developed = list(self._developed())
        for file in developed:
            yield _file_source(file, names)
        taken = {file.path for file in developed}
        found = [file for file in plugin_files.found(folders) if file.path not in taken]
        agreed = plugin_files.agreed()
        for file in found:
            if file.digest in agreed:
                yield _file_source(file, names)
        for file in found:
            if file.digest not in agreed:
                plugin = _file_source(file, names).plugin
                self._plugins[plugin.name] = replace(plugin, state="not trusted")

    def _developed(self) -> Iterator[plugin_files.FilePlugin]:
        for path in self._develop:
            try:
                yield plugin_files.read(path)
            except InputError as error:
                self._failures.append(Failure(f"file:{path.stem}", "load", str(error)))

    def _load(self, source: _Source, manager: pluggy.PluginManager) -> None:
        plugin = self._plugins.setdefault(source.plugin.name, source.plugin)
        reason = self._why_not(plugin)
        if reason:
            return
        hook = f"import of {source.name}"

        def load_and_register() -> None:
            holder = source.load()
            # A scratch manager first: a holder that is refused half-way leaves nothing behind.
            scratch = _manager()
            scratch.register(holder)
            scratch.check_pending()
            manager.register(holder, name=f"{plugin.name}:{source.name}")
            self._owner[id(holder)] = plugin.name

        before = len(self._failures)
        self._try(plugin, hook, load_and_register)
        if len(self._failures) > before:
            self._plugins[plugin.name] = replace(plugin, state="failed")

    def _why_not(self, plugin: Plugin) -> str:
        """Why a plugin is not loaded ("" if it is to be), noted in its state."""
        reason = ""
        if plugin.name in self._left_out and not plugin.own:
            reason = self._left_out[plugin.name]
            failure = Failure(plugin.name, "load", reason)
            if failure not in self._failures:
                self._failures.append(failure)
        elif self.safe_mode and not plugin.own:
            reason = "safe mode"
        elif plugin.name in self._disabled and not plugin.own:
            self._plugins[plugin.name] = replace(plugin, state="disabled")
            return "disabled"
        if reason:
            self._plugins[plugin.name] = replace(plugin, state="left out")
        return reason

    def _calls(self, hook: str) -> list[tuple[Plugin, Callable[..., Any]]]:
        caller = getattr(self._loaded().hook, hook)
        calls = []
        for implementation in caller.get_hookimpls():
            owner = self._owner.get(id(implementation.plugin), OWN)
            calls.append((self._plugins[owner], implementation.function))
        return sorted(calls, key=lambda pair: (not pair[0].own, pair[0].name))

    def _asked(self, kind: str) -> Iterator[Offer]:
        hook = HOOKS[kind]
        for plugin, call in self._calls(hook):

            def ask(call: Callable[..., Any] = call) -> list[Any]:
                answer = []
                for item in call():
                    answer.append(item)
                    if len(answer) > MOST_OFFERS:
                        raise ValueError(f"offers more than {MOST_OFFERS} things")
                return answer

            for item in self._try(plugin, hook, ask) or ():
                offer = self._try(plugin, hook, partial(checked_offer, kind, item, plugin))
                if offer is not None:
                    yield offer

    def _add(self, found: dict[str, Offer], offer: Offer) -> None:
        first = found.setdefault(offer.name, offer)
        if first is not offer:
            self._failures.append(
                Failure(
                    offer.plugin.name,
                    HOOKS[offer.kind],
                    f"{offer.kind} {offer.name!r} is offered by {_called(first.plugin)} and by "
                    f"{_called(offer.plugin)}: the latter is left out",
                )
            )

    def _try(self, plugin: Plugin, hook: str, step: Callable[[], Any]) -> Any:
        """Run a plugin's code; whatever it raises becomes a `Failure` and the answer None."""
        try:
            with self._watch(plugin.name, hook):
                return step()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit too: a plugin may not end us
            self._failures.append(Failure(plugin.name, hook, one_line(error), trace_of(error)))
            return None


@lru_cache(maxsize=2)
def shared_host(safe_mode: bool = False) -> Host:
    """The host of a script or a command, asked again and again."""
    return Host(safe_mode=safe_mode)


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return manager


def _called(plugin: Plugin) -> str:
    return f"{plugin.name} {plugin.version}".strip()


def _installed() -> Iterator[_Source]:
    for entry in metadata.entry_points(group=hookspecs.ENTRY_POINT_GROUP):
        yield _Source(_distribution(entry), entry.name, entry.load)


def _file_source(file: plugin_files.FilePlugin, names: set[str]) -> _Source:
    """A file as a source under a name that is not among `names`, and then is."""
    # The prefix keeps a file from passing for an installed distribution, or for us.
    name = f"file:{file.name}"
    if name in names:
        name = f"{name} in {file.path.parent}"
    names.add(name)
    version = file.digest[:DIGITS]  # a file has no other: what made a run can be told by it
    return _Source(Plugin(name, version, str(file.path)), file.name, file.load)


def _distribution(entry: metadata.EntryPoint) -> Plugin:
    distribution = entry.dist
    if distribution is None:
        return Plugin(entry.name, "")
    about = distribution.metadata
    keywords = (_entry(about, "Keywords")).replace(",", " ").split()
    return Plugin(
        name=distribution.name,
        version=distribution.version,
        path=str(distribution.locate_file("")),
        summary=_entry(about, "Summary"),
        example=EXAMPLE_KEYWORD in keywords,
    )


def _entry(about: metadata.PackageMetadata, key: str) -> str:
    return str(about[key] or "") if key in about else ""
