"""Routes for the flows of a collective that meet on a link."""

from __future__ import annotations

from tempstudio.core.mapping import Route
from tempstudio.core.network import phase_time
from tempstudio.core.partition import Collective, Phase
from tempstudio.core.patterns import Step, rerouted
from tempstudio.core.template import StageContext

WORTH_IT = 0.99  # routes are kept where they shorten the step to this share or less
MOST_STEPS = 4
MOST_FLOWS = 4000


def routes_for(
    collective: Collective, context: StageContext, paths: int, detour: int
) -> dict[tuple[int, int], Route]:
    """Paths by (source, target) for the steps of a collective, {} where XY is as good."""
    phase = Phase("", "", collective=collective)
    steps = [step for step in context.pattern(phase).steps if step is not None]
    if not 0 < len(steps) <= MOST_STEPS or len(steps[0].flows) > MOST_FLOWS:
        return {}
    found: dict[tuple[int, int], Route] = {}
    for step in steps:
        if not found.keys() >= _pairs(step):
            found |= _step_routes(step, context, paths, detour)
    if not found or not _faster(found, context, steps):
        return {}
    return found


def _pairs(step: Step) -> set[tuple[int, int]]:
    return set(zip(step.flows.source.tolist(), step.flows.target.tolist(), strict=True))


def _step_routes(
    step: Step, context: StageContext, paths: int, detour: int
) -> dict[tuple[int, int], Route]:
    from tempstudio.core.routing.demands import Demands
    from tempstudio.core.routing.router import RouteOptions, route

    flows, topology = step.flows, context.topology
    if int(flows.hops.max(initial=0)) <= 1:
        return {}
    demands = Demands.unicast(flows.source, flows.target, flows.bytes)
    answer = route(topology, demands, RouteOptions(max_paths=paths, max_detour=detour))
    found: dict[tuple[int, int], list[tuple[float, tuple[int, ...]]]] = {}
    for number in range(len(answer)):
        row = int(answer.demand[number])
        pair = int(flows.source[row]), int(flows.target[row])
        links = answer.link[answer.start[number] : answer.start[number + 1]]
        found.setdefault(pair, []).append((float(answer.fraction[number]), tuple(links.tolist())))
    return {pair: tuple(ways) for pair, ways in found.items()}


def _faster(
    routes: dict[tuple[int, int], Route],
    context: StageContext,
    before: list[Step],
) -> bool:
    topology = context.topology
    old = sum(phase_time(step.flows, topology).duration_s for step in before)
    new = sum(
        phase_time(rerouted(step.flows, routes, topology), topology).duration_s for step in before
    )
    return new < WORTH_IT * old
