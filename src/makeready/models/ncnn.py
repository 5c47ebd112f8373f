"""Networks as ncnn keeps them (``.param`` and ``.bin``), turned into ONNX.

``.param`` is text: a magic number, two counts, then a line for each layer with its kind, its name, how many blobs it
takes and gives, their names, and numbered settings. ``.bin`` has the weights of the layers one after the other.
What the numbers mean is written down in ncnn's docs ("operators", "param and model file structure"). Only layers of
the networks in the manifest are known; anything else, and any setting that is not understood, is an error rather than
a network that says something else.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from makeready.errors import UnreadableFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import onnx

    Weights = npt.NDArray[np.float32]

_MAGIC = 7767517
#: What stands before weights that have a tag: half precision, or single precision in two ways.
_HALF, _SINGLE = 0x01306B47, (0, 0x0002C056)
#: Settings that hold several numbers are written under this number less their own.
_LISTS = -23300
_MOST_TEXT, _MOST_LAYERS, _MOST_NUMBER = 4 << 20, 20_000, 1 << 24
_INPUT, _OUTPUT = "input", "output"
_OPSET, _IR = 17, 8

Value = int | float | tuple[float, ...]


def damaged(what: str) -> UnreadableFile:
    """The error that a network which cannot be used ends with."""
    return UnreadableFile(f"This is no ncnn network that can be converted: {what}.", "Get the files anew.")


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a ``.param`` file."""

    kind: str
    name: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    settings: Mapping[int, Value]

    def whole(self, key: int, default: int = 0, *, least: int = 0) -> int:
        """A setting that is a whole number."""
        value = self.settings.get(key, default)
        if not isinstance(value, int) or not least <= value <= _MOST_NUMBER:
            raise damaged(f"{self}: setting {key} is {value}")
        return value

    def number(self, key: int, default: float = 0.0) -> float:
        """A setting that is one number."""
        value = self.settings.get(key, default)
        if isinstance(value, tuple):
            raise damaged(f"{self}: setting {key} is a list")
        return float(value)

    def numbers(self, key: int, count: int) -> tuple[float, ...]:
        """A setting that is a list of so many numbers."""
        value = self.settings.get(key, ())
        if not isinstance(value, tuple) or len(value) != count:
            raise damaged(f"{self}: setting {key} must have {count} numbers")
        return value

    def understood(self, *keys: int) -> None:
        """Refuse settings other than these, unless they are 0, which is "off" for all of them."""
        strange = [key for key, value in self.settings.items() if key not in keys and value not in (0, 0.0, ())]
        if strange:
            raise damaged(f"{self}: setting {strange[0]} is not supported")

    def __str__(self) -> str:
        return f"the layer {self.name[:40]!r} ({self.kind[:40]})"


