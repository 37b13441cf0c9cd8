"""Whatever one plugin does, the others are there, and what it did is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tempstudio.core.errors import InputError
from tempstudio.plugin_host import HOOKS, OWN, Host

Code = Callable[..., str]
Install = Callable[..., None]


def ran(trace: Path) -> str:
    """Code that leaves a trace of having run."""
    return f"with open({str(trace)!r}, 'a') as file: file.write('ran')"


def told(host: Host, plugin: str) -> list[str]:
    return [
        f"{failure.hook}: {failure.message}"
        for failure in host.failures
        if failure.plugin == plugin
    ]


def test_the_built_ins_come_in_by_their_entry_points() -> None:
    host = Host().load()
    assert [str(failure) for failure in host.failures if failure.plugin == OWN] == []
    assert {"tspp", "megatron1", "megatron3", "fsdp"} <= set(host.partitioners())
    assert "sequential" in host.mappers() and "exhaustive" in host.solvers()
    assert all(host.offers(kind) for kind in ("reader", "machine"))
    assert host.plugins[0].own and host.plugins[0].state == "on"


def test_a_foreign_one_comes_in_the_same_way(install: Install, mapper_code: Code) -> None:
    install("foreign", mapper_code("zigzag"), "4.2", keywords="wafer,tempstudio-example")
    host = Host()
    offer = host.find("mapper", "zigzag")
    assert (offer.plugin.name, offer.plugin.version, offer.version) == ("foreign", "4.2", "2.5")
    assert offer.plugin.example and offer.plugin.summary == "of foreign"
    assert not host.find("mapper", "sequential").plugin.example


def test_an_unknown_name_is_answered_with_those_there_are(
    install: Install, mapper_code: Code
) -> None:
    install("foreign", mapper_code("zigzag"))
    install("broken", "1 / 0")
    host = Host()
    with pytest.raises(InputError) as caught:
        host.find("mapper", "zigzog")
    text = str(caught.value)
    assert text.startswith("mapper: found 'zigzog', allowed: ")
    assert "sequential" in text and "zigzag" in text and "not loaded: broken" in text


BROKEN = {
    "raises": ("1 / 0", "import of raises: ZeroDivisionError: division by zero"),
    "exits": ("import sys; sys.exit('no')", "import of exits: SystemExit: no"),
    "is-no-python": ("def", "import of is_no_python: SyntaxError: "),
    "odd": (
        "class Odd(BaseException):\n    def __str__(self): return 'a\\nb'\nraise Odd",
        "import of odd: Odd: a b",
    ),
    "misspells": (
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_maper(): return []",
        "import of misspells: PluginValidationError: unknown hook 'tempstudio_maper'",
    ),
    "asks-for-more": (
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_mappers(request): return []",
        "import of asks_for_more: PluginValidationError",
    ),
    "hook-raises": (
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_mappers(): raise OSError('x')",
        "tempstudio_mappers: OSError: x",
    ),
    "iteration-raises": (
        "import tempstudio as ts\n@ts.hookimpl\n"
        "def tempstudio_mappers():\n    yield 3\n    raise OSError('later')",
        "tempstudio_mappers: OSError: later",
    ),
    "returns-none": (
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_mappers(): return None",
        "tempstudio_mappers: TypeError: 'NoneType' object is not iterable",
    ),
    "never-ends": (
        "import tempstudio as ts, itertools\n@ts.hookimpl\n"
        "def tempstudio_mappers(): return itertools.count()",
        "tempstudio_mappers: ValueError: offers more than 1000 things",
    ),
    "no-name": (
        "import tempstudio as ts\nclass M: pass\n"
        "@ts.hookimpl\ndef tempstudio_mappers(): return [M()]",
        "tempstudio_mappers: TypeError: mapper M has no name",
    ),
    "no-method": (
        "import tempstudio as ts\nclass M: name, summary, version = 'm', '', '1'\n@ts.hookimpl\n"
        "def tempstudio_mappers(): return [M()]",
        "tempstudio_mappers: TypeError: mapper 'm' has no method map",
    ),
    "bad-machine": (
        "import tempstudio as ts\n@ts.hookimpl\ndef tempstudio_machines(): return [('m', '', 3)]",
        "tempstudio_machines: TypeError: machine 'm': expected (name, summary, machine)",
    ),
    "bad-panel": (
        "import tempstudio as ts\nclass P: name, summary, version = 'p', '', '1'\n@ts.hookimpl\n"
        "def tempstudio_panels(): return [P()]",
        "tempstudio_panels: TypeError: panel 'p' is not a tempstudio.Panel",
    ),
}


def test_every_kind_of_breakage_is_told_and_harms_nobody_else(
    install: Install, mapper_code: Code
) -> None:
    for name, (code, _) in BROKEN.items():
        install(name, code)
    install("works", mapper_code("zigzag"))
    host = Host().load()
    for name, (_, said) in BROKEN.items():
        assert any(line.startswith(said) for line in told(host, name)), (name, told(host, name))
        assert all("\n" not in line for line in told(host, name))
    assert all(failure.traceback for failure in host.failures)
    assert {"zigzag", "sequential"} <= set(host.mappers())
    assert {plugin.name for plugin in host.plugins if plugin.state == "failed"} == {
        "raises",
        "exits",
        "is-no-python",
        "odd",
        "misspells",
        "asks-for-more",
    }


def test_a_name_clash_names_both_and_ours_stays(install: Install, mapper_code: Code) -> None:
    install("b-late", mapper_code("zigzag"))
    install("a-early", mapper_code("zigzag"), "9.9")
    install("usurper", mapper_code("sequential"))
    host = Host().load()
    assert host.find("mapper", "zigzag").plugin.name == "a-early"
    assert host.find("mapper", "sequential").plugin.own
    (clash,) = told(host, "b-late")
    assert "'zigzag' is offered by a-early 9.9 and by b-late 1.0: the latter is left out" in clash
    assert "tempstudio" in told(host, "usurper")[0] and "usurper 1.0" in told(host, "usurper")[0]


def test_options_that_no_form_can_show_are_refused(install: Install, mapper_code: Code) -> None:
    install("odd-type", mapper_code("odd", fields="where: dict = ts.option({})"))
    install("bad-default", mapper_code("bad", fields="n: int = ts.option(9, maximum=5)"))
    install("no-default", mapper_code("none", fields="n: int"))
    host = Host().load()
    assert not {"odd", "bad", "none"} & set(host.mappers())
    assert (
        "mutable default" in told(host, "odd-type")[0]
        or "not supported" in told(host, "odd-type")[0]
    )
    assert "Options.n: found 9" in told(host, "bad-default")[0]
    assert "missing" in told(host, "no-default")[0]


def test_safe_mode_disabled_and_left_out_run_no_foreign_code(
    install: Install, mapper_code: Code, tmp_path: Path
) -> None:
    trace = tmp_path / "ran"
    install("foreign", mapper_code("zigzag", prelude=ran(trace)))
    for host, state in (
        (Host(safe_mode=True), "left out"),
        (Host(disabled=["foreign"]), "disabled"),
        (Host(left_out={"foreign": "it crashed a worker"}), "left out"),
    ):
        assert "zigzag" not in host.load().mappers()
        assert {p.name: p.state for p in host.plugins}["foreign"] == state
    assert not trace.exists()
    assert told(host, "foreign") == ["load: it crashed a worker"]
    assert "sequential" in Host(disabled=[OWN], left_out={OWN: "no"}).mappers()


def test_nothing_is_loaded_before_it_is_asked_for(
    install: Install, mapper_code: Code, tmp_path: Path
) -> None:
    trace = tmp_path / "ran"
    install("foreign", mapper_code("zigzag", prelude=ran(trace)))
    host = Host()
    assert not trace.exists()
    host.readers()
    assert trace.read_text() == "ran"
    host.load()
    assert trace.read_text() == "ran"


def test_every_step_into_a_plugin_is_announced(install: Install, mapper_code: Code) -> None:
    install("foreign", mapper_code("zigzag"))
    seen: list[tuple[str, str]] = []
    from contextlib import nullcontext

    def watch(plugin: str, hook: str) -> nullcontext[None]:
        seen.append((plugin, hook))
        return nullcontext()

    Host(watch=watch).load()
    assert ("foreign", "import of foreign") in seen and ("foreign", "tempstudio_mappers") in seen
    assert {hook for plugin, hook in seen if plugin == OWN} >= {
        HOOKS["partitioner"],
        HOOKS["mapper"],
    }


def test_options_of_an_older_version_are_migrated_by_their_plugin(install: Install) -> None:
    install(
        "silent",
        "import tempstudio as ts\n@ts.hookimpl\n"
        "def tempstudio_migrate_options(kind, name, version, options): return None",
    )
    install(
        "breaks",
        "import tempstudio as ts\n@ts.hookimpl\n"
        "def tempstudio_migrate_options(kind, name, version, options): raise OSError('x')",
    )
    install(
        "minds",
        "import tempstudio as ts\n@ts.hookimpl\n"
        "def tempstudio_migrate_options(kind, name, version, options):\n"
        "    return {'new': options.pop('old'), 'of': [kind, name, version]}",
    )
    host = Host()
    options = {"old": 1}
    migrated = host.migrate_options("mapper", "zigzag", "0.9", options)
    assert migrated == {"new": 1, "of": ["mapper", "zigzag", "0.9"]}
    assert options == {"old": 1}
    assert Host(safe_mode=True).migrate_options("mapper", "z", "1", options) == options


def test_a_traceback_begins_with_the_plugin_s_own_code(install: Install) -> None:
    install("broken", "def inner():\n    return 1 / 0\ninner()")
    (failure,) = [f for f in Host().load().failures if f.plugin == "broken"]
    lines = failure.traceback.splitlines()
    assert lines[0].startswith("Traceback") and "broken.py" in lines[1]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    install("unreadable", "def (:")
    (failure,) = [f for f in Host().load().failures if f.plugin == "unreadable"]
    assert "unreadable.py" in failure.traceback and "SyntaxError" in failure.traceback
