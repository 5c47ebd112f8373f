"""What every fix promises, held on files that none of them was made for.

Whatever the file: a fix changes it, finds nothing to do, or refuses and says why; it never fails. What it wrote is
sound, holds as many pages, is left alone the second time, and brings no error, no loss of text or of spot colours but
those that its page tells of. Safe fixes leave the look as it was. Words, spots and looks are told by other programs.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, UnidentifiedImageError

import makeready
from fixes.hard_pages import PAGES, PICTURES, faults, page, photo
from fixes.looks import Pixels, assert_same_look, magick_shown, picture_opens, qpdf_clean, text_of
from makeready import fixes
from makeready.changes import Result, Safety, Stage, StepOutcome
from makeready.registry import BUILT_IN, Fix
from makeready.results import Report, Severity
from makeready.testing import pdf, picture
from makeready.testing.poppler import images

#: remove_background is held to its word with a network that needs no weights.
pytestmark = pytest.mark.usefixtures("finds_bright")

#: Edits are there to change the look, and promise other things.
FIXES = sorted(
    (fix for fix in fixes.catalogue() if fix.source == BUILT_IN and fix.stage is not Stage.EDIT),
    key=lambda fix: fix.order,
)
ON_PDF = [fix for fix in FIXES if "pdf" in fix.kinds]
ON_RASTER = [fix for fix in FIXES if "raster" in fix.kinds]

#: What the pictures are printed at.
CANVAS = "3x2in"
#: Each run takes the picture further, as their pages say.
REPEATS = {"enlarge", "upscale_resolution_2x", "upscale_resolution_4x"}
#: Errors that may come of a fix, as its page says.
BRINGS = {
    "remove_background": {"IMG101"},  # line art becomes gray
    "convert_to_cmyk": {"IMG102"},  # a colour declared clear becomes a mask of one bit
    "to_raster": {"IMG101"},  # drawn here with few pixels, for the sake of time
}
#: These may take text out of the file or make pixels of it.
LOSE_TEXT = {"flatten_layers", "remove_transparency", "to_raster"}
#: These may put text into the file a second time: what was a comment's look, what is mirrored.
ADD_TEXT = {"remove_active_content", "add_bleed"}
#: These may do away with spots.
LOSE_SPOTS = {"flatten_layers", "map_spots", "merge_spots", "remove_transparency", "to_raster"}
#: These ask for review for other reasons: inside the trim the look stays.
KEEP_LOOK = {"add_bleed", "to_pdfx", "to_pdfx1a", "to_pdfx4"}
#: Poppler's PNGs show what a screen shows, not what is printed.
ON_SCREEN = {"layers", "comments, fields and scripts"}
#: Poppler cannot read these before they are mended.
MUPDF_ONLY = {"unfinished"}

DIRECT = (pikepdf.Array, pikepdf.Dictionary)

deterministic = settings(deadline=None, derandomize=True, max_examples=25, database=None)


@cache
def checked(name: str, kind: str) -> Report:
    return makeready.check(page(name)) if kind == "pdf" else makeready.check(photo(name), canvas=CANVAS)


def held(result: Result, ids: Sequence[str]) -> bool:
    """Each step changed, left or refused the file, and said so; whether there is a new file."""
    changed = False
    for run in result.runs:
        assert (run.outcome is StepOutcome.CHANGED) == bool(run.changes)
        assert (run.outcome is StepOutcome.REFUSED) == bool(run.reason)
        changed |= bool(run.changes)
    assert (result.path is not None) == changed, ids
    return changed


def brought(result: Result, *ids: str) -> list[str]:
    """Errors that were not there before, but those that the fixes' pages tell of."""
    told = set().union(*(BRINGS.get(id, set()) for id in ids))
    return [issue.code for issue in result.new if issue.severity is Severity.ERROR and issue.code not in told]


def spots(data: bytes) -> set[str]:
    """Names of all inks in the file that are not process inks."""
    found = set()
    with pikepdf.open(io.BytesIO(data)) as file:
        pending: list[pikepdf.Object] = list(file.objects)
        while pending:
            entry = pending.pop()
            if isinstance(entry, pikepdf.Array):
                if len(entry) == 4 and entry[0] == pikepdf.Name.Separation:
                    found.add(str(entry[1]))
                elif len(entry) in (4, 5) and entry[0] == pikepdf.Name.DeviceN:
                    found.update(str(ink) for ink in entry[1])
                pending.extend(one for one in entry if isinstance(one, DIRECT) and not one.is_indirect)
            elif isinstance(entry, pikepdf.Dictionary | pikepdf.Stream):
                values = (one for _, one in entry.items())
                pending.extend(one for one in values if isinstance(one, DIRECT) and not one.is_indirect)
    return found - {"/Cyan", "/Magenta", "/Yellow", "/Black", "/None", "/All"}


