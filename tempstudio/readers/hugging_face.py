"""Hugging Face configurations: `config.json` to operator graph, to the last parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from tempstudio.core.errors import InputError
from tempstudio.core.json_text import parse
from tempstudio.core.workload import MOST_NAME, Workload
from tempstudio.readers import llama_family
from tempstudio.readers.decoder import Decoder
from tempstudio.readers.deepseek_family import read_deepseek
from tempstudio.readers.falcon_family import read_falcon
from tempstudio.readers.fields import Fields, shown
from tempstudio.readers.gpt_family import read_bloom, read_gpt2, read_gpt_neox, read_opt
from tempstudio.readers.llama_family import read_family
from tempstudio.readers.text_file import model_file, printable, read_capped

MOST_PARAMETERS = 10**16
MOST_FEATURES = 10**9

FAMILIES: Final[Mapping[str, Callable[[Fields], Decoder]]] = {
    "bloom": read_bloom,
    "deepseek_v2": partial(read_deepseek, version=2),
    "deepseek_v3": partial(read_deepseek, version=3),
    "falcon": read_falcon,
    "gemma": partial(read_family, family=llama_family.GEMMA),
    "gpt2": read_gpt2,
    "gpt_neox": read_gpt_neox,
    "llama": partial(read_family, family=llama_family.LLAMA),
    "mistral": partial(read_family, family=llama_family.MISTRAL),
    "mixtral": partial(read_family, family=llama_family.MIXTRAL),
    "opt": read_opt,
    "phi3": partial(read_family, family=llama_family.PHI3),
    "qwen2": partial(read_family, family=llama_family.QWEN2),
    "qwen3": partial(read_family, family=llama_family.QWEN3),
    # What Falcon was called before transformers took it in.
    "RefinedWeb": partial(read_falcon, new=True),
    "RefinedWebModel": read_falcon,
}


def workload_from_config(document: Any, where: str, name: str = "", source: str = "") -> Workload:
    """The model that a Hugging Face configuration describes.

    `where` begins every error.  Fields that no family reads are passed over.  Raises `InputError`
    with one line that names the field that is missing, absurd or in contradiction to another.

    >>> tiny = {"model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "vocab_size": 32,
    ...         "num_hidden_layers": 2, "num_attention_heads": 2}
    >>> workload_from_config(tiny, "config.json", name="tiny").parameters
    1832
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{where}: found {shown(document)}, expected an object")
    kind = document.get("model_type")
    if not isinstance(kind, str) or kind not in FAMILIES:
        found = f"found {shown(kind)}" if "model_type" in document else "missing"
        raise InputError(f"{where}: model_type: {found}, supported: {', '.join(FAMILIES)}")
    decoder = FAMILIES[kind](Fields(document, where))
    workload = Workload(
        name=(name or kind)[:MOST_NAME],
        blocks=decoder.blocks,
        hidden=decoder.hidden,
        vocabulary=decoder.vocabulary,
        max_seq_len=decoder.max_seq_len,
        source="; ".join((source or kind, *(f"without {part}" for part in decoder.left_out))),
    )
    _check_size(workload, where)
    return workload


def _check_size(workload: Workload, where: str) -> None:
    """Each field is in its limits; so must be what they multiply to."""
    if workload.parameters > MOST_PARAMETERS:
        raise InputError(
            f"{where}: the model would have {workload.parameters:.3g} parameters, "
            f"allowed: at most {MOST_PARAMETERS:.0e}"
        )
    for block in workload.blocks:
        for operator in block.operators:
            width = max(operator.in_features, operator.out_features)
            if width > MOST_FEATURES:
                raise InputError(
                    f"{where}: {operator.name} would be {width:,} features wide, "
                    f"allowed: at most {MOST_FEATURES:,}"
                )


def file_name(path: Path) -> tuple[str, str]:
    """A model's name and source from where its file lies: the folder's name for `config.json`."""
    if path.name != "config.json":
        return printable(path.stem), printable(path.name)
    folder = path.absolute().parent.name
    return printable(folder or path.stem), printable(f"{folder}/{path.name}".lstrip("/"))


@dataclass(frozen=True)
class Options:
    """Everything is told by the file."""


class HuggingFaceReader:
    """A `config.json`, or a folder that holds one."""

    name = "huggingface"
    summary = "Hugging Face config.json: " + ", ".join(k for k in FAMILIES if k.islower())
    version = "1.0"
    Options = Options

    def read(self, path: Path) -> Workload:
        """The model; `InputError` with one line that names the field that is wrong."""
        file = model_file(path)
        where = printable(path)
        name, source = file_name(file)
        return workload_from_config(parse(read_capped(file), where), where, name, source)
