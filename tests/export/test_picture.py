"""Pictures and movies: what is in the files, and clear words where they cannot be written."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from timelines_by_hand import make_timeline

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.project import Project
from tempstudio.core.workload import Workload
from tempstudio.export import picture as picture_module
from tempstudio.export.picture import operator_around, pictures_of, telling_time, write_picture
from tempstudio.export.svg import png_of, svg_of
from tempstudio.scene.display_list import Texts
from tempstudio.scene.marks import Marks
from tempstudio.scene.wafer import View, wafer_picture

SVG = "{http://www.w3.org/2000/svg}"
FAULTY = Wafer(dead_dies=[(1, 2)], dead_links=[((0, 0), (0, 1))], core_yield=[(0, 5, 0.9)])
MODEL = Workload("a <model> & more", (), hidden=8, vocabulary=8, max_seq_len=8)
PROJECT = Project(machine=FAULTY, model=MODEL)


@pytest.mark.parametrize(
    "machine", [FAULTY, Wafer(rows=12, cols=16), Wafer(rows=40, cols=40), Cluster(nodes=3)]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_svg_holds_the_display_list(machine: Wafer, theme: str) -> None:
    timeline = make_timeline(machine, fill=1.3)
    picture = wafer_picture(machine, timeline, 1.2e-4, 772, 543, View(theme=theme))
    root = ElementTree.fromstring(svg_of(picture))
    assert root.attrib["viewBox"] == "0 0 772 543"
    chunks = picture.chunks
    assert chunks is not None
    uses = root.findall(f".//{SVG}use")
    assert len(uses) == len(chunks.xy) > 0
    placed = [re.findall(r"-?[\d.]+", use.attrib["transform"])[:2] for use in uses]
    assert np.allclose(np.array(placed, dtype=float), chunks.xy, atol=0.006)
    defined = {group.attrib["id"] for group in root.iter(f"{SVG}g") if "id" in group.attrib}
    assert {use.attrib["href"][1:] for use in uses} <= defined
    words = {text.text for text in root.iter(f"{SVG}text")}
    for layer in picture.layers():
        if isinstance(layer, Texts):
            assert set(layer.text) <= words


def test_svg_of_arrows_turns_them() -> None:
    timeline = make_timeline(FAULTY)
    picture = wafer_picture(FAULTY, timeline, 1.2e-4, 772, 543, View(reduced_motion=True))
    assert "rotate(" in svg_of(picture)


def test_svg_writes_hostile_texts_harmlessly() -> None:
    picture = wafer_picture(FAULTY, None, 0.0, 400, 300, marks=Marks(stale='<b> & "c"'))
    root = ElementTree.fromstring(svg_of(picture, "a < b & c"))
    assert root.find(f"{SVG}title").text == "a < b & c"  # type: ignore[union-attr]
    assert any(text.text == '<b> & "c"' for text in root.iter(f"{SVG}text"))


def test_the_small_png_writer_writes_png() -> None:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 1 << 32, (5, 7), dtype=np.uint32)
    data = png_of(cells)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (7, 5, 8, 2, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(5, 22)
    assert (rows[:, 0] == 0).all()
    expected = np.stack([cells >> shift & 255 for shift in (16, 8, 0)], axis=-1)
    assert np.array_equal(rows[:, 1:].reshape(5, 7, 3), expected)


def test_svg_is_written_without_qt(tmp_path: Path) -> None:
    """Also where Qt cannot be loaded at all."""
    code = f"""
import sys
sys.modules["PySide6"] = None
from tempstudio.core.machine import Wafer
from tempstudio.core.project import Project
from tempstudio.core.workload import Workload
from tempstudio.core.errors import InputError
from tempstudio.export import write_picture
project = Project(machine=Wafer(), model=Workload("m", (), 8, 8, 8))
write_picture(project, {str(tmp_path / "a.svg")!r})
try:
    write_picture(project, {str(tmp_path / "a.png")!r})
except InputError as error:
    print(error)
assert not [name for name in sys.modules if name.startswith("PySide6.")]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ElementTree.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8"))
    assert not (tmp_path / "a.png").exists()
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 1 and "Qt does not load" in lines[0] and ".svg" in lines[0]


