"""`plugins new` makes packages that work, `plugins check` says so, or what is wrong."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from tempstudio import conformance
from tempstudio.cli import main
from tempstudio.scaffold import KINDS

QUICK = ("description", "options", "1 x 1", "cancel", "broken files")


@pytest.fixture(autouse=True)
def _own_imports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_whole_and_keeps_the_rules(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "new", f"fresh-{kind}", "--kind", kind, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    files = [tmp_path / path for path in document["files"]]
    assert all(path.read_text() and "$" not in path.read_text() for path in files)
    for path in files:
        if path.suffix == ".py":
            compile(path.read_text(), str(path), "exec")
            assert max(map(len, path.read_text().splitlines())) <= 100
    sys.path.insert(0, str(tmp_path / f"fresh-{kind}" / "src"))
    plugin = importlib.import_module(f"tempstudio_fresh_{kind}").PLUGIN
    checks = [check for check in conformance.checks(kind) if check.name in QUICK]
    assert len(checks) >= 2
    for check in checks:
        check(plugin)


def test_a_new_package_passes_the_check_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plugins", "new", "fresh", "--kind", "panel"]) == 0
    capsys.readouterr()
    assert main(["plugins", "check", "fresh", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] and document["plugin"] == "tempstudio-fresh"
    assert [row["check"] for row in document["checks"]] == [
        str(check) for check in conformance.checks("panel")
    ]
    # What was changed since is what is checked, though the module is loaded already.
    module = Path("fresh/src/tempstudio_fresh/__init__.py")
    module.write_text(module.read_text().replace("1e3 *", "'ms' if seconds else"))
    assert main(["plugins", "check", "fresh"]) == 3
    captured = capsys.readouterr()
    assert "BROKEN" in captured.out
    assert captured.err.startswith("tempstudio: plugins check: tempstudio-fresh: ")


BAD_FILES = {
    "1 / 0": "ZeroDivisionError: division by zero",
    "x = 1": "offers no partitioner",
    "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_maper(): return []": "unknown hook",
    "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_mappers(): return [3]": "has no name",
}


@pytest.mark.parametrize("code", BAD_FILES)
def test_what_does_not_load_is_told(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.py").write_text(code)
    assert main(["plugins", "check", "odd.py"]) == 3
    assert BAD_FILES[code] in capsys.readouterr().out


REFUSED = {
    "plugins check": "missing: PATH",
    "plugins check nothing": "found 'nothing', which is no file, folder or strategy",
    "plugins check empty": "expected a .py file or a folder with an __init__.py",
    "plugins check bare": "nothing in the group 'tempstudio.plugins'",
    "plugins new fresh": "missing: --kind partitioner|mapper",
    "plugins new Fresh --kind mapper": "found the name 'Fresh'",
    "plugins new empty --kind mapper": "is there already",
    "plugins new no/where --kind mapper": "no such file or directory",
    "plugins new fresh --kind panels": "found 'panels', allowed: partitioner",
    "plugins trust x.py --kind panel": "allowed: plugins new",
    "plugins --kind panel": "found without plugins new",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_wrong_is_said_in_one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    Path("bare").mkdir()
    Path("bare/pyproject.toml").write_text("[project]\nname = 'bare'\n")
    assert main(words.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert REFUSED[words] in captured.err
