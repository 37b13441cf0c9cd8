"""The user's settings and recent files: a small JSON file that may be broken at any time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from tempstudio.core.errors import InputError
from tempstudio.storage.atomic import write_text

T = TypeVar("T")
MOST_RECENT = 12
_RECENT = "recent_files"
_DISABLED = "disabled_plugins"


def settings_path() -> Path:
    """Where the settings of this user lie."""
    from platformdirs import user_config_path

    return user_config_path("tempstudio", appauthor=False) / "settings.json"


class Settings:
    """Named values.  What cannot be read is as if never set; a broken file is put aside.

    >>> import tempfile
    >>> settings = Settings(Path(tempfile.mkdtemp()) / "settings.json")
    >>> settings.get("theme", "system")
    'system'
    >>> settings.set("theme", "dark")
    True
    >>> Settings(settings.path).get("theme", "system")
    'dark'
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_path()
        self._values = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(values, dict):
                return values
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            pass
        self._put_aside()
        return {}

    def _put_aside(self) -> None:
        try:
            self.path.replace(self.path.with_suffix(".broken"))
        except OSError:
            return  # it stays, and the next `set` writes over it

    def get(self, key: str, default: T) -> T:
        """A value, or `default` where there is none of the default's type."""
        value: Any = self._values.get(key, default)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        kept: T = value if type(value) is type(default) else default
        return kept

    def set(self, key: str, value: Any) -> bool:
        """Keep a value; False where the file cannot be written (it holds for this session)."""
        self._values[key] = value
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path, json.dumps(self._values, indent=1, sort_keys=True) + "\n")
        except (InputError, OSError):
            return False
        return True

    def recent_files(self) -> list[Path]:
        """Project files opened or saved lately that still exist, the latest first."""
        return [path for path in map(Path, self._listed()) if _exists(path)]

    def add_recent(self, path: Path) -> bool:
        """Put a file at the head of the recent ones."""
        place = str(path.absolute())
        others = [item for item in self._listed() if item != place]
        return self.set(_RECENT, [place, *others][:MOST_RECENT])

    def _listed(self) -> list[str]:
        empty: list[Any] = []
        return [item for item in self.get(_RECENT, empty) if isinstance(item, str)]

    def disabled_plugins(self) -> tuple[str, ...]:
        """Names of the plugins that the person has switched off."""
        empty: list[Any] = []
        return tuple(item for item in self.get(_DISABLED, empty) if isinstance(item, str))

    def set_disabled(self, plugin: str, off: bool) -> bool:
        """Switch a plugin off, or on again."""
        others = {name for name in self.disabled_plugins() if name != plugin}
        return self.set(_DISABLED, sorted(others | {plugin} if off else others))

    def forget_recent(self) -> bool:
        """Empty the list of recent files."""
        return self.set(_RECENT, [])


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
