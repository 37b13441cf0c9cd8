"""ONNX graphs give what the models' own configurations give, or one line that says what is odd."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import helper, numpy_helper
from tempstudio_onnx.examples import Builder, fused, gpt2, llama
from tempstudio_onnx.reader import OnnxReader

import tempstudio as ts
from tempstudio import conformance

GPT2 = {"hidden": 64, "layers": 3, "heads": 4, "vocabulary": 256, "length": 128}
LLAMA = {"hidden": 64, "inner": 96, "layers": 2, "heads": 4, "kv_heads": 2, "vocabulary": 256,
         "length": 512}  # fmt: skip


@pytest.mark.parametrize("check", conformance.checks("reader"), ids=str)
def test_conformance(check: conformance.Check) -> None:
    check(OnnxReader())


def config_of(folder: Path, **config: Any) -> ts.Workload:
    """The model by its Hugging Face configuration."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return ts.load_model(path)


def same(read: ts.Workload, known: ts.Workload) -> None:
    """All but dropout, which inference graphs have not, and the order of a sum's sides."""

    def plain(workload: ts.Workload) -> list[Any]:
        return [
            (block.name, block.repeat, [
                replace(op, function=op.function.replace("dropout-", "").replace("-dropout", ""),
                        inputs=tuple(sorted(op.inputs)))
                for op in block.operators])
            for block in workload.blocks
        ]  # fmt: skip

    assert plain(read) == plain(known)
    assert read.parameters == known.parameters
    assert (read.hidden, read.vocabulary, read.max_seq_len) == (
        known.hidden, known.vocabulary, known.max_seq_len,
    )  # fmt: skip


@pytest.mark.parametrize("spelt_out", [False, True])
def test_gpt2_is_what_its_configuration_says(tmp_path: Path, spelt_out: bool) -> None:
    path = gpt2(tmp_path / "gpt2.onnx", **GPT2, spelt_out=spelt_out)
    known = config_of(tmp_path, model_type="gpt2", n_embd=64, n_layer=3, n_head=4, vocab_size=256,
                      n_positions=128)  # fmt: skip
    same(OnnxReader().read(path), known)
    conformance.check_model(OnnxReader(), path)


def test_llama_is_what_its_configuration_says(tmp_path: Path) -> None:
    path = llama(tmp_path / "llama.onnx", **LLAMA)
    known = config_of(
        tmp_path, model_type="llama", hidden_size=64, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, vocab_size=256,
        max_position_embeddings=512,
    )  # fmt: skip
    same(OnnxReader().read(path), known)
    conformance.check_model(OnnxReader(), path)


def test_one_layer_with_attention_in_one_node(tmp_path: Path) -> None:
    path = fused(tmp_path / "fused.onnx", 64, 4, 2, 256, max_seq_len="77")
    model = OnnxReader().read(path)
    core = next(op for block in model.blocks for op in block.operators if op.kind == "attention")
    assert (core.heads, core.kv_heads, core.head_dim, core.inputs) == (4, 2, 16, ("attention.qkv",))
    assert [(block.name, block.repeat) for block in model.blocks] == [
        ("embedding", 1), ("layers", 1), ("head", 1)]  # fmt: skip
    weights = onnx.load(path).graph.initializer
    count = sum(int(numpy_helper.to_array(weight).size) for weight in weights)
    assert model.parameters == count and model.max_seq_len == 77
    conformance.check_model(OnnxReader(), path)


def test_layers_that_differ_stay_apart(tmp_path: Path) -> None:
    path = gpt2(tmp_path / "g.onnx", **GPT2)
    model = onnx.load(path)
    (erf,) = [node for node in model.graph.node if node.op_type == "Erf"][1:2]
    erf.op_type = "Tanh"  # still a GELU
    onnx.save(model, path)
    assert [block.repeat for block in OnnxReader().read(path).blocks] == [1, 3, 1]
    erf.op_type = "Relu"
    onnx.save(model, path)
    read = OnnxReader().read(path)
    assert [(b.name, b.repeat) for b in read.blocks][1:-1] == [
        ("layers", 1), ("layers 2", 1), ("layers 3", 1)]  # fmt: skip
    assert read.layers == 3


