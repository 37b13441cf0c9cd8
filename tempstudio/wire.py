"""What crosses between the window and a worker: JSON and .npy bytes, and a page of shared memory.

A *message* is a JSON header and named arrays; a *frame* is a message behind its length.  Nothing is
pickled: what comes from a worker, where plugins run, is read as data and never executed.  The
*status page* is where a worker notes whose code it is about to enter, at the cost of a memory
write, so that the window knows whom to name when the worker hangs or dies.
"""

from __future__ import annotations

import io
import json
import math
import mmap
import os
import re
import struct
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy

Array = np.ndarray[Any, Any]

MOST_FRAME_BYTES = 2_000_000_000
_ALIGNED = 16
_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>|=][a-zA-Z]\d+)', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, ]*)\), ?\}\s*"
)
_LENGTH = struct.Struct(">Q")
_HEADER = struct.Struct(">I")


class WireError(ValueError):
    """Bytes that are not a message of this protocol."""


def pack(header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> bytes:
    """One message as bytes; `ValueError` for a header that JSON cannot hold (NaN included).

    >>> unpack(pack({"type": "done"}, {"x": np.arange(3)}))[1]["x"].tolist()
    [0, 1, 2]
    """
    names, blobs = [], []
    for name, array in (arrays or {}).items():
        buffer = io.BytesIO()
        npy.write_array(buffer, np.asarray(array), allow_pickle=False)
        names.append([name, buffer.tell()])
        blobs.append(buffer.getvalue())
    text = json.dumps(
        {"arrays": names, "header": dict(header)}, allow_nan=False, default=_plain
    ).encode()
    # Spaces and zeros bring every array to a multiple of 16, where numbers can be read in place.
    text += b" " * (-(_HEADER.size + len(text)) % _ALIGNED)
    blobs = [blob + bytes(-len(blob) % _ALIGNED) for blob in blobs]
    return b"".join([_HEADER.pack(len(text)), text, *blobs])


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def unpack(data: bytes | bytearray | memoryview) -> tuple[dict[str, Any], dict[str, Array]]:
    """The inverse of `pack`.  Arrays look into `data` (nothing is copied) and are read-only."""
    view = memoryview(data).toreadonly()
    try:
        (length,) = _HEADER.unpack_from(view)
        start = _HEADER.size + length
        document = json.loads(bytes(view[_HEADER.size : start]))
        header, names = document["header"], document["arrays"]
        arrays = {}
        for name, size in names:
            arrays[str(name)] = _array(view[start : start + size])
            start += size + -size % _ALIGNED
    except (struct.error, ValueError, KeyError, TypeError, RecursionError, EOFError) as error:
        raise WireError(f"not a message: {type(error).__name__}: {error}") from None
    if not isinstance(header, dict) or start != len(view):
        raise WireError("not a message: its parts do not add up")
    return header, arrays


def _array(view: memoryview) -> Array:
    """The array of an .npy blob, where it lies; its header is matched, never evaluated."""
    (length,) = struct.unpack_from("<H", view, len(_MAGIC))
    start = len(_MAGIC) + 2 + length
    found = _NPY_HEADER.fullmatch(bytes(view[len(_MAGIC) + 2 : start]))
    if bytes(view[: len(_MAGIC)]) != _MAGIC or found is None:
        raise ValueError("not an .npy header of plain numbers")
    dtype = np.dtype(found[1].decode())
    if dtype.hasobject:
        raise ValueError("an array of objects")
    shape = tuple(int(size) for size in found[3].split(b",") if size.strip())
    flat = np.frombuffer(view, dtype=dtype, count=math.prod(shape), offset=start)
    return flat.reshape(shape, order="F" if found[2] == b"True" else "C")


def frame(message: bytes) -> bytes:
    """A message behind its length, as it crosses a stream."""
    return _LENGTH.pack(len(message)) + message


class FrameReader:
    """Cuts a stream of bytes into messages; a large one is put together where it stays.

    >>> reader = FrameReader()
    >>> data = frame(b"one") + frame(b"two")
    >>> [bytes(message) for message in reader.feed(data[:13])]
    [b'one']
    >>> [bytes(message) for message in reader.feed(data[13:])]
    [b'two']
    """

    def __init__(self) -> None:
        self._length = bytearray()
        self._message = bytearray()
        self._filled = 0

    def feed(self, data: bytes) -> Iterator[bytearray]:
        """Take in more of the stream; yields every message that it completes."""
        rest = memoryview(data)
        while len(rest):
            if len(self._length) < _LENGTH.size:
                rest = self._begin(rest)
            room = len(self._message) - self._filled
            taken = rest[:room]
            self._message[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            rest = rest[len(taken) :]
            if len(self._length) == _LENGTH.size and self._filled == len(self._message):
                message, self._message = self._message, bytearray()
                self._length.clear()
                self._filled = 0
                yield message

    def _begin(self, rest: memoryview) -> memoryview:
        """Take in the length of the next message; what is left of the data."""
        missing = _LENGTH.size - len(self._length)
        self._length += rest[:missing]
        if len(self._length) == _LENGTH.size:
            (needed,) = _LENGTH.unpack(self._length)
            if needed > MOST_FRAME_BYTES:
                raise WireError(f"a message of {needed} bytes")
            self._message = bytearray(needed)
        return rest[missing:]


@dataclass(frozen=True)
class Status:
    """Whose code a worker was in when it last said so, and how many seconds ago it gave a sign."""

    plugin: str
    hook: str
    age_s: float


class StatusPage:
    """A page of memory shared by one worker and the window.

    >>> page = StatusPage()
    >>> with page.entered("some-plugin", "mapper.map"):
    ...     inside = page.read().plugin
    >>> inside, page.read().plugin
    ('some-plugin', '')
    >>> page.close()
    """

    SIZE = 4096
    _SIGN = struct.Struct("=dH")

    def __init__(self, descriptor: int | None = None) -> None:
        if descriptor is None:
            # A file without a name; it is gone when both sides have closed it.
            with tempfile.TemporaryFile() as file:
                file.truncate(self.SIZE)
                descriptor = os.dup(file.fileno())
        self.descriptor = descriptor
        self._page = mmap.mmap(descriptor, self.SIZE)

    def beat(self) -> None:
        """Give a sign of life."""
        self._page[:8] = struct.pack("=d", time.monotonic())

    def write(self, plugin: str, hook: str) -> None:
        """Note whose code comes next ("" for the program's own)."""
        text = f"{plugin[:200]}\n{hook[:600]}".encode(errors="replace")
        data = self._SIGN.pack(time.monotonic(), len(text)) + text
        self._page[: len(data)] = data

    @contextmanager
    def entered(self, plugin: str, hook: str) -> Iterator[None]:
        """Note a plugin's name for as long as its code runs; what was there before comes back."""
        before = self.read()
        self.write(plugin, hook)
        try:
            yield
        finally:
            self.write(before.plugin, before.hook)

    def read(self) -> Status:
        """What was noted last; never fails, whatever a plugin scribbled over the page."""
        sign, length = self._SIGN.unpack_from(self._page)
        text = bytes(self._page[self._SIGN.size : self._SIGN.size + min(length, 4000)])
        plugin, _, hook = text.decode(errors="replace").partition("\n")
        age_s = time.monotonic() - sign
        return Status(plugin, hook, age_s if 0 <= age_s < 1e9 else 0.0)

    def close(self) -> None:
        """Give the memory back."""
        self._page.close()
        os.close(self.descriptor)
