"""Engines and sessions: one answer whichever runs it, opened once, shared by threads, and clear words when not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from makeready.errors import MakereadyError, MissingDependency, UsageError
from makeready.models import onnx as onnx_engine
from makeready.models import session


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.delenv(session.VARIABLE, raising=False)
    session.forget()
    yield
    session.forget()


def blur(path: Path, weight: float = 1 / 9) -> Path:
    """A network of one convolution: the mean of 3 × 3 pixels, times nine of ``weight``."""
    kernel = numpy_helper.from_array(np.full((1, 1, 3, 3), weight, np.float32), "kernel")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1])],
        "blur",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def ready() -> list[str]:
    return [one.name for one in session.providers() if one.ready]


PICTURE = np.random.default_rng(7).random((1, 1, 40, 56), np.float32)
BLURRED = (
    sum(
        np.pad(PICTURE[0, 0].astype(np.float64), 1)[down : down + 40, across : across + 56]
        for down in range(3)
        for across in range(3)
    )
    / 9
)


@pytest.mark.parametrize("name", ["cpu", "openvino"])
def test_every_engine_gives_what_the_sum_says(tmp_path, name):
    if name not in ready():
        pytest.skip(f"{name} cannot be used on this machine")
    opened = session.opened(blur(tmp_path / "blur.onnx"), provider=name)
    assert opened.provider == name
    answer = opened.run(PICTURE)
    assert answer.dtype == np.float32
    # bfloat16 has 8 bits of mantissa: a 256th of the value.
    assert np.abs(answer[0, 0] - BLURRED).max() < (1e-6 if name == "cpu" else 4e-3)


def test_a_session_is_opened_once_and_shared(tmp_path):
    graph = blur(tmp_path / "blur.onnx")
    assert session.opened(graph, provider="cpu") is session.opened(graph, provider="cpu")


def test_threads_that_ask_at_once_get_one_session(tmp_path, monkeypatch):
    graph = blur(tmp_path / "blur.onnx")
    opened, together = [], threading.Barrier(8)
    real = onnx_engine.session
    monkeypatch.setattr(onnx_engine, "session", lambda *a, **k: (opened.append(1), real(*a, **k))[1])

    def ask(_: int) -> np.ndarray:
        together.wait()
        return session.opened(graph, provider="cpu").run(PICTURE)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert len(opened) == 1
    assert all(np.array_equal(answer, answers[0]) for answer in answers)


@pytest.mark.parametrize("name", ["cpu", "openvino"])
def test_threads_do_not_mix_their_pictures(tmp_path, name):
    if name not in ready():
        pytest.skip(f"{name} cannot be used on this machine")
    shared = session.opened(blur(tmp_path / "blur.onnx"), provider=name)
    pictures = [np.full((1, 1, 64 + row, 64), row / 8, np.float32) for row in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for picture, answer in zip(pictures * 6, pool.map(shared.run, pictures * 6), strict=True):
            assert answer.shape == picture.shape
            assert np.abs(answer[0, 0, 1:-1, 1:-1] - picture[0, 0, 1:-1, 1:-1]).max() < 5e-3


def test_the_session_used_longest_ago_is_let_go(tmp_path):
    graphs = [blur(tmp_path / f"{number}.onnx") for number in range(session.KEPT + 1)]
    first = session.opened(graphs[0], provider="cpu")
    for graph in graphs[1:-1]:
        session.opened(graph, provider="cpu")
    assert session.opened(graphs[0], provider="cpu") is first
    second = session.opened(graphs[1], provider="cpu")
    session.opened(graphs[-1], provider="cpu")
    assert session.opened(graphs[1], provider="cpu") is second
    assert len(session._sessions) == session.KEPT


def test_a_file_that_was_replaced_is_opened_anew(tmp_path):
    graph = blur(tmp_path / "blur.onnx")
    before = session.opened(graph, provider="cpu").run(PICTURE)
    blur(graph, weight=2 / 9)
    assert np.allclose(session.opened(graph, provider="cpu").run(PICTURE), 2 * before)


def test_the_environment_says_which_engine_auto_means(tmp_path, monkeypatch):
    graph = blur(tmp_path / "blur.onnx")
    monkeypatch.setenv(session.VARIABLE, "cpu")
    assert session.opened(graph).provider == "cpu"
    monkeypatch.setenv(session.VARIABLE, "gpu")
    with pytest.raises(UsageError, match=r"'gpu'.*MAKEREADY_PROVIDER"):
        session.opened(graph)


def test_an_engine_that_is_not_there_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setattr(onnx_engine, "_has_card", lambda: False)
    with pytest.raises(MissingDependency, match="no NVIDIA card"):
        session.chosen("cuda")
    monkeypatch.setattr(onnx_engine, "_has_card", lambda: True)
    monkeypatch.setattr(onnx_engine, "_available", lambda: ("CPUExecutionProvider",))
    with pytest.raises(MissingDependency, match="no CUDA") as told:
        session.chosen("cuda")
    assert "onnxruntime-gpu" in told.value.hint


def test_nothing_installed_is_told_with_what_to_install(monkeypatch):
    from makeready.models import openvino

    for module in (onnx_engine, openvino):
        monkeypatch.setattr(module, "installed", lambda _name: False)
    with pytest.raises(MissingDependency, match="onnxruntime is not installed") as told:
        session.chosen()
    assert "pip install 'makeready[ai]'" in told.value.hint


def test_a_wrong_engine_is_told_with_the_nearest():
    with pytest.raises(UsageError) as told:
        session.chosen("openvin")
    assert "'openvino'" in told.value.hint


@pytest.mark.parametrize("name", ["cpu", "openvino"])
def test_a_file_that_is_no_network_is_told(tmp_path, name, capfd):
    if name not in ready():
        pytest.skip(f"{name} cannot be used on this machine")
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(UsageError, match=r"broken\.onnx is no network"):
        session.opened(tmp_path / "broken.onnx", provider=name)
    with pytest.raises(UsageError, match="cannot be read"):
        session.opened(tmp_path / "none.onnx", provider=name)
    with pytest.raises(UsageError, match=r"not end with \.onnx"):
        session.opened(tmp_path / "photo.jpg", provider=name)


def test_engines_are_not_loaded_before_they_are_needed():
    code = (
        "import sys, makeready, makeready.models.session as s; s.installed('onnxruntime');"
        "print([m for m in ('onnxruntime', 'openvino', 'onnx', 'scipy', 'pymatting', 'numba') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_only_the_engine_that_is_wanted_is_loaded(tmp_path):
    source = (
        "import sys; from pathlib import Path; from makeready.models import session;"
        f"session.opened(Path({str(blur(tmp_path / 'blur.onnx'))!r}), provider='cpu');"
        "print('onnxruntime' in sys.modules, 'openvino' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("name", ["cpu", "openvino"])
def test_what_a_network_cannot_take_is_told(tmp_path, name):
    if name not in ready():
        pytest.skip(f"{name} cannot be used on this machine")
    opened = session.opened(blur(tmp_path / "blur.onnx"), provider=name)
    with pytest.raises(MakereadyError, match=r"^blur\.onnx failed: .+[^.]\.$") as failed:
        opened.run(np.zeros((1, 3, 8, 8), np.float32))
    assert "its description" in failed.value.hint


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
def test_cuda_is_freed_of_the_limit_of_a_child():
    source = (
        "import resource; from makeready import batch; from makeready.models import onnx;"
        "batch._limit_memory(); print(resource.getrlimit(resource.RLIMIT_AS)[0] == batch.MEMORY_BYTES);"
        "onnx._free_address_space(); soft, hard = resource.getrlimit(resource.RLIMIT_AS); print(soft == hard)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_openvino_reports_nothing_to_anybody(tmp_path):
    if "openvino" not in ready():
        pytest.skip("openvino cannot be used on this machine")
    source = (
        "import sys, threading; from pathlib import Path; from makeready.models import session;"
        f"session.opened(Path({str(blur(tmp_path / 'blur.onnx'))!r}), provider='openvino');"
        "print('openvino' in sys.modules, 'openvino_telemetry' in sys.modules, threading.active_count())"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "LOCALAPPDATA": str(home)}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["True", "False", "1"]
    assert list(home.iterdir()) == [], "an identity is kept there"