def spoilt(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        model = onnx.load(path)
        change(model.graph)
        onnx.save(model, path)

    return spoil


def _replace(op: str, by: str, which: int = 0) -> Callable[[Any], None]:
    def change(graph: Any) -> None:
        [node for node in graph.node if node.op_type == op][which].op_type = by

    return change


def _drop(op: str) -> Callable[[Any], None]:
    def change(graph: Any) -> None:
        for node in [node for node in graph.node if node.op_type == op]:
            graph.node.remove(node)

    return change


def _learned_bias(graph: Any) -> None:
    """A table of T5's kind takes the place of the mask."""
    graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(graph.initializer[1]),
                                                     "relative"))  # fmt: skip
    gather = helper.make_node("Gather", ["relative", "position_ids"], ["learned"], name="/bias")
    graph.node.insert(0, gather)
    mask = next(node for node in graph.node if node.op_type == "Slice")
    for node in graph.node:
        for i, value in enumerate(node.input):
            if value == mask.output[0]:
                node.input[i] = "learned"


REFUSED = {
    "a convolution": (_replace("LayerNormalization", "Conv"), "this operator is not understood"),
    "no attention": (_replace("Softmax", "Relu"), "node '/MatMul"),
    "an unknown activation": (_replace("Erf", "Sin"), "(Sin): this operator is not understood"),
    "a sum that is a difference": (_replace("Add", "Sub", 0), "joins two activations"),
    "a learned bias of scores": (_learned_bias, "a learned bias of attention's scores"),
    "no positions": (_drop("Gather"), "a norm of something that is no activation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    change, said = REFUSED[name]
    path = gpt2(tmp_path / "odd.onnx", **GPT2)
    spoilt(change)(path)
    with pytest.raises(ts.InputError) as caught:
        OnnxReader().read(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    assert said in text


def test_a_weight_is_never_left_out(tmp_path: Path) -> None:
    """A learned gain somewhere in a layer is no scale, and is not passed over."""
    b = Builder(64)
    x = b.node("Gather", b.weight(256, 64), "input_ids")
    x = b.node("Mul", x, b.weight(64))
    path = b.save(tmp_path / "gain.onnx", b.linear(x, 64, 256), 256)
    with pytest.raises(ts.InputError, match="belongs to no product, norm or embedding"):
        OnnxReader().read(path)


def test_without_any_length_it_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ts.InputError, match="set the metadata 'max_seq_len'"):
        OnnxReader().read(fused(tmp_path / "f.onnx", 64, 4, 2, 256))


def test_garbled_files_end_in_a_model_or_a_line(tmp_path: Path) -> None:
    whole = gpt2(tmp_path / "whole.onnx", hidden=8, layers=1, heads=2, vocabulary=16, length=8)
    content, rng = whole.read_bytes(), random.Random(4)
    path, read = tmp_path / "garbled.onnx", 0
    for _ in range(150):
        data = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data if rng.random() < 0.7 else data[: rng.randrange(len(data))])
        try:
            OnnxReader().read(path)
            read += 1
        except ts.InputError as error:
            assert str(error).isprintable(), error
    assert read > 10, "weights are most of a file, and their values are nobody's business"


def test_the_studio_s_reading_finds_it(tmp_path: Path) -> None:
    """By the same way as `--model FILE` and a file dropped on the window."""
    from tempstudio.plugin_host import Host

    offer = Host().find("reader", "onnx")
    assert offer.plugin.name == "tempstudio-onnx" and offer.plugin.example
    path = llama(tmp_path / "llama.onnx", **LLAMA)
    run = ts.run(ts.Project(
        machine=ts.Wafer(rows=2, cols=2), model=offer.object.read(path),
        job=ts.TrainingJob(global_batch=4, seq_len=64), degrees=ts.Degrees(stream=4),
    ))  # fmt: skip
    assert run.score.fits
