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
