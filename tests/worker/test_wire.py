"""What crosses the wire: exact, in any pieces, and nothing that could be executed."""

from __future__ import annotations

import itertools
import json
import math
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from tempstudio.wire import (
    MOST_FRAME_BYTES,
    FrameReader,
    StatusPage,
    WireError,
    frame,
    pack,
    unpack,
)

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
some_arrays = arrays_of.arrays(
    dtype=st.sampled_from(["<f8", "<i4", "<i8", "?", "<f4", "u1", "<c16", "<U3"]),
    shape=arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(
    header=st.dictionaries(st.text(max_size=5), plain, max_size=4),
    arrays=st.dictionaries(st.text(max_size=5), some_arrays, max_size=3),
)
def test_messages_come_back_as_they_went(header: Any, arrays: Any) -> None:
    again, received = unpack(pack(header, arrays))
    assert again == json.loads(json.dumps(header))
    assert list(received) == list(arrays)
    for name, array in arrays.items():
        assert received[name].dtype == array.dtype and received[name].shape == array.shape
        assert received[name].tobytes() == array.tobytes()
        assert not received[name].flags.writeable and received[name].flags.aligned


def test_fortran_order_and_numpy_scalars() -> None:
    matrix = np.asfortranarray(np.arange(6).reshape(2, 3))
    header, arrays = unpack(pack({"a": np.float64(0.5), "b": np.int32(3)}, {"m": matrix}))
    assert header == {"a": 0.5, "b": 3}
    np.testing.assert_array_equal(arrays["m"], matrix)


def test_nothing_that_is_no_data_goes_in() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON"):
            pack({"x": value})
    with pytest.raises(TypeError, match="object is no JSON value"):
        pack({"x": object()})
    with pytest.raises(ValueError, match="Object arrays"):
        pack({}, {"x": np.array([object()])})


@given(
    messages=st.lists(st.binary(max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 300), max_size=12),
)
def test_frames_survive_any_cutting(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frame(message) for message in messages)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader, found = FrameReader(), []
    for start, end in itertools.pairwise(edges):
        found += [bytes(message) for message in reader.feed(stream[start:end])]
    assert found == messages


def test_an_absurd_length_is_refused_before_memory_is_spent() -> None:
    with pytest.raises(WireError):
        list(FrameReader().feed(struct.pack(">Q", MOST_FRAME_BYTES + 1)))


@given(data=st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        unpack(data)


@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(at: int, byte: int) -> None:
    data = bytearray(pack({"type": "plan"}, {"x": np.arange(4.0)}))
    data[at % len(data)] = byte
    try:
        header, arrays = unpack(data)
    except WireError:
        return
    assert isinstance(header, dict) and all(isinstance(a, np.ndarray) for a in arrays.values())


def test_a_pickle_in_an_array_s_place_is_not_read() -> None:
    described = b"{'descr': '|O8', 'fortran_order': False, 'shape': (1,), }"
    blob = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(described)) + described + pickle.dumps([1])
    text = json.dumps({"arrays": [["x", len(blob)]], "header": {}}).encode()
    text += b" " * (-(4 + len(text)) % 16)
    message = struct.pack(">I", len(text)) + text + blob + bytes(-len(blob) % 16)
    with pytest.raises(WireError, match="array of objects"):
        unpack(message)


@given(plugin=st.text(max_size=300), hook=st.text(max_size=900))
def test_the_status_page_holds_any_name(plugin: str, hook: str) -> None:
    page = StatusPage()
    page.write(plugin, hook)
    found = page.read()
    assert found.age_s >= 0 and plugin.startswith(found.plugin[:1]) and len(found.hook) <= 900
    if plugin.isascii() and "\n" not in plugin and len(plugin) <= 200 and len(hook) <= 600:
        assert found.plugin == plugin and found.hook == hook.encode(errors="replace").decode()
    page.close()


@given(noise=st.binary(min_size=50, max_size=50))
def test_a_scribbled_page_is_still_read(noise: bytes) -> None:
    page = StatusPage()
    page._page[: len(noise)] = noise
    status = page.read()
    assert isinstance(status.plugin, str) and status.age_s >= 0
    page.close()
