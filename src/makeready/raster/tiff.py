"""TIFF and BigTIFF: the first picture's tags, the number of pages, and whether all pixels are there."""

from __future__ import annotations

import io

from makeready import icc
from makeready.errors import UnreadableFile
from makeready.facts import Raster
from makeready.raster import exif, jpeg
from makeready.raster.header import COMPONENTS, STEPS, raster
from makeready.raster.ifd import Directory, Tiff
from makeready.raster.source import Source

# TIFF 6.0, sections 8 to 23; TIFF Technical Note 2 (JPEG); Adobe's PageMaker note (ICC, 34675); DNG 1.6.
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_SAMPLES, _INK_SET, _INKS, _EXTRA = 277, 332, 334, 338
_STRIPS, _STRIP_SIZES, _TILE_WIDTH, _TILES, _TILE_SIZES = 273, 279, 322, 324, 325
_JPEG_TABLES, _OLD_JPEG, _ICC, _DNG = 347, 513, 34675, 50706

_MODELS = {
    0: "gray",
    1: "gray",
    2: "rgb",
    3: "rgb",
    4: "gray",
    5: "cmyk",
    6: "rgb",
    8: "lab",
    9: "lab",
    10: "lab",
    32844: "gray",
    32845: "rgb",
}
_PALETTE, _SEPARATED, _RAW = 3, 5, (32803, 34892)
_COMPRESSIONS = {
    1: "none",
    2: "CCITT RLE",
    3: "CCITT Group 3",
    4: "CCITT Group 4",
    5: "LZW",
    6: "JPEG (old-style)",
    7: "JPEG",
    8: "Deflate",
    32946: "Deflate",
    32773: "PackBits",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType: a smaller copy, a transparency mask
_ASSOCIATED, _UNASSOCIATED = 1, 2  # ExtraSamples that are alpha; 0 is anything, such as a saved selection
_NOT_CMYK = 2

# Directories may overlap, so that a small file could have any number; these take a quarter of a second.
_MOST_TAGS = 5 * STEPS

# Strips lie in order in all but strange files, so the last ones tell whether the file was cut.
_LAST_STRIPS = 4096


def read(source: Source) -> Raster:
    """Read the first directory, and follow the chain of the others."""
    tiff = Tiff(source)
    main = Directory(tiff, tiff.first)
    if _WIDTH not in main or _HEIGHT not in main:
        raise source.unreadable("has no width or no height in its first TIFF directory")
    photometric = main.number(_PHOTOMETRIC, -1)
    if photometric in _RAW or _DNG in main:
        raise UnreadableFile(f"{source.name} is a camera's raw file", "Develop it and export a TIFF or a JPEG.")
    samples = main.numbers(_BITS, 16)
    bits = int(max(samples, default=1))
    if not 0 < bits <= 64:
        raise source.unreadable(f"says it has {bits} bits a sample")
    # Old writers leave SamplesPerPixel out; there are as many samples as there are depths.
    channels = main.number(_SAMPLES, max(len(samples), 1))
    model, damage = _model(main, photometric, channels)
    further = channels - (1 if photometric == _PALETTE else COMPONENTS.get(model, channels))
    compression = main.number(_COMPRESSION, 1)
    profile = main.data(_ICC, icc.MOST_BYTES)
    tables = main.data(_JPEG_TABLES, 65536)
    quantisation, unread = _quantisation(tables) if tables else (None, ())
    frames, chain = _pages(tiff, main.next)
    return raster(
        source,
        "TIFF",
        width=main.number(_WIDTH),
        height=main.number(_HEIGHT),
        bits=bits,
        model=model,
        channels=channels,
        compression=_COMPRESSIONS.get(compression, f"TIFF compression {compression}"),
        alpha=further > 0 and _has_alpha(main, model),
        palette=photometric == _PALETTE,
        density=exif.resolution(main),
        orientation=exif.orientation(main),
        frames=frames,
        icc=icc.read_header(profile) if profile else None,
        colour_tag=exif.colour_tag(tiff, main) if model == "rgb" else None,
        quantisation=quantisation,
        tiled=_TILE_WIDTH in main,
        damage=(*damage, *chain, *unread, *_missing(source, main), *dict.fromkeys(tiff.damage)),
    )


def _model(main: Directory, photometric: int, channels: int) -> tuple[str, tuple[str, ...]]:
    """The colour model, and what is wrong with it."""
    if photometric == _SEPARATED and (main.number(_INK_SET, 1) == _NOT_CMYK or main.number(_INKS, 4) != 4):
        return "spot", ()
    by_count = {1: "gray", 2: "gray", 3: "rgb", 4: "rgb"}.get(channels, "spot")
    if photometric not in _MODELS:
        what = f"{photometric} is not known" if photometric >= 0 else "is missing"
        return by_count, (f"its kind of colour (PhotometricInterpretation) {what}",)
    model = _MODELS[photometric]
    if photometric != _PALETTE and channels < COMPONENTS[model]:
        # Lab with one sample is lightness alone (TIFF 6.0, section 23); others are mistakes.
        damage = () if model == "lab" else (f"it says it is {model.upper()}, but it has {channels} channels",)
        return by_count if channels < 3 else "spot", damage
    return model, ()


def _has_alpha(main: Directory, model: str) -> bool:
    """Whether a further channel is transparency. Where the file does not say, RGB and gray have alpha, as in Pillow."""
    kinds = main.numbers(_EXTRA)
    return any(kind in (_ASSOCIATED, _UNASSOCIATED) for kind in kinds) if kinds else model in ("rgb", "gray")


def _pages(tiff: Tiff, offset: int) -> tuple[int, tuple[str, ...]]:
    """Count the directories that are pages, not thumbnails or masks; a chain may be broken or run in a circle."""
    frames, tags, seen = 1, 0, {tiff.first}
    while offset:
        if offset in seen:
            return frames, (f"its chain of pages runs in a circle after page {frames}",)
        if tags > _MOST_TAGS:
            return frames, (f"its pages are too many to be counted; {frames} were",)
        seen.add(offset)
        try:
            page = Directory(tiff, offset)
        except UnreadableFile:
            return frames, (f"its page {frames + 1} lies outside the file",)
        tags += len(page)
        frames += not page.number(_SUBFILE) & (_REDUCED | _MASK)
        offset = page.next
    return frames, ()


def _missing(source: Source, main: Directory) -> tuple[str, ...]:
    """Whether the file ends before its pixels do."""
    at, sizes = (_TILES, _TILE_SIZES) if _TILES in main else (_STRIPS, _STRIP_SIZES)
    offsets = main.numbers(at, _LAST_STRIPS, last=True)
    if not offsets:
        return () if _OLD_JPEG in main else ("it does not say where its pixels are",)
    lengths = main.numbers(sizes, _LAST_STRIPS, last=True)
    end = max((offset + length for offset, length in zip(offsets, lengths, strict=False)), default=max(offsets))
    if end <= source.size:
        return ()
    return (f"it is cut short: its pixels reach to byte {end:.0f}, it has {source.size}",)


def _quantisation(tables: bytes) -> tuple[dict[int, tuple[int, ...]] | None, tuple[str, ...]]:
    """The JPEG tables that all strips share (TIFF Technical Note 2: an abbreviated JPEG stream)."""
    found: dict[int, tuple[int, ...]] = {}
    stream = Source(io.BytesIO(tables), "JPEGTables")
    try:
        for marker, at, length in jpeg.segments(stream, 2):
            if marker == jpeg.DQT:
                found |= jpeg.quantisation(stream.upto(at, length))
    except UnreadableFile as error:
        return found or None, (f"its JPEG tables are damaged: {error}",)
    return found or None, ()
