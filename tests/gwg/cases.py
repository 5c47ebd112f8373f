"""Files just inside and just outside of every requirement of GWG 2022, for every product variant.

``cases(variant)`` yields them as data; ``python tests/gwg/cases.py FOLDER`` writes them all, named after what they
are: ``R0031-sheetcmyk-cmyk-warning-outside.pdf``. Each file is a conforming PDF/X-4 file with embedded fonts and a
real output intent, clean in its variant but for the one thing that it is about, so that other preflight programs
can be held against them as well.

Some requirements cannot be broken alone: two pages of different size are more than one page. Such a case names in
``besides`` what is broken with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import gwg2022
from makeready.testing import pdf, press_profile, srgb_profile
from makeready.testing.builder import PdfBuilder

Asked = dict[str, gwg2022.Asked]
Build = Callable[[], bytes]
TRIM = "60x60mm"
#: Above every limit of the table, for what has to be there and is not what a file is about.
LARGE, THICK, FINE_PPI = "16 pt", "3 pt", 320
SPECIMEN = "Specimen"


@dataclass(frozen=True)
class Case:
    """One file: the requirement it is about, the level of the limit, and whether it breaks it."""

    requirement: str
    variant: str
    level: str
    breaks: bool
    build: Build
    besides: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What its file is called."""
        side = "outside" if self.breaks else "inside"
        return f"{self.requirement}-{gwg2022.profile_name(self.variant)[8:]}-{self.level}-{side}"


def cases(variant: str) -> Iterator[Case]:
    """Every case of a variant."""
    asked = gwg2022.table()[variant]
    steps = asked["R1001"].on
    for requirement, make in MAKERS.items():
        for level, limit in _limits(asked[requirement]):
            for breaks in (False, True):
                build = make(asked, limit, breaks, steps)
                if build is not None:
                    besides = BESIDES.get(requirement, frozenset()) | _always(asked, requirement)
                    yield Case(requirement, variant, level, breaks, build, frozenset(besides))


def _limits(asked: gwg2022.Asked) -> Iterator[tuple[str, float | None]]:
    if not asked.on:
        return
    numbers = asked.numbers()
    for level in ("error", "warning"):
        if level in asked.limits:
            yield level, numbers.get(level)


#: What is broken together with a requirement, in either file or only in the one outside.
BESIDES = {
    "R0001": frozenset[str](),
    "R0004": frozenset({"R0006"}),
    "R0005": frozenset[str](),
    "R0028": frozenset({"R0001"}),  # PDF/X-4 does not allow RGB that says nothing, either
    "R0029": frozenset({"R0001"}),
    "R0033": frozenset({"R0031"}),  # the one picture of the page is a picture as well
    "R0035": frozenset({"R0001"}),
    "R0037": frozenset({"R0002"}),
    "R1001": frozenset({"R1002"}),
}


def _always(asked: Asked, requirement: str) -> frozenset[str]:
    """What a file of a requirement cannot do without, and the variant warns of."""
    spots = {"R0021", "R0022", "R0023", "R0025"}
    return frozenset({"R0020"}) if requirement in spots and asked["R0020"].on else frozenset()


def page(steps: bool, *, clean: bool = True, **settings: Any) -> PdfBuilder:
    """A page that every variant takes; packaging has its cut and crease lines as processing steps."""
    builder = pdf(TRIM, pdfx="PDF/X-4", **settings)
    if clean:
        builder.image(FINE_PPI, colour="cmyk", at=("30 mm", "30 mm"), size=("20 mm", "20 mm"))
        builder.text(SPECIMEN, size=LARGE, overprint=True, at=("8 mm", "55 mm"))
    if steps:
        for step in ("Cutting", "Creasing"):
            builder.layer(step, step=("Structural", step))
            if clean:
                builder.line(width=THICK, colour=("spot", step, 1.0, DIE[step]), overprint=True, at=("6 mm", "57 mm"))
        builder.layer(None)
    return builder


DIE = {"Cutting": (0.0, 1.0, 0.0, 0.0), "Creasing": (1.0, 0.0, 0.0, 0.0)}
Maker = Callable[[Asked, float | None, bool, bool], Build | None]