def test_png_needs_no_screen(tmp_path: Path) -> None:
    """An application of its own, on the platform that needs none, whatever DISPLAY says."""
    pytest.importorskip("PySide6.QtGui")
    code = f"""
from tempstudio.core.machine import Wafer
from tempstudio.core.project import Project
from tempstudio.core.workload import Workload
from tempstudio.export import write_picture
project = Project(machine=Wafer(), model=Workload("m", (), 8, 8, 8))
write_picture(project, {str(tmp_path / "a.png")!r}, size=(640, 480), pixel_ratio=2.0)
"""
    environment = {"DISPLAY": ":987", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    header = (tmp_path / "a.png").read_bytes()[16:24]
    assert struct.unpack(">II", header) == (1280, 960)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.bmp", {}, "allowed: .svg, .png, .gif, .mp4"),
        ("missing/a.svg", {}, "does not exist"),
        ("a.svg", {"size": (10, 500)}, "--width: found 10, allowed: 64 to 16384"),
        ("a.svg", {"size": (500, 99999)}, "--height"),
        ("a.svg", {"theme": "pink"}, "allowed: light, dark"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    tmp_path: Path, name: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError) as error:
        write_picture(PROJECT, tmp_path / name, **options)  # type: ignore[arg-type]
    assert said in str(error.value) and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "library"), [("gif", "PIL.Image"), ("mp4", "imageio_ffmpeg")])
def test_a_missing_library_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, library: str
) -> None:
    pytest.importorskip("PySide6.QtGui")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match="pip install"):
        write_picture(PROJECT, tmp_path / f"a.{suffix}")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project drawn with a timeline made by hand."""
    timeline = make_timeline(FAULTY)
    monkeypatch.setattr(picture_module, "_shown", lambda run: (run.machine, timeline))
    return PROJECT


def test_a_time_outside_the_step_is_refused(shown: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--time: found 99 s, allowed: 0 to"):
        write_picture(shown, tmp_path / "a.svg", 99.0)


def test_gif_has_every_frame_and_its_colours(shown: Project, tmp_path: Path) -> None:
    pytest.importorskip("PySide6.QtGui")
    image = pytest.importorskip("PIL.Image")
    steps: list[float] = []
    write_picture(
        shown, tmp_path / "a.gif", 1.5e-4, (320, 241), "dark", movie_s=0.5,
        progress=Progress(report=lambda share, _: steps.append(share)),
    )  # fmt: skip
    with image.open(tmp_path / "a.gif") as movie:
        assert movie.n_frames == 10 and movie.size == (320, 240)
        assert movie.info["loop"] == 0 and movie.info["duration"] == 50
        first = np.asarray(movie.convert("RGB")).astype(int)
        movie.seek(7)
        later = np.asarray(movie.convert("RGB")).astype(int)
    assert np.abs(first[2, 2] - (0x14, 0x17, 0x1B)).max() <= 6
    assert 0 < (first != later).any(axis=2).mean() < 0.5
    assert max(steps) <= 1.0 and len(steps) >= 10


def test_a_movie_can_be_cancelled(shown: Project, tmp_path: Path) -> None:
    pytest.importorskip("PySide6.QtGui")
    pytest.importorskip("PIL.Image")
    with pytest.raises(Cancelled):
        write_picture(
            shown, tmp_path / "a.gif", 1e-4, (320, 240), movie_s=2.0,
            progress=Progress(cancelled=lambda: True),
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == [], "no half movie is left behind"


def test_mp4_is_asked_for_with_even_sizes(
    shown: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The encoder is a large extra; what it is given is what counts here."""
    pytest.importorskip("PySide6.QtGui")
    given: dict[str, object] = {}
    sent: list[bytes] = []

    def write_frames(path: str, size: tuple[int, int], **options: object) -> object:
        given.update(options, size=size)
        Path(path).write_bytes(b"a movie")
        while True:
            frame = yield
            sent.append(frame)

    import types

    library = types.SimpleNamespace(write_frames=write_frames)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", library)
    write_picture(shown, tmp_path / "a.mp4", 1e-4, (321, 241), movie_s=0.2)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert given["size"] == (320, 240) and given["fps"] == 30
    assert len(sent) == 6 and {len(frame) for frame in sent} == {320 * 240 * 3}


def test_a_movie_shows_all_rounds_of_the_operator_that_runs() -> None:
    timeline = make_timeline(FAULTY)
    table = timeline.templates
    begin, end = operator_around(timeline, 1.5e-4)
    assert np.isclose(begin, table.start_s[0]) and np.isclose(end, table.end_s[7])
    late = timeline.duration_s * 0.9999
    low, high = operator_around(timeline, late)
    assert low <= late <= high <= timeline.duration_s * 1.0001


@pytest.mark.parametrize("machine", [FAULTY, Wafer(wafers=2), Cluster(nodes=2)])
def test_the_telling_time_has_chunks_in_flight(machine: Wafer) -> None:
    timeline = make_timeline(machine, stages=machine.wafers)
    time_s = telling_time(timeline)
    assert len(timeline.at(time_s).transfers) > 2


def test_pictures_of_many_times_share_their_ground() -> None:
    timeline = make_timeline(FAULTY)
    first, second = pictures_of(FAULTY, timeline, (1e-4, 2e-4), (400, 300), View())
    assert first.furniture is second.furniture and first.ground is second.ground
