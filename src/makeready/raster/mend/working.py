"""A picture on the bench: a libvips pipeline with what it knows of itself.

The file is decoded once, when its pixels are first asked for: small pictures into memory, large ones into a
temporary file that libvips reads through small windows. From there on each fix only adds to the pipeline, and pixels
flow through it in strips when it is written, so that a picture of any size takes little memory. 16 bits, CMYK,
alpha, the ICC profile and the metadata are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyvips

from makeready import icc, raster, study
from makeready.changes import Refusal
from makeready.facts import Artwork, PixelStudy, Raster
from makeready.raster.mend import metadata
from makeready.raster.mend.decode import decode
from makeready.raster.mend.save import WRITTEN, holds, kept_format, save, stored_bits, suffix_of, too_much
from makeready.units import Resolution, Size

#: Pixels per inch across and along, as stored.
Density = tuple[float, float]

_MODELS = {
    "b-w": "gray", "grey16": "gray", "srgb": "rgb", "rgb16": "rgb", "scrgb": "rgb", "cmyk": "cmyk",
    "lab": "lab", "labs": "lab",
}  # fmt: skip
_LETTERS = {"gray": "L", "rgb": "RGB", "cmyk": "CMYK", "lab": "LAB"}


class Working:
    """The copy that fixes change. The input is only ever read.

    Fixes set ``image`` to a new pipeline, and ``density`` where pixels come to stand for another length. What only
    moves pixels about is set with ``move``, so that line art of one bit stays one.
    """

    def __init__(self, source: Path | bytes, folder: Path) -> None:
        """Open it; only the header is read.

        Args:
            source: the input.
            folder: for temporary files; the caller removes it.

        Raises:
            UnreadableFile: it is not a picture.
        """
        self.source, self.folder = source, folder
        #: What the input's header says.
        self.header: Raster = raster.read(source, max_pixels=None)
        self._density: Density | None = None
        if self.header.density is not None:
            self._density = (float(self.header.density[0]), float(self.header.density[1]))
        self._decoded: pyvips.Image | None = None
        self._image: pyvips.Image | None = None
        self._line_art = self.header.bits == 1 and not self.header.palette
        self._retagged = False
        self._asked: str | None = None
        #: The format that the file has by all that was said.
        self._said = self.header.format
        #: What it is written as where its own format cannot hold it; where that cannot either, as a TIFF.
        self.instead = "TIFF"
        #: Of formats that lose something, 1 to 100, where somebody asked for one; see ``save`` for the others.
        self.qualities: Mapping[str, int] = {}
        #: Whether a step that comes names the format: then ``told`` leaves that to it.
        self.named_later = False

    @property
    def image(self) -> pyvips.Image:
        """The picture as stored (see ``orientation``): turn it upright before counting on top and left.

        ``uchar`` or ``ushort`` (rarely ``float``, ``short`` for Lab); alpha, where it has some, is the last band and
        not multiplied. One bit is 0 and 255.

        Raises:
            Refusal: no decoder knows it, or it has channels that cannot be kept.
            UnreadableFile: it is damaged.
        """
        if self._image is None:
            self._image = self._decoded = decode(self.source, self.header, self.folder / f"decoded-{id(self):x}.tif")
        return self._image

    @image.setter
    def image(self, image: pyvips.Image) -> None:
        self._image, self._line_art = image, False

    def move(self, image: pyvips.Image) -> None:
        """Set a picture that has no tones which were not there: turned, mirrored, cut."""
        self._image = image

    def resize(self, image: pyvips.Image, *, tones: bool = True) -> None:
        """Set a picture of more or fewer pixels that stands for the same size in print.

        Args:
            image: the picture.
            tones: whether it may have tones that were not there; otherwise line art stays line art.
        """
        if self._density is not None:
            across, along = self._density
            self.density = (across * image.width / self.image.width, along * image.height / self.image.height)
        if tones:
            self.image = image
        else:
            self.move(image)

    @property
    def changed(self) -> bool:
        """Whether pixels are other than those of the input."""
        return self._image is not self._decoded

    @property
    def density(self) -> Density | None:
        """Pixels per inch across and along, as stored; ``None`` where the file does not say."""
        return self._density

    @density.setter
    def density(self, density: Density | None) -> None:
        if density != self._density:
            self._density, self._retagged = density, True

    @property
    def size(self) -> tuple[int, int]:
        """Width × height in pixels, as stored."""
        if self._image is None:
            return self.header.width_px, self.header.height_px
        return self._image.width, self._image.height

    @property
    def orientation(self) -> int:
        """How to hold it, by EXIF: 1 is upright."""
        if self._image is None:
            return self.header.orientation or 1
        turn = self._image.get("orientation") if self._image.get_typeof("orientation") else 1
        return turn if turn in range(1, 9) else 1

    @property
    def model(self) -> str:
        """``gray``, ``rgb``, ``cmyk`` or ``lab``."""
        return self.header.colour_model if self._image is None else _MODELS[self._image.interpretation]

    @property
    def alpha(self) -> bool:
        """Whether it has a channel of transparency."""
        return self.header.alpha if self._image is None else bool(self._image.hasalpha())

    @property
    def bits(self) -> int:
        """Bits a channel, as they will be stored; 1 for line art."""
        return self.header.bits if not self.changed else stored_bits(self.image, self._line_art)

    @property
    def line_art(self) -> bool:
        """Whether it has two tones and will be stored with one bit."""
        return self._line_art

    @property
    def profile(self) -> bytes | None:
        """The ICC profile embedded in it."""
        image = self.image
        return bytes(image.get("icc-profile-data")) if image.get_typeof("icc-profile-data") else None

    @profile.setter
    def profile(self, profile: bytes | None) -> None:
        image = self.image.copy()
        if profile is None:
            image.remove("icc-profile-data")
        else:
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        self._image = image

    @property
    def suffix(self) -> str:
        """What the name of the saved file ends with: the input's format where it can hold the picture, else another."""
        return suffix_of(self._format)

    @property
    def _format(self) -> str:
        if self._asked is not None and holds(self._asked, self.image):
            return self._asked
        if not self.changed and not self._retagged:
            return self.header.format
        return kept_format(self.header, self.image, self.instead)

    def save_as(self, format: str) -> bool:
        """Ask for another format: ``TIFF``, ``JPEG``, ``PNG`` or ``WebP``; whether that is news.

        Raises:
            Refusal: it has no room for the picture.
        """
        if format == self._format == self._said:
            return False
        if what := too_much(format, self.image):
            raise Refusal(f"a {format} cannot hold {what}: write a TIFF, or make the picture plain first")
        self._asked = self._said = format
        return True

    def told(self, message: str) -> str:
        """What a fix says, and beside it what the file becomes, where that was not said yet."""
        if self.named_later or self._format == self._said:
            return message
        format, self._said = self._said, self._format
        why = "which cannot hold it" if format in WRITTEN else "which is not written here"
        merged = "; of its layers the merged picture was taken" if format in ("PSD", "PSB") else ""
        return f"{message} The file is a {self._format} instead of a {format} now, {why}{merged}."

    def save(self, path: Path) -> None:
        """Write the present state; an input of which nothing was changed is copied byte by byte.

        TIFF: Deflate with a predictor (CCITT Group 4 for one bit), in strips, BigTIFF where it needs to be. JPEG:
        quality 95, no chroma subsampling. A JPEG of which only the density was changed keeps its picture data as
        they are. PNG and WebP as they came, WebP with quality 95 where it was lossy. ``qualities`` overrule these.

        Raises:
            OSError: it cannot be written.
        """
        if not self.changed and not self._retagged and self._asked is None:
            if isinstance(self.source, bytes):
                path.write_bytes(self.source)
            else:
                shutil.copyfile(self.source, path)
            return
        if not self.changed and self._format == self.header.format == "JPEG" and self._density is not None:
            data = self.source if isinstance(self.source, bytes) else self.source.read_bytes()
            path.write_bytes(metadata.jpeg_with_density(data, self._density))
            return
        quality = self.qualities.get(self._format)
        save(self.image, path, self._format, self.header, self._density, line_art=self._line_art, quality=quality)

    def artwork(self, name: str, canvas: Size | None, needs: frozenset[str]) -> Artwork:
        """The facts of the present state, as if it were saved and read again.

        Args:
            name: what to call it.
            canvas: the printed size, where it is known.
            needs: costly facts: ``jpeg`` and ``pixels`` decode the picture.
        """
        if not self.changed and not self._retagged:
            size = len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size
            found = raster.artwork(name, self.header, bytes=size, canvas=canvas)
            return replace(found, pixel_studies=raster.studies(self.source, found, needs))
        facts = self.facts()
        # The size of the file is not known before it is written; its pixels without compression stand for it.
        size = facts.width_px * facts.height_px * facts.channels * facts.bits // 8
        name = str(Path(name).with_suffix(self.suffix)) if self._format != self.header.format else name
        found = raster.artwork(name, facts, bytes=size, canvas=canvas)
        return replace(found, pixel_studies=self._studies(found, needs))

    def facts(self) -> Raster:
        """What the header would say if the present state were saved."""
        if not self.changed and not self._retagged:
            return self.header
        width, height = self.size
        density = None
        if self._density is not None:
            density = (Resolution(self._density[0]), Resolution(self._density[1]))
        if not self.changed and self.header.format == "JPEG" and density is not None:
            return replace(self.header, density=density)
        line_art, profile = self._line_art, self.profile
        if profile and not metadata.fits(profile, self.image):
            profile = None
        tagged = self.header.colour_tag is not None and self.model == "rgb" and profile is None
        if tagged:  # the file will carry the profile that it named
            profile = metadata.srgb_profile()
        return Raster(
            format=self._format,
            mode="1" if line_art else _LETTERS[self.model] + "A" * self.alpha,
            width_px=width,
            height_px=height,
            bits=stored_bits(self.image, line_art),
            channels=self.image.bands,
            colour_model=self.model,
            alpha=self.alpha,
            palette=False,
            density=density,
            orientation=self.orientation,
            frames=1,
            animated=False,
            compression="CCITT Group 4" if line_art and self._format == "TIFF" else _COMPRESSIONS[self._format],
            icc=icc.read_header(profile) if profile else None,
            tiled=False if self._format == "TIFF" else None,
        )

    def _studies(self, found: Artwork, needs: frozenset[str]) -> tuple[PixelStudy, ...]:
        if not study.NEEDS.intersection(needs) or "pixels" not in needs:
            return ()
        (image,) = found.images
        if image.line_art or min(image.width_px, image.height_px) <= study.LEAST_PX:
            return ()
        gray = partial(
            _gray, self.image.flatten(background=[255]) if self.alpha and self.model != "cmyk" else self.image
        )
        return (
            study.told(image, None, study.measure(gray, image.width_px, image.height_px, blocks=True), image.place),
        )

    def close(self) -> None:
        """Let go of the pipeline."""
        self._image = self._decoded = None


_COMPRESSIONS = {"TIFF": "Deflate", "JPEG": "JPEG", "PNG": "Deflate", "WebP": "WebP"}


def _gray(image: pyvips.Image, top: int, bottom: int, left: int, right: int, step: int) -> Any:
    """A part in gray, 0 to 255, every how-many-th pixel."""
    cut = image.crop(left, top, right - left, bottom - top)
    if step > 1:
        cut = cut.subsample(step, step)
    return cut.colourspace("b-w").extract_band(0).numpy().astype("float32")
