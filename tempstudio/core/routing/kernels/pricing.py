"""Prices of links, which rise exponentially with their load."""

from __future__ import annotations

from math import exp

from tempstudio.core.routing.adjacency import Adjacency
from tempstudio.core.routing.kernels.compilation import compiled
from tempstudio.core.routing.kernels.state import Prices

STEEPEST = 50.0  # exponents beyond this would only overflow


@compiled
def reprice(net: Adjacency, prices: Prices, link: int) -> None:
    """Bring one link's price up to date with its load."""
    hop, height, beta, limit = prices.law
    capacity = net.capacity[link]
    slope = beta * (prices.load[link] / (capacity * limit) - 1.0)
    prices.steep[link] = height / capacity * exp(min(STEEPEST, slope))
    prices.price[link] = hop + prices.steep[link]


@compiled
def set_law(
    net: Adjacency, prices: Prices, hop: float, height: float, beta: float, limit: float
) -> None:
    """Price by another law from now on."""
    prices.law[0], prices.law[1], prices.law[2], prices.law[3] = hop, height, beta, limit
    for link in range(len(prices.load)):
        reprice(net, prices, link)


@compiled
def change(net: Adjacency, prices: Prices, link: int, amount: float) -> float:
    """What an amount more (negative: less) on a link adds to the priced sum."""
    hop, height, beta, limit = prices.law
    full = net.capacity[link] * limit
    before = beta * (prices.load[link] / full - 1.0)
    after = beta * (max(0.0, prices.load[link] + amount) / full - 1.0)
    added: float = hop * amount + height * limit / beta * (_risen(after) - _risen(before))
    return added


@compiled
def _risen(slope: float) -> float:
    """exp, and straight on from where prices rise no more."""
    if slope <= STEEPEST:
        return exp(slope)
    return exp(STEEPEST) * (1.0 + slope - STEEPEST)
