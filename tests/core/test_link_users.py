"""What loads a link adds up to what the link carried."""

from __future__ import annotations

import pytest
from runs import small_run

from tempstudio.core.link_users import link_users
from tempstudio.core.parallel import Degrees


@pytest.mark.parametrize(
    ("partitioner", "degrees"),
    [
        ("tspp", Degrees(dp=3, stream=4)),
        ("megatron3", Degrees(dp=3, tp=4, zero=3)),
        ("megatron1", Degrees(pp=2, tp=2, dp=3)),
    ],
)
def test_uses_add_up_to_the_link_bytes(partitioner: str, degrees: Degrees) -> None:
    timeline = small_run(degrees, partitioner=partitioner).timeline
    for link, carried in enumerate(timeline.step_link_bytes.tolist()):
        uses = link_users(timeline, link)
        assert sum(use.bytes for use in uses) == pytest.approx(carried)
        assert [use.bytes for use in uses] == sorted((u.bytes for u in uses), reverse=True)
