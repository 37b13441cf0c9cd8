"""New plugin packages: `tempstudio plugins new NAME --kind KIND`.

The files beside this one are the templates; `$name`, `$module` and `$kind` are filled in.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from tempstudio.core.errors import InputError

KINDS = ("partitioner", "mapper", "solver", "reader", "panel")
TEMPLATES = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_package(folder: Path, kind: str) -> list[Path]:
    """Make a plugin package that works as it is, named like its folder; the files written.

    Raises `InputError` where the name is none for a package, the kind is not one of `KINDS`, the
    folder exists already or cannot be made.
    """
    name = folder.name
    if not _NAME.fullmatch(name):
        raise InputError(
            f"plugins new: found the name {name[:60]!r}, "
            "allowed: a-z and 0-9, words joined by hyphens, a letter first"
        )
    if kind not in KINDS:
        raise InputError(f"--kind: found {kind!r}, allowed: {', '.join(KINDS)}")
    module = f"tempstudio_{name.replace('-', '_')}"
    texts = {
        "pyproject.toml": _filled("pyproject.toml", name, module, kind),
        "README.md": _filled("README.md", name, module, kind),
        f"src/{module}/__init__.py": _filled(f"{kind}.py", name, module, kind),
        f"tests/test_{module}.py": _filled(f"test_{kind}.py", name, module, kind),
    }
    try:
        folder.mkdir()
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise InputError(f"plugins new: {folder}: is there already") from None
    except OSError as error:
        raise InputError(
            f"plugins new: {folder}: {(error.strerror or str(error)).lower()}"
        ) from None
    return [folder / path for path in texts]


def write_file(folder: Path, kind: str) -> Path:
    """Make a plugin of one file, `my_KIND.py` (or with a number), that works as it is."""
    number = 1
    while True:
        stem = f"my_{kind}" if number == 1 else f"my_{kind}_{number}"
        path = folder / f"{stem}.py"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(_filled(f"{kind}.py", stem.replace("_", "-"), stem, kind))
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from None
        return path


def _filled(template: str, name: str, module: str, kind: str) -> str:
    path = TEMPLATES / f"{template}.txt"
    if not path.exists():
        path = TEMPLATES / "test_strategy.py.txt"
    text = Template(path.read_text(encoding="utf-8"))
    return text.substitute(name=name, module=module, kind=kind)
