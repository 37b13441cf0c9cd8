"""The cost model: what a candidate takes, from tables of phases on meshes (SPEC 9).

It shares no timing with the event-driven simulator: links by their most loaded one, dies by their
own roofline, the pipeline by a formula.  Solvers reach it through `Problem.score_many`.
"""

from tempstudio.core.costs.model import FIGURES, CostModel

__all__ = ["FIGURES", "CostModel"]
