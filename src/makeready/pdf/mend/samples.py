"""The samples of a picture object, as they are stored: read whole, and written back in the same colour space.

Samples are the numbers before /Decode (ISO 32000-1, 8.9.5.2): what is done to them in proportion, such as
resampling, is done to the colours they stand for, and /Decode still holds afterwards. Only a palette has to go: its
picture is read as the colours of its base space.
"""

from __future__ import annotations

import io
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, PdfError, Stream, StreamDecodeLevel

from makeready import study

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[Any]

#: Pictures of more pixels than this are not decoded: they would take gigabytes.
MOST_PIXELS = 250_000_000
_DEVICE = {
    "/DeviceGray": 1,
    "/CalGray": 1,
    "/Separation": 1,
    "/DeviceRGB": 3,
    "/CalRGB": 3,
    "/Lab": 3,
    "/DeviceCMYK": 4,
}
_MODELS = {1: "gray", 3: "rgb", 4: "cmyk"}
_OTHER = ("/Separation", "/DeviceN", "/Lab", None)
_TWO_TONES = ("/CCITTFaxDecode", "/JBIG2Decode")
#: What a JPEG holds, by Pillow's name.
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
#: Where a JPEG 2000 codestream says which wavelet it uses, from its COD marker (ITU-T T.800, A.6.1); 1 is lossless.
_COD, _WAVELET = b"\xff\x52", 13
#: Of zlib: 6 takes four times as long on photographs, for a tenth of the size.
_COMPRESSION_LEVEL = 4
_PILLOWS_LIMIT = threading.Lock()


class Unfit(Exception):
    """The picture cannot be read or written in a way that keeps what it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a picture object stores, and how."""

    #: Height × width × channels, ``uint8`` or ``uint16``; 2 and 4 bits are spread over 8.
    pixels: Pixels
    #: The space of the samples; the base where there was a palette.
    space: Object | None
    #: A palette was resolved: /Decode is void.
    palette: bool
    #: It was stored with loss.
    lossy: bool
    #: A JPEG that holds red, green and blue themselves.
    plain_rgb: bool = False
    #: Of a JPEG, 1 to 100 as libjpeg counts.
    quality: int | None = None

    @property
    def model(self) -> str | None:
        """``gray``, ``rgb``, ``cmyk``; ``None`` for Lab and for inks, whose lightness nobody knows."""
        family = _family(self.space)
        return None if family in _OTHER else _MODELS.get(self.pixels.shape[2])