def layers(text: str) -> list[Layer]:
    """Read a ``.param`` file.

    Raises:
        UnreadableFile: it is none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(text) > _MOST_TEXT or len(lines) < 3 or lines[0].strip() != str(_MAGIC):
        raise damaged("it does not begin as a .param file")
    declared = lines[1].split()[0]
    if not declared.isdecimal() or int(declared) != len(lines) - 2 or len(lines) > _MOST_LAYERS:
        raise damaged(f"it has {len(lines) - 2} layers where {declared[:20]} are announced")
    return [_layer(line) for line in lines[2:]]


def _layer(line: str) -> Layer:
    words = line.split()
    if len(words) < 4 or not (words[2].isdecimal() and words[3].isdecimal()):
        raise damaged(f"the line {line[:60]!r} is no layer")
    takes, gives = int(words[2]), int(words[3])
    names = words[4 : 4 + takes + gives]
    if len(names) != takes + gives:
        raise damaged(f"the layer {words[1][:40]!r} names {len(names)} blobs of {takes + gives}")
    settings: dict[int, Value] = {}
    for word in words[4 + takes + gives :]:
        key, value = _setting(word)
        if key in settings:
            raise damaged(f"the layer {words[1][:40]!r} has setting {key} twice")
        settings[key] = value
    return Layer(words[0], words[1], tuple(names[:takes]), tuple(names[takes:]), settings)


def _setting(word: str) -> tuple[int, Value]:
    import math

    key, _, value = word.partition("=")
    try:
        number = int(key)
        if number <= _LISTS:
            count, *rest = value.split(",")
            found = tuple(float(each) for each in rest)
            if int(count) != len(found) or not all(map(math.isfinite, found)):
                raise ValueError(word)
            return _LISTS - number, found
        if "." in value or "e" in value:
            if not math.isfinite(float(value)):
                raise ValueError(word)
            return number, float(value)
        return number, int(value)
    except ValueError:
        raise damaged(f"{word[:40]!r} is no setting") from None


class _Bin:
    """The weights, read from the start to the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise damaged(f"the weights end after {len(self._data)} bytes, {size - len(taken)} too early")
        self._at += size
        return taken

    def single(self, count: int) -> Weights:
        """Numbers without a tag."""
        import numpy as np

        return self._sound(np.frombuffer(self._take(4 * count), "<f4").astype(np.float32))

    def tagged(self, count: int) -> Weights:
        """Numbers after a tag that says how they are stored."""
        import numpy as np

        (tag,) = struct.unpack("<I", self._take(4))
        if tag == _HALF:  # filled up to four bytes
            taken = self._take((2 * count + 3) // 4 * 4)
            return self._sound(np.frombuffer(taken, "<f2", count).astype(np.float32))
        if tag in _SINGLE:
            return self.single(count)
        raise damaged(f"weights are stored in an unknown way ({tag:#x})")

    @staticmethod
    def _sound(weights: Weights) -> Weights:
        import numpy as np

        if not np.isfinite(weights).all():
            raise damaged("weights are not finite")
        return weights

    def finish(self) -> None:
        """All of it must have been used, or the two files do not belong together."""
        if self._at != len(self._data):
            raise damaged(f"{len(self._data) - self._at} bytes of weights are left over")


@dataclass
class _Graph:
    """The ONNX graph as it grows."""

    weights: _Bin
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    #: ncnn's blobs: the name each has in the graph.
    names: dict[str, str] = field(default_factory=dict)
    #: How many channels a value has, where it is known; the input's are those that its first layer takes.
    channels: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def constant(self, value: Any) -> str:
        import numpy as np
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def add(self, operator: str, takes: Sequence[str], **settings: Any) -> str:
        from onnx import helper

        gives = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(takes), [gives], name=f"n{len(self.nodes)}", **settings))
        return gives

    def has(self, value: str, channels: int, layer: Layer) -> None:
        """Say how many channels a value has; it must not have others already."""
        if self.channels.setdefault(value, channels) != channels:
            raise damaged(f"{layer} takes {channels} channels and gets {self.channels[value]}")


def convert(param: str, weights: bytes) -> onnx.ModelProto:
    """Make an ONNX network that takes ``input`` and gives ``output``, of any height and width, in single precision.

    Args:
        param: the text of the ``.param`` file.
        weights: the ``.bin`` file.

    Raises:
        UnreadableFile: they are damaged, do not belong together, or have what is not supported.
    """
    from onnx import TensorProto, helper

    graph = _Graph(_Bin(weights))
    for layer in layers(param):
        _emit(graph, layer)
    graph.weights.finish()
    ends = [blob for blob in graph.names if blob not in graph.used]
    if len(ends) != 1 or not graph.nodes or _INPUT not in graph.names.values():
        raise damaged(f"it has {len(ends)} outputs where 1 is wanted")
    last = graph.names[ends[0]]
    if last != graph.nodes[-1].output[0] or last not in graph.channels or _INPUT not in graph.channels:
        raise damaged("its last layer is not its output")
    graph.nodes[-1].output[0] = _OUTPUT
    shapes = ((_INPUT, _INPUT, "height", "width"), (_OUTPUT, last, "new_height", "new_width"))
    taken, given = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["pictures", graph.channels[value], height, width])
        for name, value, height, width in shapes
    )
    body = helper.make_graph(graph.nodes, "ncnn", [taken], [given], graph.constants)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


