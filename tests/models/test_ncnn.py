"""Networks of ncnn turned into ONNX: held against ncnn itself, layer by layer and network by network."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest

from makeready import models
from makeready.errors import UnreadableFile
from makeready.models import graphs, ncnn, store, verifying
from models.weights import real

NOISE = np.random.default_rng(5)


class Net:
    """A made-up network, written as ncnn writes one."""

    def __init__(self) -> None:
        self.lines: list[str] = ["Input input 0 1 x"]
        self.weights = b""
        self.blobs = 1

    def layer(self, kind: str, takes: str, gives: str, settings: str = "") -> Net:
        self.blobs += len(gives.split())
        blobs = f"{len(takes.split())} {len(gives.split())} {takes} {gives}"
        self.lines.append(f"{kind} {kind}{len(self.lines)} {blobs} {settings}")
        return self

    def filters(self, count: int, bias: int = 0, half: bool = False) -> Net:
        values = NOISE.normal(0, 0.3, count).astype(np.float16 if half else np.float32)
        data = struct.pack("<I", 0x01306B47 if half else 0) + values.tobytes()
        return self.plain(bias, before=data + b"\0" * (-len(data) % 4))

    def plain(self, count: int, before: bytes = b"") -> Net:
        self.weights += before + NOISE.normal(0, 0.3, count).astype(np.float32).tobytes()
        return self

    @property
    def text(self) -> str:
        return "\n".join(["7767517", f"{len(self.lines)} {self.blobs}", *self.lines, ""])


def answer(param: str, weights: bytes, picture: np.ndarray) -> np.ndarray:
    """What the converted network says, packed as it is kept."""
    session = onnxruntime.InferenceSession(
        graphs.finished(ncnn.convert(param, weights)), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"input": picture[None]})[0][0]


@pytest.fixture
def truth(package: Callable[[str], ModuleType], tmp_path: Path) -> Callable[[str, bytes, np.ndarray], np.ndarray]:
    """What ncnn says, in single precision on the processor."""
    program = package("ncnn")

    def run(param: str, weights: bytes, picture: np.ndarray) -> np.ndarray:
        (tmp_path / "net.param").write_text(param)
        (tmp_path / "net.bin").write_bytes(weights)
        with program.Net() as net:
            net.opt.use_vulkan_compute = False
            net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
            net.opt.use_bf16_storage = False
            net.opt.num_threads = 1
            assert net.load_param(str(tmp_path / "net.param")) == 0
            assert net.load_model(str(tmp_path / "net.bin")) == 0
            with net.create_extractor() as extractor:
                extractor.input(net.input_names()[0], program.Mat(np.ascontiguousarray(picture)).clone())
                code, found = extractor.extract(net.output_names()[0])
                assert code == 0
                return np.array(found)

    return run


NETS = {
    "convolution": Net().layer("Convolution", "x", "y", "0=4 1=3 4=1 5=1 6=108").filters(108, 4),
    "half precision, odd count": Net().layer("Convolution", "x", "y", "0=5 1=1 6=15").filters(15, half=True),
    "uneven kernel, step, spread and edges": Net()
    .layer("Convolution", "x", "y", "0=4 1=3 11=5 2=2 12=1 3=1 13=2 4=1 14=2 15=0 16=1 5=1 6=180")
    .filters(180, 4),
    "activations": Net()
    .layer("Convolution", "x", "a", "0=4 1=1 5=1 6=12 9=1")
    .filters(12, 4)
    .layer("Convolution", "a", "b", "0=4 1=1 6=16 9=2 -23310=1,0.1")
    .filters(16)
    .layer("Convolution", "b", "c", "0=4 1=1 6=16 9=3 -23310=2,-0.2,3.0e-1")
    .filters(16)
    .layer("Convolution", "c", "d", "0=3 1=1 6=12 9=4")
    .filters(12),
    "groups": Net().layer("ConvolutionDepthWise", "x", "y", "0=6 1=3 4=1 5=1 6=54 7=3").filters(54, 6),
    "transposed": Net().layer("Deconvolution", "x", "y", "0=2 1=4 3=2 4=3 5=1 6=96").filters(96, 2),
    "layers of their own": Net()
    .layer("PReLU", "x", "a", "0=3")
    .plain(3)
    .layer("ReLU", "a", "b", "0=0.2")
    .layer("Convolution", "b", "c", "0=3 1=1 6=9")
    .filters(9)
    .layer("Sigmoid", "c", "d")
    .layer("ReLU", "d", "e")
    .layer("Clip", "e", "f", "0=0.3 1=0.6"),
    "pixels of channels": Net()
    .layer("Convolution", "x", "a", "0=12 1=1 6=36")
    .filters(36)
    .layer("PixelShuffle", "a", "y", "0=2"),
    "pixels of channels, the other order": Net()
    .layer("Convolution", "x", "a", "0=12 1=1 6=36")
    .filters(36)
    .layer("PixelShuffle", "a", "y", "0=2 1=1"),
    "nearest": Net()
    .layer("Convolution", "x", "a", "0=3 1=1 6=9")
    .filters(9)
    .layer("Interp", "a", "y", "0=1 1=2.0 2=3.0"),
    "linear": Net()
    .layer("Convolution", "x", "a", "0=3 1=1 6=9")
    .filters(9)
    .layer("Interp", "a", "y", "0=2 1=2.0 2=2.0"),
    "branches": Net()
    .layer("Split", "x", "v w")
    .layer("Convolution", "v", "a", "0=3 1=1 6=9")
    .filters(9)
    .layer("Split", "a", "b c d e")
    .layer("BinaryOp", "b", "f", "0=2 1=1 2=0.25")
    .layer("BinaryOp", "f c", "g", "0=1")
    .layer("Eltwise", "g d", "h", "0=1 -23301=2,2.0e-1,1.0")
    .layer("Eltwise", "h e", "i", "0=2")
    .layer("Concat", "i w", "j", "0=0")
    .layer("Convolution", "j", "k", "0=2 1=1 6=12")
    .filters(12),
}


@pytest.mark.parametrize("name", NETS)
def test_each_layer_says_what_ncnn_says(name: str, truth: Callable[..., np.ndarray]) -> None:
    net = NETS[name]
    picture = NOISE.normal(0.3, 0.5, (3, 11, 14)).astype(np.float32)
    expected = truth(net.text, net.weights, picture)
    found = answer(net.text, net.weights, picture)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5
    assert found.std() > 1e-3, "a network that says the same everywhere proves nothing"


CONVERTED = [model.id for model in models.catalogue() if model.converter == "ncnn"]


@pytest.mark.parametrize("id", CONVERTED)
def test_each_network_of_the_manifest_says_what_ncnn_says(id: str, truth: Callable[..., np.ndarray]) -> None:
    model = models.named(id)
    real(model.family)
    here = store.found(model)
    assert here
    files = store.read(model, here)
    param, weights = (next(data for name, data in files.items() if name.endswith(end)) for end in (".param", ".bin"))
    contract, (width, height) = model.contract, (29, 24)
    picture = verifying.question(contract, (width, height))[0]
    assert picture.shape[0] == contract.inputs
    expected = truth(param.decode(), weights, picture)
    found = answer(param.decode(), weights, picture)
    scale, edge = contract.scale, contract.shrink
    inner = picture[:3, edge : height - edge, edge : width - edge]
    assert found.shape == (3, inner.shape[1] * scale, inner.shape[2] * scale)
    assert np.abs(found - expected).max() < 1e-3
    # Whatever it adds, the enlarged picture is still that picture: made small again it is what went in.
    small = found.reshape(3, inner.shape[1], scale, inner.shape[2], scale).mean((2, 4))
    assert np.abs(small - inner)[:, 2:-2, 2:-2].mean() < 0.02


def whole(line: str, weights: bytes = b"") -> tuple[str, bytes]:
    return f"7767517\n2 2\nInput input 0 1 x\n{line}\n", weights


CONV = "Convolution c 1 1 x y 0=2 1=1 6=6"
SIX = struct.pack("<I6f", 0, *range(6))
BROKEN = {
    "empty": ("", b""),
    "another format": ("7767516\n2 2\nInput i 0 1 x\nReLU r 1 1 x y", b""),
    "a count that is no number": ("7767517\nmany 2\nInput i 0 1 x\nReLU r 1 1 x y", b""),
    "layers cut off": ("7767517\n9 9\nInput i 0 1 x\nReLU r 1 1 x y", b""),
    "a line of two words": whole("ReLU r"),
    "fewer blobs than announced": whole("ReLU r 1 9 x y"),
    "as many blobs as fill the memory": whole("ReLU r 1 99999999999999999999 x y"),
    "a setting without a number": whole(f"{CONV} a=1", SIX),
    "a setting without a value": whole(f"{CONV} 3", SIX),
    "a setting twice": whole(f"{CONV} 6=6", SIX),
    "a setting that is infinite": whole(f"{CONV} 3=1e999", SIX),
    "a list of another length": whole(f"{CONV} 9=2 -23310=2,1", SIX),
    "a list where a number is meant": whole("Convolution c 1 1 x y -23300=1,2 1=1 6=6", SIX),
    "an unknown layer": whole("Python p 1 1 x y"),
    "an unknown setting": whole(f"{CONV} 8=1", SIX),
    "a step of nothing": whole(f"{CONV} 3=0", SIX),
    "a negative edge": whole(f"{CONV} 4=-233", SIX),
    "an unknown activation": whole(f"{CONV} 9=9", SIX),
    "too few weights": whole(CONV, SIX[:-1]),
    "too many weights": whole(CONV, SIX + b"\0\0\0\0"),
    "weights of an unknown kind": whole(CONV, b"\x01" + SIX[1:]),
    "weights that are no numbers": whole(CONV, SIX[:-4] + struct.pack("<f", float("nan"))),
    "more weights than there is memory": whole("Convolution c 1 1 x y 0=2 1=1 6=99999999999", SIX),
    "weights that make no filters": whole("Convolution c 1 1 x y 0=4 1=1 6=6", SIX),
    "a blob that nobody gives": whole("ReLU r 1 1 z y"),
    "a blob given twice": whole("ReLU r 1 1 x x"),
    "two outputs": ("7767517\n3 3\nInput i 0 1 x\nReLU r 1 1 x y\nReLU s 1 1 x z", b""),
    "two inputs": ("7767517\n3 3\nInput i 0 1 x\nInput j 0 1 z\nEltwise r 2 1 x z y 0=1", b""),
    "no layer that says how many channels": whole("ReLU r 1 1 x y"),
    "channels that do not fit": (
        "7767517\n3 3\nInput i 0 1 x\nConvolution c 1 1 x y 0=2 1=1 6=6\nConvolution d 1 1 y z 0=2 1=1 6=6", SIX + SIX,
    ),
    "pixels of too few channels": (
        "7767517\n3 3\nInput i 0 1 x\nConvolution c 1 1 x y 0=2 1=1 6=6\nPixelShuffle p 1 1 y z 0=2", SIX,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_converted_says_so(name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"^This is no ncnn network that can be converted: ") as caught:
        graphs.finished(ncnn.convert(*BROKEN[name]))
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


def test_damage_anywhere_in_the_text_is_an_error_or_a_network() -> None:
    """Nothing else may come out: no crash, no endless run."""
    net = NETS["branches"]
    chance = np.random.default_rng(1)
    text = net.text.encode()
    for _ in range(300):
        damaged = bytearray(text)
        for place in chance.integers(0, len(text), 3):
            damaged[place] = chance.integers(32, 127)
        with suppress(UnreadableFile):
            graphs.finished(ncnn.convert(damaged.decode("latin-1"), net.weights))