def words(given: object) -> Counter[str]:
    return Counter(text_of(given).split())


@cache
def words_before(name: str) -> Counter[str]:
    return words(page(name))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("fix", ON_PDF, ids=lambda fix: fix.id)
def test_a_pdf(fix: Fix, name: str) -> None:
    given = page(name)
    step = {"fix": fix.id} | ({"resolution": "72 ppi"} if fix.id == "to_raster" else {})
    result = makeready.fix(given, [step], before=checked(name, "pdf"))
    if not held(result, [fix.id]):
        return
    assert not brought(result, fix.id)
    if fix.id == "to_raster":
        return
    after = result.data
    assert result.path is not None
    assert after is not None
    qpdf_clean(result.path)
    with pikepdf.open(result.path) as file:
        assert len(file.pages) == len(result.before.facts.pages if result.before.facts else ())
    if fix.id not in REPEATS:
        again = makeready.fix(after, [fix.id], before=result.after)
        assert not held(again, [fix.id]), [change.message for change in again.changes]
    if fix.id not in LOSE_TEXT and name not in MUPDF_ONLY:
        old, new = words_before(name), words(result.path)
        assert not old - new
        assert fix.id in ADD_TEXT or not new - old
    if fix.id not in LOSE_SPOTS:
        assert spots(given) <= spots(after)
    if fix.id in KEEP_LOOK:
        assert max(proof.differing for proof in result.proof) < 0.002
    if fix.safety is Safety.SAFE:
        by = ("mupdf",) if name in ON_SCREEN | MUPDF_ONLY else ("mupdf", "poppler")
        for number in range(1, len(result.before.facts.pages if result.before.facts else ()) + 1):
            assert_same_look(given, result.path, number, share=0.0005, ppi=4 if name == "huge" else 50, by=by)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("fix", ON_RASTER, ids=lambda fix: fix.id)
def test_a_picture(fix: Fix, name: str) -> None:
    given = photo(name)
    result = makeready.fix(given, [fix.id], before=checked(name, "raster"), canvas=CANVAS)
    if not held(result, [fix.id]):
        return
    assert result.path is not None
    assert not brought(result, fix.id)
    if fix.id == "to_pdf":
        qpdf_clean(result.path)
        placed = next(row for row in images(result.path) if row.type == "image")
        with Image.open(io.BytesIO(given)) as picture:
            assert {placed.width, placed.height} == set(picture.size)
        return
    if fix.id not in REPEATS:
        again = makeready.fix(result.path, [fix.id], before=result.after, canvas=CANVAS)
        assert not held(again, [fix.id]), [change.message for change in again.changes]
    picture_opens(result.path)
    if fix.safety is Safety.SAFE:
        before, after = upright(given), upright(result.data or b"")
        assert before.shape == after.shape
        apart = np.abs(before.astype(int) - after.astype(int))
        assert apart.mean() < 3
        assert np.percentile(apart, 99) <= 24


def upright(data: bytes) -> Pixels:
    """As it is shown: turned, on white, in RGB."""
    try:
        found = Image.open(io.BytesIO(data))
    except UnidentifiedImageError:  # CMYK with alpha
        return np.asarray(magick_shown(data))
    with found:
        picture = ImageOps.exif_transpose(found)
        if picture.mode.startswith("I"):  # 16 bits, which Pillow would cut off instead of scaling down
            picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        if picture.mode in ("LA", "RGBA") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture)
        return np.asarray(picture.convert("RGB"))


SIZES = st.sampled_from(["40x30mm", "74x105mm", "25x70mm"])