def _emit(graph: _Graph, layer: Layer) -> None:
    unknown = [blob for blob in layer.takes if blob not in graph.names]
    if unknown or any(blob in graph.names for blob in layer.gives):
        raise damaged(f"{layer} takes or gives blobs that do not fit those before it")
    graph.used.update(layer.takes)
    takes = [graph.names[blob] for blob in layer.takes]
    if layer.kind == "Input":
        if _INPUT in graph.names.values() or takes or len(layer.gives) != 1:
            raise damaged("it has several inputs")
        graph.names[layer.gives[0]] = _INPUT
        return
    if layer.kind == "Split":  # one value under several names
        if len(takes) != 1:
            raise damaged(f"{layer} takes {len(takes)} blobs")
        graph.names.update(dict.fromkeys(layer.gives, takes[0]))
        return
    if layer.kind not in _LAYERS:
        raise damaged(f"{layer} is of a kind that is not supported")
    least, most, make = _LAYERS[layer.kind]
    if not least <= len(takes) <= most or len(layer.gives) != 1:
        raise damaged(f"{layer} takes {len(takes)} blobs and gives {len(layer.gives)}")
    graph.names[layer.gives[0]] = make(graph, layer, takes)


def _convolution(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    """Convolution, in groups or not, and its transpose; with a bias and an activation of its own."""
    turned, grouped = layer.kind == "Deconvolution", layer.kind == "ConvolutionDepthWise"
    layer.understood(0, 1, 2, 3, 4, 5, 6, *((7,) if grouped else ()), 9, 10, 11, 12, 13, 14, 15, 16)
    gives, width = layer.whole(0, least=1), layer.whole(1, least=1)
    height = layer.whole(11, width, least=1)
    spread, step = layer.whole(2, 1, least=1), layer.whole(3, 1, least=1)
    left = layer.whole(4)
    top = layer.whole(14, left)
    groups = layer.whole(7, 1, least=1) if grouped else 1
    count = layer.whole(6, least=1)
    # Weights are outputs × inputs of a group × height × width.
    each, rest = divmod(count, gives * height * width)
    if rest or gives % groups:
        raise damaged(f"{layer} has {count} weights, which do not make {gives} filters of {width} × {height}")
    graph.has(takes[0], each * groups, layer)
    weights = graph.weights.tagged(count).reshape(gives, each, height, width)
    if turned:
        weights = weights.transpose(1, 0, 2, 3)
    parts = [takes[0], graph.constant(weights)]
    if layer.whole(5):
        parts.append(graph.constant(graph.weights.single(gives)))
    value = graph.add(
        "ConvTranspose" if turned else "Conv",
        parts,
        group=groups,
        kernel_shape=[height, width],
        strides=[layer.whole(13, step, least=1), step],
        dilations=[layer.whole(12, spread, least=1), spread],
        pads=[top, left, layer.whole(16, top), layer.whole(15, left)],
    )
    graph.channels[value] = gives
    return _activation(graph, layer, value)


def _activation(graph: _Graph, layer: Layer, value: str) -> str:
    """What a convolution does to its result."""
    kind = layer.whole(9)
    if kind == 0:
        return value
    if kind == 1:
        return _same(graph, value, graph.add("Relu", [value]))
    if kind == 2:
        return _same(graph, value, graph.add("LeakyRelu", [value], alpha=layer.numbers(10, 1)[0]))
    if kind == 3:
        low, high = (graph.constant(limit) for limit in layer.numbers(10, 2))
        return _same(graph, value, graph.add("Clip", [value, low, high]))
    if kind == 4:
        return _same(graph, value, graph.add("Sigmoid", [value]))
    raise damaged(f"{layer}: activation {kind} is not supported")


def _same(graph: _Graph, before: str, after: str) -> str:
    """A layer that leaves the channels as they are."""
    if before in graph.channels:
        graph.channels[after] = graph.channels[before]
    return after


def _prelu(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    layer.understood(0)
    count = layer.whole(0, least=1)
    if count > 1:
        graph.has(takes[0], count, layer)
    slopes = graph.constant(graph.weights.single(count).reshape(-1, 1, 1))
    return _same(graph, takes[0], graph.add("PRelu", [takes[0], slopes]))


def _relu(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    layer.understood(0)
    slope = layer.number(0)
    value = graph.add("LeakyRelu", takes, alpha=slope) if slope else graph.add("Relu", takes)
    return _same(graph, takes[0], value)


def _sigmoid(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    layer.understood()
    return _same(graph, takes[0], graph.add("Sigmoid", takes))


def _clip(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    layer.understood(0, 1)
    limits = [graph.constant(layer.number(key)) for key in (0, 1)]
    return _same(graph, takes[0], graph.add("Clip", [*takes, *limits]))


def _shuffle(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    """Channels become pixels."""
    layer.understood(0, 1)
    factor = layer.whole(0, 1, least=1)
    before = graph.channels.get(takes[0], 0)
    if not before or before % factor**2:
        raise damaged(f"{layer} cannot make pixels of {before} channels")
    value = graph.add("DepthToSpace", takes, blocksize=factor, mode="DCR" if layer.whole(1) else "CRD")
    graph.channels[value] = before // factor**2
    return value


def _resize(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    """Enlarging inside a network: the nearest pixel, or linear between the middles of pixels."""
    layer.understood(0, 1, 2)
    kinds: dict[int, dict[str, Any]] = {
        1: {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        2: {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    }
    kind, down, across = layer.whole(0), layer.number(1, 1.0), layer.number(2, 1.0)
    if kind not in kinds or not (0 < down <= 16 and 0 < across <= 16):
        raise damaged(f"{layer} resizes in a way that is not supported")
    value = graph.add("Resize", [takes[0], "", graph.constant([1, 1, down, across])], **kinds[kind])
    return _same(graph, takes[0], value)


def _two(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    """Two values, or a value and a number, put together pixel by pixel."""
    layer.understood(0, 1, 2)
    operators = {0: "Add", 1: "Sub", 2: "Mul", 3: "Div", 4: "Max", 5: "Min"}
    if (kind := layer.whole(0)) not in operators or (len(takes) == 1) != bool(layer.whole(1)):
        raise damaged(f"{layer} calculates in a way that is not supported")
    if len(takes) == 1:
        takes = [takes[0], graph.constant(layer.number(2))]
    else:
        _alike(graph, layer, takes)
    return _same(graph, takes[0], graph.add(operators[kind], takes))


def _several(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    """Values multiplied, added (each times a factor of its own) or the largest of them."""
    layer.understood(0, 1)
    operators = {0: "Mul", 1: "Add", 2: "Max"}
    if (kind := layer.whole(0)) not in operators:
        raise damaged(f"{layer} calculates in a way that is not supported")
    _alike(graph, layer, takes)
    parts = list(takes)
    if kind == 1 and layer.settings.get(1, ()) != ():
        factors = layer.numbers(1, len(takes))
        parts = [
            part if factor == 1 else graph.add("Mul", [part, graph.constant(factor)])
            for part, factor in zip(takes, factors, strict=True)
        ]
    value = parts[0]
    for part in parts[1:]:
        value = graph.add(operators[kind], [value, part])
    return _same(graph, takes[0], value)


def _alike(graph: _Graph, layer: Layer, takes: list[str]) -> None:
    if len({graph.channels.get(value) for value in takes}) != 1:
        raise damaged(f"{layer} puts values of different channels together")


def _join(graph: _Graph, layer: Layer, takes: list[str]) -> str:
    """Channels one after the other."""
    layer.understood(0)
    if layer.settings.get(0, 0) != 0 or any(value not in graph.channels for value in takes):
        raise damaged(f"{layer} joins in a way that is not supported")
    value = graph.add("Concat", takes, axis=1)
    graph.channels[value] = sum(graph.channels[each] for each in takes)
    return value


#: Kinds of layers: the fewest and the most blobs that they take, and what makes nodes of them.
_LAYERS: dict[str, tuple[int, int, Callable[[_Graph, Layer, list[str]], str]]] = {
    "Convolution": (1, 1, _convolution),
    "ConvolutionDepthWise": (1, 1, _convolution),
    "Deconvolution": (1, 1, _convolution),
    "PReLU": (1, 1, _prelu),
    "ReLU": (1, 1, _relu),
    "Sigmoid": (1, 1, _sigmoid),
    "Clip": (1, 1, _clip),
    "PixelShuffle": (1, 1, _shuffle),
    "Interp": (1, 1, _resize),
    "BinaryOp": (1, 2, _two),
    "Eltwise": (2, 16, _several),
    "Concat": (1, 64, _join),
}
