"""What the workers found of plugins, told to the person: missing, not agreed to, just loaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from tempstudio.catalogue import STRATEGY_KINDS, absent_strategies, missing_from
from tempstudio.core.project import StrategyChoice
from tempstudio.gui.job import Job
from tempstudio.storage.project_document import STRATEGIES, needs_in_file

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow
    from tempstudio.gui.plugin_desk import PluginDesk

_SEEN = "untrusted_plugins_seen"
_MOST_SEEN = 200

Offered = tuple[str, str]  # kind and name


class PluginNews(QObject):
    """Reads every catalogue for one window."""

    def __init__(self, desk: PluginDesk, window: MainWindow) -> None:
        super().__init__(window)
        self._desk, self._window, self._studio = desk, window, window.studio
        self._awaited: set[Path] = set()
        jobs = self._studio.jobs
        jobs.catalogue_changed.connect(self.take)
        jobs.plugin_failed.connect(self._tell_failed)
        jobs.plugin_stalled.connect(self._tell_slow)
        jobs.job_changed.connect(self._tell_stalled)
        self._studio.project_shown.connect(lambda _: self.tell_missing())

    def await_outcome(self, path: Path) -> None:
        """Tell, with the next catalogue, what has become of a plugin under development."""
        self._awaited.add(path)

    def take(self, catalogue: dict[str, Any]) -> None:
        """The plugins offer this now."""
        loaded = {plugin["name"] for plugin in catalogue["plugins"] if plugin["state"] == "on"}
        for name in loaded:
            self._window.messages.dismiss_key(f"slow {name}")
        self.tell_missing()
        self._tell_untrusted(catalogue)
        for path in sorted(self._awaited):
            self._awaited.discard(path)
            self._tell_outcome(path, catalogue)

    def _tell_failed(self, header: dict[str, Any]) -> None:
        self._window.messages.dismiss_key(f"slow {header['plugin']}")
        self._studio.say(
            f"{_sentence(header['message'])}. It is left out until plugins are reloaded.",
            "error",
            key=f"failed {header['plugin']}",
            details=header.get("traceback", ""),
            choices=(("Plugins…", self._desk.show),),
        )

    def _tell_slow(self, header: dict[str, Any]) -> None:
        self._studio.say(
            f"{_sentence(header['message'])}. The rest goes on without it meanwhile.",
            "warning",
            key=f"slow {header['plugin']}",
        )

    def _tell_stalled(self, job: Job | None) -> None:
        """A plugin in a run says nothing; the status bar has no room for who it is."""
        if job is None or not job.stalled:
            self._window.messages.dismiss_key("stalled")
        elif "stalled" not in [message.key for message in self._window.messages.messages]:
            cancel = (("Cancel", self._studio.cancel),)
            self._studio.say(_sentence(job.stalled), "warning", key="stalled", choices=cancel)

    def _tell_outcome(self, path: Path, catalogue: dict[str, Any]) -> None:
        name = file_plugin(path)
        failures = [f for f in catalogue["failures"] if f["plugin"] == name]
        offers = offers_of(name, catalogue)
        editor = self._desk.editors.get(path)
        if editor is not None:
            editor.show_outcome(offers, failures)
        if failures:
            first = failures[0]
            self._studio.say(
                f"{path.name}, {first['hook']}: {first['message']}",
                "error",
                key=name,
                details=first.get("traceback", ""),
            )
            return
        listed = ", ".join(f"{kind} {offered}" for kind, offered in offers)
        choices = [
            (f"Use {offered}", partial(self._use, kind, offered))
            for kind, offered in offers
            if kind in STRATEGY_KINDS and getattr(self._studio.project, kind).name != offered
        ]
        text = f"Loaded {path.name}: {listed or 'it offers nothing'}"
        self._studio.say(text, "ok", key=name, choices=choices[:1], fleeting=True)

    def _use(self, kind: str, name: str) -> None:
        self._window.requests.choose_strategy(kind, StrategyChoice(name))

    def _tell_untrusted(self, catalogue: dict[str, Any]) -> None:
        """Say once of each state of a plugin that nobody has agreed to it."""
        empty: list[Any] = []
        settings = self._window.settings
        seen = [item for item in settings.get(_SEEN, empty) if isinstance(item, str)]
        found = {
            f"{plugin['path']} {plugin['version']}": plugin["path"]
            for plugin in catalogue["plugins"]
            if plugin["state"] == "not trusted"
        }
        fresh = [path for state, path in found.items() if state not in seen]
        if not fresh:
            return
        settings.set(_SEEN, [*seen, *found][-_MOST_SEEN:])
        one = len(fresh) == 1
        text = (
            f"The plugin {fresh[0]} does not run: nobody has agreed to it as it is now."
            if one
            else f"{len(fresh)} plugins do not run: nobody has agreed to them as they are."
        )
        review = partial(self._desk.ask_consent, Path(fresh[0])) if one else self._desk.show
        self._studio.say(text, "info", key="untrusted", choices=(("Review…", review),))

    def tell_missing(self) -> None:
        """A banner that names what the project needs and is not there; the rest works."""
        catalogue, project = self._studio.catalogue, self._studio.project
        if catalogue is None:
            return
        lines = missing_from(project, catalogue, needs_in_file(project))
        self._studio.lacks_strategy = lines[0].split(";")[0] if lines else ""
        if not lines:
            self._window.messages.dismiss_key("missing")
            return
        absent = absent_strategies(project, catalogue)
        names = " and ".join(STRATEGIES[kind] for kind in absent)
        text = "; ".join(lines)
        self._studio.say(
            f"{_sentence(text)}. The rest works, and the file keeps what it says.",
            "warning",
            key="missing",
            choices=(
                (f"Use {names}", partial(self._stand_in, absent)),
                ("Plugins…", self._desk.show),
            ),
        )

    def _stand_in(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            self._use(kind, STRATEGIES[kind])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".")


def offers_of(plugin: str, catalogue: dict[str, Any]) -> list[Offered]:
    """(kind, name) of everything that one plugin offers."""
    offers = [
        (kind, offer["name"])
        for kind, offered in catalogue["kinds"].items()
        for offer in offered
        if offer["plugin"] == plugin
    ]
    offers += [("machine", m["name"]) for m in catalogue["machines"] if m["plugin"] == plugin]
    return offers + [("sample", s["title"]) for s in catalogue["samples"] if s["plugin"] == plugin]


def file_plugin(path: Path) -> str:
    """What the host calls a plugin that is a file or folder."""
    return f"file:{path.stem if path.suffix == '.py' else path.name}"