@st.composite
def pages(draw: st.DrawFn) -> bytes:
    """One or two pages, with a few things that were never put together like this."""
    corner = st.integers(-200, 200)
    built = pdf(
        draw(SIZES), draw(st.sampled_from([None, "0 mm", "3 mm"])), slug=draw(st.sampled_from(["0 mm", "6 mm"])),
        rotate=draw(st.sampled_from([0, 90, 180, 270])), user_unit=draw(st.sampled_from([1, 1, 0.5, 3])),
        origin=(draw(corner), draw(corner)), pages=draw(st.integers(1, 2)),
        output_intent=draw(st.sampled_from([None, "FOGRA39"])),
    )  # fmt: skip
    within = st.sampled_from([None, None, "form", "pattern", "type3", "annotation", "soft mask"])
    colour = st.sampled_from(
        [0.3, (0.9, 0.1, 0), (0, 0, 0, 0), (1, 1, 0.9, 0.9), ("spot", "Gold", 0.5), ("lab", 50, 9, 9)]
    )
    at = st.tuples(*(st.integers(-4, 30).map(lambda mm: f"{mm} mm") for _ in range(2)))
    for _ in range(draw(st.integers(1, 5))):
        where, what = {"at": draw(at), "within": draw(within)}, draw(colour)
        over = draw(st.booleans())
        match draw(st.sampled_from(["text", "line", "shape", "picture", "shine", "faults"])):
            case "text":
                font = draw(st.sampled_from(["embedded", "bold", "Helvetica", "type3"]))
                built.text("Some words", font=font, size="6 pt", colour=what, overprint=over, **where)
            case "line":
                built.line(
                    width=draw(st.sampled_from(["0 pt", "0.1 pt", "3 pt"])), colour=what, overprint=over, **where
                )
            case "shape":
                built.rectangle(size=("20 mm", "0.05 mm") if over else "9x7mm", colour=what, **where)
            case "picture":
                kind = draw(st.sampled_from(["rgb", "cmyk", "gray", "indexed", "stencil", "spot"]))
                built.image(draw(st.sampled_from([40, 700])), colour=kind, size="8x6mm", soft_mask=over, **where)
            case "shine":
                built.transparency(alpha=0.5, soft_mask=over, colour=what, size="12x9mm", **where)
            case _:
                faults(built, where["within"])
    return built.bytes()


MIXED = [fix.id for fix in ON_PDF if fix.id != "to_raster"]


@deterministic
@given(data=pages(), chain=st.lists(st.sampled_from(MIXED), min_size=1, max_size=4, unique=True))
def test_any_chain_on_any_page(data: bytes, chain: list[str]) -> None:
    result = makeready.fix(data, chain)
    if not held(result, chain):
        return
    assert result.path is not None
    assert result.after is not None
    assert not result.after.crashed
    qpdf_clean(result.path)
    assert not brought(result, *chain)
    if not LOSE_TEXT.intersection(chain):
        assert not words(data) - words(result.path)


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    """A picture of any kind, as formats can hold it, turned or not."""
    format, modes = draw(
        st.sampled_from([
            ("JPEG", ["RGB", "L", "CMYK"]), ("PNG", ["RGB", "L", "P", "1", "RGBA", "LA"]), ("WEBP", ["RGB", "RGBA"]),
            ("TIFF", ["RGB", "L", "CMYK", "1", "I;16", "RGBA"]),
        ])
    )  # fmt: skip
    return picture(
        draw(st.sampled_from([48, 90])), draw(st.sampled_from([60, 91])), draw(st.sampled_from(modes)), format=format,
        dpi=draw(st.sampled_from([None, 72, 300])), orientation=draw(st.sampled_from([None, *range(1, 9)])),
    )  # fmt: skip


STILL = [fix.id for fix in ON_RASTER if fix.id not in ("to_pdf", "fit_to_product", "add_bleed", "remove_background")]


@deterministic
@given(data=pictures(), chain=st.lists(st.sampled_from(STILL), min_size=1, max_size=4, unique=True))
def test_any_chain_on_any_picture(data: bytes, chain: list[str]) -> None:
    """Whatever is made of it, it is still the same picture, and held the same way."""
    result = makeready.fix(data, chain, canvas=CANVAS)
    if not held(result, chain):
        return
    assert result.path is not None
    assert result.after is not None
    assert not result.after.crashed
    picture_opens(result.path)
    was, now = (Image.fromarray(upright(given)).convert("L") for given in (data, result.data or b""))
    assert abs(was.width / was.height - now.width / now.height) < 0.1
    apart = np.asarray(was.resize((6, 6)), int) - np.asarray(now.resize((6, 6)), int)
    assert np.abs(apart).mean() < 16
