"""Parameter counts equal the published integers, family by family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tempstudio.readers import load_model, preset_names, workload_from_config

PUBLISHED = json.loads((Path(__file__).parent / "data" / "published.json").read_text())

# Integers the models' publishers state; for GPT-3 and OPT 175B, which state only billions, what the
# table's shapes multiply to.
PRESETS = {
    "bloom-176b": 176_247_271_424,
    "deepseek-v3": 671_026_419_200,
    "falcon-40b": 41_303_293_952,
    "falcon-7b": 6_921_720_704,
    "gpt-neox-20b": 20_554_567_680,
    "gpt3-13b": 12_853_386_240,
    "gpt3-175b": 174_604_259_328,
    "gpt3-6.7b": 6_658_404_352,
    "gpt3-76b": 76_050_739_200,
    "llama2-13b": 13_015_864_320,
    "llama2-70b": 68_976_648_192,
    "llama2-7b": 6_738_415_616,
    "llama3-70b": 70_553_706_496,
    "llama3-8b": 8_030_261_248,
    "llama3.1-405b": 405_853_388_800,
    "mistral-7b": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "opt-175b": 174_604_468_224,
    "opt-6.7b": 6_658_473_984,
    "qwen2-0.5b": 494_032_768,
    "qwen2-7b": 7_615_616_512,
}


def test_every_preset_is_checked() -> None:
    assert set(preset_names()) == set(PRESETS)


@pytest.mark.parametrize(("name", "parameters"), PRESETS.items())
def test_preset(name: str, parameters: int) -> None:
    assert load_model(name).parameters == parameters


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["model"] for case in PUBLISHED])
def test_published_model(case: dict[str, Any]) -> None:
    assert workload_from_config(case["config"], "config.json").parameters == case["parameters"]


def test_active_parameters_of_mixtures() -> None:
    # Mixtral paper (arXiv:2401.04088): 13B active; DeepSeek-V3 (arXiv:2412.19437): 37B.
    assert load_model("mixtral-8x7b").active_parameters == 12_879_925_248
    assert round(load_model("deepseek-v3").active_parameters / 1e9) in (37, 38)
    assert load_model("llama2-7b").active_parameters == PRESETS["llama2-7b"]
