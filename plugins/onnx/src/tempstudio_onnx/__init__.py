"""A reader of ONNX graphs for TempStudio."""

from __future__ import annotations

import tempstudio as ts
from tempstudio_onnx.reader import OnnxReader


@ts.hookimpl
def tempstudio_readers() -> list[ts.Reader]:
    """The ONNX reader."""
    return [OnnxReader()]
