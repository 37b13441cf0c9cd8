"""Models by name, by file, by folder; and what is said where there is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pluggy
import pytest

from tempstudio import hookspecs
from tempstudio import readers as plugin
from tempstudio.core.errors import InputError
from tempstudio.core.model_report import describe_model
from tempstudio.core.workload import Workload, workload_to_json
from tempstudio.readers import load_model, preset_names
from tempstudio.readers.hugging_face import HuggingFaceReader
from tempstudio.readers.json_graph import JsonGraphReader

TINY = {
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 16,
    "vocab_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def refusal(source: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        load_model(source)
    line = str(caught.value)
    assert "\n" not in line
    return line


def operator(workload: Workload, name: str) -> dict[str, object]:
    rows = describe_model(workload)["operators"]
    return next(row for row in rows if row["name"] == name)


@pytest.mark.parametrize(
    ("alias", "preset"),
    [
        ("llama2-7b", "llama2-7b"),
        ("Llama-2-7B", "llama2-7b"),
        ("LLAMA 2 7b", "llama2-7b"),
        ("llama_2_7b", "llama2-7b"),
        ("meta-llama/Llama-2-7b-hf", "llama2-7b"),
        ("gpt-3-175b", "gpt3-175b"),
        ("GPT3-175B", "gpt3-175b"),
        ("gpt-3 6.7b", "gpt3-6.7b"),
        ("llama-3.1-405b", "llama3.1-405b"),
        ("mistral-7b-v0.1", "mistral-7b"),
        ("bigscience/bloom", "bloom-176b"),
        ("deepseek-v3", "deepseek-v3"),
        ("opt-6.7b", "opt-6.7b"),
        (" gpt-neox-20b ", "gpt-neox-20b"),
    ],
)
def test_alias(alias: str, preset: str) -> None:
    assert load_model(alias) == load_model(preset)
    assert load_model(alias).name == preset
    assert load_model(alias).source.startswith(f"preset {preset}")


@pytest.mark.parametrize(
    "name", ["llama-27b", "llama2", "gpt", "", " ", "7b", "gpt3-175", "\n", "a" * 5000, "\x00", "?"]
)
def test_unknown_name(name: str) -> None:
    line = refusal(name)
    assert line.startswith("model: found ")
    assert "llama2-7b" in line
    assert len(line) < 600


def test_near_miss_is_offered() -> None:
    assert "did you mean llama2-7b or llama2-70b?" in refusal("lama2-7b")


def test_config_by_file_and_by_folder(tmp_path: Path) -> None:
    folder = tmp_path / "tiny-llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(TINY))
    model = load_model(folder)
    assert model == load_model(folder / "config.json") == load_model(str(folder))
    assert (model.name, model.source) == ("tiny-llama", "tiny-llama/config.json")
    # 2 x 32 x 8 table and head, 2 layers of 4 x 64 + 3 x 128 + 16, a last norm of 8
    assert model.parameters == 512 + 2 * (256 + 384 + 16) + 8
    other = tmp_path / "mine.json"
    other.write_text(json.dumps(TINY))
    assert (load_model(other).name, load_model(other).source) == ("mine", "mine.json")


def test_nothing_of_where_a_file_lies_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(TINY))
    assert str(tmp_path) not in json.dumps(workload_to_json(load_model(file)))


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_survives_the_json_graph(name: str, tmp_path: Path) -> None:
    model = load_model(name)
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(workload_to_json(model)))
    assert load_model(file) == model
    assert JsonGraphReader().read(file) == model


def test_files_that_are_no_model(tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    assert refusal(missing) == f"{missing}: there is no such file"
    assert refusal(tmp_path) == f"{tmp_path}: the folder holds no config.json"
    other = tmp_path / "package.json"
    other.write_text('{"name": "x"}')
    assert "neither a Hugging Face configuration" in refusal(other)
    other.write_text("[1, 2]")
    assert "neither a Hugging Face configuration" in refusal(other)
    assert "cannot be read" in refusal(tmp_path / ("x" * 5000 + ".json"))
    assert refusal("a\x00b.json").startswith("a?b.json: ")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    assert refusal(pipe) == f"{pipe}: not a file"


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(500_000_000)
    assert refusal(large) == f"{large}: larger than the 16 MB allowed"


def test_a_name_with_a_line_break_stays_one_line(tmp_path: Path) -> None:
    assert "a?b.json" in refusal(tmp_path / "a\nb.json")


def test_the_graph_shows_what_the_files_say() -> None:
    assert operator(load_model("llama3-8b"), "attention.qkv")["shape"] == [4096, (32 + 16) * 128]
    assert operator(load_model("llama2-7b"), "mlp.gate_up")["shape"] == [4096, 22016]
    tied = operator(load_model("qwen2-0.5b"), "head.output")
    assert (tied["parameters"], tied["tied_to"]) == (0, "embedding.tokens")
    assert operator(load_model("gpt3-175b"), "embedding.positions")["shape"] == [2048, 12288]
    assert operator(load_model("opt-6.7b"), "embedding.positions")["shape"] == [2050, 4096]
    bias = operator(load_model("qwen2-7b"), "attention.qkv")
    assert bias["parameters"] == 3584 * 4608 + 4608
    mixture = load_model("mixtral-8x7b")
    assert operator(mixture, "moe.experts_up")["shape"] == [8, 4096, 28672]
    assert operator(mixture, "moe.experts_up")["active_experts"] == 2


def test_parallel_attention_is_in_the_graph() -> None:
    falcon = {op.name: op.inputs for op in load_model("falcon-7b").blocks[1].operators}
    assert falcon["mlp.up"] == ("attention.norm",)
    assert falcon["attention.norm"] == ("input",)
    neox = {op.name: op.inputs for op in load_model("gpt-neox-20b").blocks[1].operators}
    assert neox["mlp.norm"] == ("input",)
    llama = {op.name: op.inputs for op in load_model("llama2-7b").blocks[1].operators}
    assert llama["mlp.norm"] == ("attention.residual",)


def test_what_is_left_out_is_said() -> None:
    deepseek = load_model("deepseek-v3")
    assert "without its 1 multi-token prediction layer" in deepseek.source
    assert [(block.name, block.repeat) for block in deepseek.blocks] == [
        ("embedding", 1),
        ("dense_layers", 3),
        ("moe_layers", 58),
        ("head", 1),
    ]
    assert "sliding window of 4,096 tokens" in load_model("mistral-7b").source
    assert "without" not in load_model("qwen2-7b").source  # it has a window and does not use it


def test_dropout_is_told_by_the_config() -> None:
    gpt = {op.name: op.function for op in load_model("gpt3-175b").blocks[1].operators}
    assert gpt["attention.core"] == "softmax-dropout"
    assert gpt["mlp.residual"] == "dropout-add"
    llama = {op.name: op.function for op in load_model("llama2-7b").blocks[1].operators}
    assert llama["attention.core"] == "softmax"
    assert llama["mlp.residual"] == "add"
    assert llama["mlp.activation"] == "silu-gate"


def test_readers_come_in_through_the_hook() -> None:
    manager = pluggy.PluginManager("tempstudio")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    (answer,) = manager.hook.tempstudio_readers()
    for reader in answer:
        assert reader.name and reader.summary and reader.version
        reader.Options()
    assert {reader.name for reader in answer} == {"huggingface", "json-graph"}


def test_a_reader_refuses_the_other_kind_of_file(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(TINY))
    assert HuggingFaceReader().read(file).parameters == 1832
    with pytest.raises(InputError, match="blocks"):
        JsonGraphReader().read(file)
    file.write_text(json.dumps(workload_to_json(load_model("llama2-7b"))))
    with pytest.raises(InputError, match="model_type: missing"):
        HuggingFaceReader().read(file)
