"""The document of `tempstudio route`: what it says adds up, and what is wrong is named."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.routing import route_report

B, ALPHA = 4e12, 200e-9


def document(*flows: dict[str, Any], **machine: Any) -> dict[str, Any]:
    return {"machine": {"rows": 3, "cols": 4, **machine}, "flows": list(flows)}


def flow(source: Any, target: Any, size: Any = 1e9) -> dict[str, Any]:
    return {"source": source, "target": target, "bytes": size}


@pytest.mark.parametrize("mapper", ["traffic-conscious", "sequential", "gemini"])
@pytest.mark.parametrize("single_path", [False, True])
def test_loads_add_up(mapper: str, single_path: bool) -> None:
    asked = document(
        flow([0, 0], [2, 3]),
        flow([2, 0], [0, 3], 3e9),
        {"source": [1, 1], "targets": [[0, 3], [2, 3], [1, 1]], "bytes": 2e9},
        dead_links=[[[0, 0], [0, 1]]],
    )
    report = route_report(asked, mapper=mapper, single_path=single_path)
    loads: dict[Any, float] = {}
    for wanted, answer in zip(asked["flows"], report["flows"], strict=True):
        ways = answer.get("routes") or answer["trees"]
        assert ("trees" in answer) == ("targets" in wanted)
        assert sum(way["fraction"] for way in ways) == pytest.approx(1.0, abs=1e-12)
        assert len(ways) <= (4 if mapper == "traffic-conscious" and not single_path else 1)
        for way in ways:
            for a, b in way.get("edges") or pairwise(way["path"]):
                assert abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1
                key = tuple(a), tuple(b)
                loads[key] = loads.get(key, 0.0) + way["fraction"] * wanted["bytes"]
    assert ((0, 0), (0, 1)) not in loads
    assert max(loads.values()) == pytest.approx(report["max_link_bytes"])
    assert sum(loads.values()) == pytest.approx(report["byte_hops"])
    assert report["bound_bytes"] <= report["max_link_bytes"] * (1 + 1e-6)
    assert report["bound_exact"]
    assert report["time_s"] >= report["max_link_bytes"] / B


def test_one_flow_on_one_path_has_the_closed_form() -> None:
    report = route_report(document(flow([0, 0], [2, 3])), mapper="sequential")
    assert report["time_s"] == pytest.approx(1e9 / B + 5 * ALPHA, rel=1e-12)
    assert report["contention_factor"] == pytest.approx(1.0)
    path = [[0, 0], [0, 1], [0, 2], [0, 3], [1, 3], [2, 3]]
    assert report["flows"] == [{"routes": [{"fraction": 1.0, "path": path}]}]


def test_several_paths_beat_a_flow_alone() -> None:
    report = route_report(document(flow([0, 0], [2, 3])))
    assert report["time_s"] == pytest.approx(0.5e9 / B + 5 * ALPHA, rel=1e-3)
    assert report["contention_factor"] < 0.51


def test_flows_in_each_others_way() -> None:
    """Three flows over one link of a line: the phase takes three times as long."""
    line = {"rows": 1, "cols": 3}
    asked = {"machine": line, "flows": [flow([0, 0], [0, 2]), flow([0, 1], [0, 2], 2e9)]}
    report = route_report(asked)
    assert report["max_link_bytes"] == report["bound_bytes"] == pytest.approx(3e9)
    assert report["time_s"] == pytest.approx(3e9 / B + 2 * ALPHA)
    assert report["contention_factor"] == pytest.approx((3e9 / B + 2 * ALPHA) / (2e9 / B + ALPHA))


def test_a_flow_that_stays_put() -> None:
    report = route_report(document(flow([1, 1], [1, 1])))
    assert report["flows"] == [{"routes": [{"fraction": 1.0, "path": [[1, 1]]}]}]
    assert (report["time_s"], report["max_link_bytes"], report["bound_bytes"]) == (0.0, 0.0, 0.0)
    assert report["contention_factor"] == 1.0


def test_switches_of_a_cluster_are_named() -> None:
    machine = {"kind": "cluster", "nodes": 2, "devices_per_node": 2}
    report = route_report({"machine": machine, "flows": [flow([0, 0], [1, 1])]})
    path = [[0, 0], "second switch", [1, 1]]
    assert report["flows"] == [{"routes": [{"fraction": 1.0, "path": path}]}]


def test_dies_of_a_chain_have_three_numbers() -> None:
    report = route_report(document(flow([0, 0, 3], [1, 0, 0]), wafers=2), mapper="sequential")
    assert report["flows"][0]["routes"][0]["path"] == [[0, 0, 3], [1, 0, 0]]
    # the joint's 9 TB/s are shared by three rows
    assert report["time_s"] == pytest.approx(1e9 / 3e12 + 1e-6)
    assert report["max_link_bytes"] == pytest.approx(1e9 * B / 3e12)


WRONG: list[tuple[Any, str]] = [
    ([], "expected an object"),
    ({"flows": []}, "machine: found nothing"),
    ({"machine": {}}, "flows: found nothing"),
    (document(), r"flows: found 0 flows, allowed: a list of 1 to 100000"),
    ({"machine": {}, "flows": 3}, "flows: found 3"),
    (document("x"), r"flows\[0\]: found 'x', expected an object"),  # type: ignore[arg-type]
    (document({"source": [0, 0], "bytes": 1}), r"flows\[0\]: found neither"),
    (document({**flow([0, 0], [0, 1]), "targets": []}), r"flows\[0\]: found both"),
    (document({"source": [0, 0], "targets": [], "bytes": 1}), r"flows\[0\].targets: found \[\]"),
    (document({"source": [0, 0], "targets": [[0, 9]], "bytes": 1}), r"flows\[0\].targets\[0\]"),
    (document(flow([0, 4], [0, 1])), r"flows\[0\].source: found \[0, 4\], allowed: .* 3 x 4"),
    (document(flow([0, 0], [0, -1])), r"flows\[0\].target: found \[0, -1\]"),
    (document(flow([0, 0], [0, 1.0])), r"flows\[0\].target"),
    (document(flow([0, True], [0, 1])), r"flows\[0\].source"),
    (document(flow([0, 0, 0], [0, 1])), r"flows\[0\].source"),
    (document(flow(None, [0, 1])), r"flows\[0\].source: found None"),
    (document(flow([0, 0], [0, 1]), flow([0, 0], [2, 2]), dead_dies=[[2, 2]]), r"flows\[1\].*dead"),
    *(
        (document(flow([0, 0], [0, 1], size)), r"flows\[0\].bytes: found")
        for size in (0, -1, float("nan"), float("inf"), True, "1", None, 10**400, 1e31)
    ),
]


@pytest.mark.parametrize(("asked", "message"), WRONG)
def test_what_is_wrong_is_named_in_one_line(asked: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        route_report(asked)
    assert "\n" not in str(caught.value)


def test_too_many_flows() -> None:
    with pytest.raises(InputError, match="found 100001 flows"):
        route_report({"machine": {}, "flows": [flow([0, 0], [0, 1])] * 100_001})


def test_an_unknown_mapper() -> None:
    with pytest.raises(InputError, match="mapper: found 'foo', allowed: sequential"):
        route_report(document(flow([0, 0], [0, 1])), mapper="foo")


@pytest.mark.parametrize("mapper", ["traffic-conscious", "sequential"])
def test_a_cut_mesh(mapper: str) -> None:
    dead = [[r, 1] for r in range(3)]
    with pytest.raises(NoPlanError, match="cut into 2 parts: 6 dies"):
        route_report(document(flow([0, 0], [0, 3]), dead_dies=dead), mapper=mapper)
