"""The evaluation: studies of what the program measures, set beside what was published."""

from __future__ import annotations

from tempstudio.studies.evaluation import STUDIES, evaluate, write_evaluation
from tempstudio.studies.setting import SETTINGS, Setting
from tempstudio.studies.study import CallTable, Claim, Study, SweepTable, TextTable, Told

__all__ = [
    "SETTINGS",
    "STUDIES",
    "CallTable",
    "Claim",
    "Setting",
    "Study",
    "SweepTable",
    "TextTable",
    "Told",
    "evaluate",
    "write_evaluation",
]