def _simple(inside: Callable[[PdfBuilder], Any], outside: Callable[[PdfBuilder], Any], **settings: Any) -> Maker:
    """A maker for what is added to a clean page."""

    def make(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
        def build() -> bytes:
            builder = page(steps, **settings)
            (outside if breaks else inside)(builder)
            return builder.bytes()

        return build

    return make


def _graded(add: Callable[[PdfBuilder, float], Any], step: float) -> Maker:
    """A maker for a limit: what is added is at the limit, and ``step`` beyond it."""

    def make(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
        assert limit is not None

        def build() -> bytes:
            builder = page(steps)
            add(builder, limit + step if breaks else limit)
            return builder.bytes()

        return build

    return make


def _nothing(builder: PdfBuilder) -> None:
    """The clean page as it is."""


def _untitled(builder: PdfBuilder) -> None:
    del builder.objects.docinfo["/Trapped"]
    metadata = builder.objects.Root.Metadata
    metadata.write(metadata.read_bytes().replace(b"<pdf:Trapped>False</pdf:Trapped>", b""))


def _user_unit(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    return lambda: page(steps, user_unit=2 if breaks else 1).bytes()


def _crop(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    box = (10, 10, 180, 180) if breaks else (0, 0, 187.0866, 187.0866)
    return lambda: page(steps, boxes={"crop": box}).bytes()


def _two_pages(steps: bool, second: str = TRIM, scale: float = 1) -> bytes:
    builder = page(steps)
    return builder.page(trim=second, user_unit=scale).text(SPECIMEN, size=LARGE, overprint=True).bytes()


def _two_sizes(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    return partial(_two_pages, steps, "60x70mm" if breaks else TRIM)


def _empty(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    if breaks:
        return lambda: page(steps, clean=False, background=None).bytes()
    return lambda: page(steps).bytes()


def _page_count(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    return partial(_two_pages, steps) if breaks else lambda: page(steps).bytes()


def _scales(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    return partial(_two_pages, steps, TRIM, 2 if breaks else 1)


def _dark(builder: PdfBuilder) -> PdfBuilder:
    """One ink under what is white: a ground of several would be no clean ground for small text."""
    return builder.rectangle(colour=(1, 0, 0, 0), at=("5 mm", "5 mm"), size=("50 mm", "20 mm"))


def _white_text(builder: PdfBuilder, size: float) -> None:
    _dark(builder).text(SPECIMEN, size=f"{size} pt", colour=(0, 0, 0, 0))


def _multi_text(builder: PdfBuilder, size: float) -> None:
    builder.text(SPECIMEN, size=f"{size} pt", colour=(1, 1, 0, 0))


def _black_text(colour: Any) -> Callable[[PdfBuilder, float], Any]:
    return lambda builder, size: builder.text(SPECIMEN, size=f"{size} pt", colour=colour)


def _line(colour: Any) -> Callable[[PdfBuilder, float], Any]:
    def add(builder: PdfBuilder, width: float) -> None:
        if colour == (0, 0, 0, 0):
            _dark(builder)
        builder.line(width=f"{width:g} pt", colour=colour, to=("40 mm", "10 mm"))

    return add


def _courier(name: str) -> Callable[[PdfBuilder], Any]:
    """The embedded font, renamed."""

    def add(builder: PdfBuilder) -> None:
        builder.text(SPECIMEN, size=LARGE, overprint=True)
        for font in builder.objects.objects:
            if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == pikepdf.Name.Font:
                font.BaseFont = pikepdf.Name(name)
                font.FontDescriptor.FontName = pikepdf.Name(name)

    return add


def _rich_black(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    total = asked["R0015"].numbers("B")["warning"] + (0.02 if breaks else 0)
    rest = round((total - 1) / 3, 4)

    def build() -> bytes:
        return page(steps).text(SPECIMEN, size=LARGE, colour=(rest, rest, round(total - 1 - 2 * rest, 4), 1)).bytes()

    return build


def _spots(*names: tuple[str, tuple[float, ...]]) -> Callable[[PdfBuilder], Any]:
    def add(builder: PdfBuilder) -> None:
        for place, (name, alternate) in enumerate(names):
            at = ("10 mm", f"{8 + 10 * place} mm")
            builder.rectangle(colour=("spot", name, 1.0, alternate), at=at, size=("10 mm", "8 mm"))

    return add


def _heavy(spot: bool) -> Maker:
    """A square of known ink. A tint is one of 255 steps, so that the sum is 3 % to either side of the limit."""

    def make(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
        assert limit is not None
        total = limit / 100 + (0.03 if breaks else -0.03)
        inks = (round((total - 1) / 4, 4) if spot else round(total / 4, 4),) * 4

        def build() -> bytes:
            builder = page(steps)
            frame: dict[str, Any] = {"at": ("5 mm", "5 mm"), "size": ("20 mm", "20 mm")}
            builder.rectangle(colour=inks, **frame)
            if spot:
                builder.rectangle(colour=("spot", "Varnish", 1.0, (0.3, 0, 0, 0)), overprint=True, **frame)
            return builder.bytes()

        return build

    return make


def _blend(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    def build() -> bytes:
        builder = page(steps).transparency(alpha=0.5, at=("8 mm", "8 mm"), size=("10 mm", "10 mm"))
        space = pikepdf.Name.DeviceGray if breaks else pikepdf.Name.DeviceCMYK
        group = pikepdf.Dictionary(Type=pikepdf.Name.Group, S=pikepdf.Name.Transparency, CS=space)
        builder.objects.pages[0].obj.Group = group
        return builder.bytes()

    return build


def _picture(builder: PdfBuilder, ppi: float) -> None:
    builder.image(ppi, colour="cmyk", at=("5 mm", "5 mm"), size=("20 mm", "15 mm"), compression="flate")


def _line_art(builder: PdfBuilder, ppi: float) -> None:
    builder.image(ppi, colour="stencil", at=("5 mm", "5 mm"), size=("20 mm", "15 mm"))


def _rasterised(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    assert limit is not None
    ppi = limit - 1 if breaks else limit

    def build() -> bytes:
        builder = pdf("16x16mm", pdfx="PDF/X-4", background=None)
        builder.image(ppi, colour="cmyk", at=("-3 mm", "-3 mm"), size=("22.4 mm", "22.4 mm"), compression="flate")
        if steps:
            for step in ("Cutting", "Creasing"):
                builder.layer(step, step=("Structural", step))
        return builder.bytes()

    return build


def _output_intent(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    def build() -> bytes:
        builder = page(steps)
        if breaks:
            intent = builder.objects.Root.OutputIntents[0]
            # Light where ink is wanted; where either will do, a profile that is of no output device.
            of_a_scanner = press_profile()[:12] + b"scnr" + press_profile()[16:]
            data, channels = (of_a_scanner, 4) if asked["R0029"].on else (srgb_profile(), 3)
            intent.DestOutputProfile = pikepdf.Stream(builder.objects, data, N=channels)
        return builder.bytes()

    return build


def _layer(**settings: Any) -> Callable[[PdfBuilder], Any]:
    def add(builder: PdfBuilder) -> None:
        builder.layer("Notes", **settings).rectangle(colour=(0, 0.2, 0, 0), at=("8 mm", "8 mm"), size=("9 mm", "9 mm"))
        builder.layer(None)

    return add


def _no_steps(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    return lambda: page(not breaks).bytes()


def _no_creasing(asked: Asked, limit: float | None, breaks: bool, steps: bool) -> Build:
    def build() -> bytes:
        if not breaks:
            return page(True).bytes()
        return page(False).layer("Cutting", step=("Structural", "Cutting")).line(
            width=THICK, colour=("spot", "Cutting", 1.0, DIE["Cutting"]), overprint=True, at=("6 mm", "57 mm")
        ).layer(None).bytes()  # fmt: skip

    return build


RGB = ("srgb", 0.9, 0.3, 0.2)
PATCH: dict[str, Any] = {"at": ("8 mm", "8 mm"), "size": ("10 mm", "10 mm")}

MAKERS: dict[str, Maker] = {
    "R0001": _simple(_nothing, _untitled),
    "R0002": _user_unit,
    "R0003": _crop,
    "R0004": _two_sizes,
    "R0005": _empty,
    "R0006": _page_count,
    "R0007": _simple(
        lambda page: _dark(page).text(SPECIMEN, size=LARGE, colour=(0, 0, 0, 0)),
        lambda page: _dark(page).text(SPECIMEN, size=LARGE, colour=(0, 0, 0, 0), overprint=True),
    ),
    "R0008": _simple(
        lambda page: _dark(page).rectangle(colour=(0, 0, 0, 0), **PATCH),
        lambda page: _dark(page).rectangle(colour=(0, 0, 0, 0), overprint=True, **PATCH),
    ),
    "R0009": _graded(_black_text((0, 0, 0, 1)), -0.1),
    "R0010": _graded(_line((0, 0, 0, 1)), -0.1),
    "R0011": _graded(_black_text(0.0), -0.1),
    "R0012": _graded(_line(0.0), -0.1),
    "R0013": _simple(
        lambda page: page.rectangle(colour=0.5, **PATCH),
        lambda page: page.rectangle(colour=0.5, overprint=True, **PATCH),
    ),
    "R0014": _simple(_courier("/Courier-Bold"), _courier("/Courier")),
    "R0015": _rich_black,
    "R0016": _graded(_white_text, -0.1),
    "R0017": _graded(_multi_text, -0.1),
    "R0018": _graded(_line((0, 0, 0, 0)), -0.02),
    "R0019": _graded(_line((1, 1, 0, 0)), -0.02),
    "R0020": _simple(
        _spots(("Black", (0, 0, 0, 1))),
        _spots(("PANTONE 185 C", (0, 0.93, 0.79, 0))),
    ),
    "R0021": _simple(
        _spots(("PANTONE 185 C", (0, 0.93, 0.79, 0)), ("PANTONE 286 U", (1, 0.75, 0, 0))),
        _spots(("PANTONE 185 C", (0, 0.93, 0.79, 0)), ("PANTONE 185 U", (0, 0.8, 0.6, 0))),
    ),
    "R0022": _simple(
        _spots(("Gold", (0.2, 0.35, 0.85, 0.15)), ("Silver", (0, 0, 0, 0.4))),
        _spots(("Gold", (0.2, 0.35, 0.85, 0.15)), ("GOLD", (0, 0.2, 0.7, 0.4))),
    ),
    "R0023": _simple(
        _spots(("Gold", (0.2, 0.35, 0.85, 0.15)), ("Brass", (0.2, 0.35, 0.8, 0.15))),
        _spots(("Gold", (0.2, 0.35, 0.85, 0.15)), ("Brass", (0.2, 0.35, 0.85, 0.15))),
    ),
    "R0024": _simple(
        lambda page: page.rectangle(colour=(1, 0, 0, 1), at=PATCH["at"], size=("2 mm", "2 mm")),
        lambda page: page.rectangle(colour="registration", at=PATCH["at"], size=("2 mm", "2 mm")),
    ),
    "R0025": _heavy(spot=True),
    "R0026": _heavy(spot=False),
    "R0027": _simple(lambda page: page.rectangle(**PATCH), lambda page: page.rectangle(colour=RGB, **PATCH)),
    "R0028": _simple(
        lambda page: page.rectangle(colour=RGB, **PATCH), lambda page: page.rectangle(colour=RGB[1:], **PATCH)
    ),
    "R0029": _simple(
        lambda page: page.rectangle(colour=RGB, **PATCH), lambda page: page.rectangle(colour=RGB[1:], **PATCH)
    ),
    "R0030": _blend,
    "R0031": _graded(_picture, -1),
    "R0032": _graded(_line_art, -1),
    "R0033": _rasterised,
    "R0034": _simple(_nothing, _layer()),
    "R0035": _output_intent,
    "R0036": _simple(_layer(), _layer(visible=False)),
    "R0037": _scales,
    "R1001": _no_steps,
    "R1002": _no_creasing,
}


def main(folder: Path) -> None:
    """Write every case of every variant to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for variant in gwg2022.table():
        for case in cases(variant):
            (folder / f"{case.name}.pdf").write_bytes(case.build())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