def read(image: Object) -> Samples:
    """Decode a picture object of gray or colour.

    Raises:
        Unfit: it is line art, or lies outside of the file, or is stored in a way that cannot be decoded exactly.
    """
    import numpy as np

    if image.get("/ImageMask") is not None and bool(image.ImageMask):
        raise Unfit("a stencil has no tones")
    if "/F" in image:
        raise Unfit("its data are in another file")
    if isinstance(image.get("/Mask"), Array):
        raise Unfit("a colour of it is declared clear, and resampled colours are others")
    width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
    filters = _filters(image)
    codec = filters[-1] if filters else None
    space = image.get("/ColorSpace")
    bits = int(image.get("/BitsPerComponent", 8))
    if codec in _TWO_TONES or (bits == 1 and codec != "/JPXDecode"):
        raise Unfit("line art of one bit is never given new tones")
    palette = _family(space) == "/Indexed"
    channels = 1 if palette else components(space)
    if channels is None:
        raise Unfit("its colour space is not known")
    if width < 1 or height < 1 or width * height > MOST_PIXELS:
        raise Unfit("it is too large to be held in memory")
    if codec == "/DCTDecode":
        return _jpeg(image, filters, space, (height, width, channels))
    if codec == "/JPXDecode":
        return _jpeg2000(image, filters, space, (height, width, channels))
    try:
        data = image.read_bytes(StreamDecodeLevel.specialized)  # run lengths among them
    except PdfError as error:
        raise Unfit(f"its data cannot be decoded ({codec})") from error
    pixels = _unpacked(data, (height, width, channels), bits)
    if palette and space is not None:
        return Samples(_looked_up(pixels, space, image.get("/Decode"), bits), space[1], palette=True, lossy=False)
    if bits < 8:
        pixels = (pixels * np.uint8(255 // (2**bits - 1))).astype(np.uint8)
    return Samples(pixels, space, palette=False, lossy=False)


def write(image: Stream | Object, samples: Samples, pixels: Pixels, quality: int) -> None:
    """Put other pixels into a picture object; all that it says besides stays.

    Args:
        image: the object.
        samples: what was read from it.
        pixels: what it is to hold.
        quality: of a JPEG, 1 to 100, where it was stored with loss; what was stored without loss stays so.
    """
    height, width, channels = pixels.shape
    if samples.lossy and pixels.itemsize == 1 and channels in _MODES:
        image.write(_as_jpeg(pixels, quality, samples.plain_rgb), filter=Name.DCTDecode)
    else:
        parameters = Dictionary(
            Predictor=15, Colors=channels, Columns=width, BitsPerComponent=8 * pixels.itemsize
        )  # fmt: skip
        image.write(deflated(pixels), filter=Name.FlateDecode, decode_parms=parameters)
    if "/SMaskInData" in image:  # only JPEG 2000 may have it
        del image.SMaskInData
    image.Width, image.Height, image.BitsPerComponent = width, height, 8 * pixels.itemsize
    if samples.palette:
        image.ColorSpace = samples.space
        if "/Decode" in image:
            del image.Decode


def most(pixels: Pixels) -> int:
    """The largest value that a sample can have."""
    return int(2 ** (8 * pixels.itemsize) - 1)


def components(space: Object | None) -> int | None:
    """How many numbers make a colour; ``None`` where it cannot be told."""
    family = _family(space)
    if space is not None and family == "/ICCBased":
        count = space[1].get("/N")
        return int(count) if count is not None else None
    if space is not None and family == "/DeviceN":
        return len(space[1])
    return _DEVICE.get(family or "")


def _family(space: Object | None) -> str | None:
    if isinstance(space, Name):
        return str(space)
    if isinstance(space, Array) and len(space) > 0 and isinstance(space[0], Name):
        return str(space[0])
    return None


def _filters(image: Object) -> list[str]:
    said = image.get("/Filter")
    if said is None:
        return []
    return [str(name) for name in said] if isinstance(said, Array) else [str(said)]


def _parameters(image: Object) -> Object | None:
    """Those of the last filter."""
    said = image.get("/DecodeParms")
    if isinstance(said, Array):
        said = said[-1] if len(said) > 0 else None
    return said if isinstance(said, Dictionary) else None


def _unwrapped(image: Object, filters: list[str]) -> bytes:
    """The data of the last filter, those before it undone."""
    if len(filters) == 1:
        return bytes(image.read_raw_bytes())
    said = image.get("/DecodeParms")
    if isinstance(said, Array) and any(isinstance(one, Dictionary) for one in list(said)[:-1]):
        raise Unfit("its data are wrapped in an unusual way")
    try:
        with pikepdf.new() as aside:
            coat = aside.make_stream(image.read_raw_bytes())
            coat.Filter = Array([Name(name) for name in filters[:-1]])
            return bytes(coat.read_bytes())
    except PdfError as error:
        raise Unfit(f"its data cannot be decoded ({', '.join(filters)})") from error


def _jpeg(image: Object, filters: list[str], space: Any, shape: tuple[int, int, int]) -> Samples:
    import numpy as np

    data = _unwrapped(image, filters)
    opened = _by_pillow(data, shape, ("L", "RGB", "CMYK"))
    parameters = _parameters(image)
    told = parameters.get("/ColorTransform") if parameters is not None else None
    adobe = opened.info.get("adobe_transform")
    if told is not None and adobe is None and int(told) != (1 if shape[2] == 3 else 0):
        raise Unfit("its JPEG stores colours in an unusual way")
    pixels = np.asarray(opened).reshape(shape)
    if opened.mode == "CMYK":
        pixels = 255 - pixels  # Pillow takes every CMYK JPEG for inverted, and PDF takes none
    plain = shape[2] == 3 and adobe == 0
    if _family(space) == "/Indexed":
        raise Unfit("its JPEG holds the numbers of a palette")
    found = study.quality(study.tables(data))
    return Samples(pixels, space, palette=False, lossy=True, plain_rgb=plain, quality=found)


def _jpeg2000(image: Object, filters: list[str], space: Any, shape: tuple[int, int, int]) -> Samples:
    import numpy as np

    if space is None or _family(space) == "/Indexed" or int(image.get("/SMaskInData", 0)):
        raise Unfit("its colours or its transparency are said only inside of its JPEG 2000 data")
    data = _unwrapped(image, filters)
    opened = _by_pillow(data, shape, ("L", "RGB", "CMYK", "I;16"))
    at = data.find(_COD)
    lossless = at >= 0 and len(data) > at + _WAVELET and data[at + _WAVELET] == 1
    return Samples(np.asarray(opened).reshape(shape), space, palette=False, lossy=not lossless)


def _by_pillow(data: bytes, shape: tuple[int, int, int], modes: tuple[str, ...]) -> Any:
    from PIL import Image

    try:
        with _PILLOWS_LIMIT:  # it is for files of unknown size; this one was looked at before
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                opened = Image.open(io.BytesIO(data))
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        if opened.mode not in modes or (opened.height, opened.width, len(opened.getbands())) != shape:
            raise Unfit("its data are of another kind or size than it says")
        opened.load()
    except (OSError, ValueError, SyntaxError) as error:
        raise Unfit("its data are damaged") from error
    return opened


def _unpacked(data: bytes, shape: tuple[int, int, int], bits: int) -> Pixels:
    """Samples from rows that each end with a whole byte (ISO 32000-1, 8.9.3)."""
    import numpy as np

    height, width, channels = shape
    if bits not in (2, 4, 8, 16):
        raise Unfit(f"it has {bits} bits a sample")
    row = (width * channels * bits + 7) // 8
    if len(data) < row * height:
        raise Unfit("its data are cut short")
    rows: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8, row * height).reshape(height, row)
    if bits == 16:
        return rows.view(">u2").astype(np.uint16).reshape(shape)
    if bits < 8:
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        rows = ((rows[:, :, None] >> shifts) & (2**bits - 1)).reshape(height, -1)[:, : width * channels]
    return rows.reshape(shape)


def _looked_up(numbers: Pixels, space: Any, decode: Any, bits: int) -> Pixels:
    """The colours that numbers of a palette stand for (ISO 32000-1, 8.6.6.3)."""
    import numpy as np

    channels = components(space[1])
    if channels is None or bits > 8:
        raise Unfit("its palette is not known")
    table = space[3].read_bytes() if isinstance(space[3], Stream) else bytes(space[3])
    colours = np.frombuffer(table, np.uint8, len(table) // channels * channels).reshape(-1, channels)
    count = min(int(space[2]) + 1, len(colours))
    if count < 1:
        raise Unfit("its palette is empty")
    most = 2**bits - 1
    low, high = (float(decode[0]), float(decode[1])) if decode is not None else (0.0, float(most))
    chosen = np.rint(low + np.arange(most + 1) * (high - low) / most).clip(0, count - 1).astype(int)
    return np.asarray(colours[chosen][numbers[:, :, 0]])


def _as_jpeg(pixels: Pixels, quality: int, plain_rgb: bool) -> bytes:
    import numpy as np
    from PIL import Image

    channels = pixels.shape[2]
    if channels == 4:
        pixels = 255 - pixels
    mode, size = _MODES[channels], (pixels.shape[1], pixels.shape[0])
    picture = Image.frombuffer(mode, size, np.ascontiguousarray(pixels), "raw", mode, 0, 1)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=0, keep_rgb=plain_rgb)
    return out.getvalue()


def deflated(pixels: Pixels) -> bytes:
    """Each row as its differences from pixel to pixel (PNG's filter 1), packed: half the size for photographs."""
    import numpy as np

    height, width, channels = pixels.shape
    packer, parts = zlib.compressobj(_COMPRESSION_LEVEL), []
    step = max(1, 4_000_000 // (width * channels))
    for top in range(0, height, step):
        part = pixels[top : top + step]
        rows = part.astype(">u2" if part.itemsize == 2 else np.uint8).reshape(len(part), -1).view(np.uint8)
        apart = channels * pixels.itemsize
        filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
        filtered[:, 0] = 1
        filtered[:, 1 : 1 + apart] = rows[:, :apart]
        filtered[:, 1 + apart :] = rows[:, apart:] - rows[:, :-apart]
        parts.append(packer.compress(filtered.tobytes()))
    return b"".join([*parts, packer.flush()])
