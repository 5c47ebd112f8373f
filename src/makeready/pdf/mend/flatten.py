"""Flattening: what is seen through is laid over as a picture, and below it nothing is seen through any more.

Each region that transparency touches is drawn and painted over what it shows. What lies below is kept, so that
text can still be found and edges of the picture show nothing else; its opacity, blend modes, soft masks and groups
are taken away, which nobody sees below an opaque picture. What is painted after the last see-through object of a
region stays above the picture, as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from makeready.changes import Refusal
from makeready.facts import Artwork, Page, Rect
from makeready.pdf.colour import NOTHING, PROCESS_INKS, REGISTRATION
from makeready.pdf.ink import MOST_SPOTS, press_space
from makeready.pdf.mend.plates import COMPONENTS, Mix, Model, Picture, as_image, draw
from makeready.pdf.mend.regions import Region, Soft, cut, regions
from makeready.pdf.mend.streams import Here, Matrix, State, Walk, inverse
from makeready.pdf.mend.working import Working
from makeready.pdf.mend.wrap import numbers
from makeready.pdf.resources import inherited

#: Regions are cut along the pixels of this grid, in points: whole pixels at 300 and 600 ppi.
_GRID = 72 / 300
_LIGHT = frozenset({"rgb", "lab"})


@dataclass(frozen=True, slots=True)
class Flattened:
    """What was done to a page."""

    page: int
    places: tuple[Rect, ...] = ()
    #: Of each place.
    ppi: tuple[float, ...] = ()
    mix: Mix = field(default_factory=lambda: Mix("cmyk"))
    #: How much of the MediaBox was drawn, 0 to 1.
    share: float = 0.0
    #: What the page said it is to be mixed in, where that is another model.
    said: str | None = None
    #: Colours of light that became inks within the regions.
    from_light: bool = False
    #: The file does not say what press its inks are for.
    stock: bool = False


class _Layer(NamedTuple):
    """A picture, what the page paints before it and after the one before, and the matrix that is in force there."""

    content: bytes
    matrix: Matrix
    region: Region
    picture: Picture


@dataclass(slots=True)
class _Laid:
    """A page with its pictures, before anything is changed."""

    done: Flattened
    layers: list[_Layer] = field(default_factory=list)
    #: What is painted on top of all of them.
    rest: bytes = b""


def flatten(
    working: Working,
    artwork: Artwork,
    folder: Path,
    ppi: float,
    edges_ppi: float,
    tell: Callable[[float], None],
) -> Iterator[Flattened]:
    """Flatten every page of the facts; pages without anything see-through only lose what they declare.

    Args:
        working: the file.
        artwork: its facts.
        folder: for what is drawn meanwhile.
        ppi: of regions of pictures and areas.
        edges_ppi: of regions with text or lines.
        tell: is told the share that is done.

    Raises:
        Refusal: a page cannot be drawn or read; nothing is changed then.
    """
    path, pdf = working.file(), working.pdf
    chosen = {page.number for page in artwork.pages}
    found = {page.number: list(_of_page(pdf.pages[page.number - 1].obj)) for page in artwork.pages}
    others = {
        one.home
        for number, page in enumerate(pdf.pages, start=1)
        for one in (*(() if number in chosen else _of_page(page.obj)), *_of_annotations(page.obj))
    }
    if any(one.home in others for some in found.values() for one in some):
        raise Refusal(
            "other pages or comments share what is see-through on these: flatten all pages, or remove comments"
        )
    if artwork.transparencies and not any(found.values()):
        raise Refusal("only comments or form fields are see-through: remove them, or make them part of the page first")
    laid = []
    for done, page in enumerate(artwork.pages, start=1):
        if found[page.number]:
            laid.append(_drawn(pdf, path, page, artwork, _soft(found[page.number]), folder, (ppi, edges_ppi)))
        tell(0.9 * done / len(artwork.pages))
    spaces = _spaces(pdf) if any(one.done.mix.spots for one in laid) else {}
    for one in laid:
        for seen in found[one.done.page]:
            _cover(seen)
        _lay(pdf, one, spaces)
        yield one.done


def _drawn(
    pdf: Pdf, path: Path, page: Page, artwork: Artwork, soft: Soft, folder: Path, ppi: tuple[float, float]
) -> _Laid:
    """The pictures of a page, drawn from a copy that is opened for it: its content is changed there."""
    import pymupdf
    from pymupdf import mupdf

    number, media = page.number, page.media
    if media is None or media.width <= 0 or media.height <= 0:
        return _Laid(Flattened(number))
    with pymupdf.open(path, filetype="pdf") as opened:
        document = mupdf.pdf_document_from_fz_document(opened.this)
        mix, done = _mix(document, page, artwork)
        native = mupdf.pdf_lookup_page_obj(document, number - 1)
        group = mupdf.pdf_dict_gets(native, "Group")
        if mupdf.pdf_is_dict(group) and (done.said is not None or mix.model == "cmyk"):
            mupdf.pdf_dict_dels(group, "CS")  # the inks of the output intent then
        pieces = cut(pdf, pdf.pages[number - 1].obj)
        _run(mupdf, document, native, pieces.marked())
        found = regions(document, number, page.user_unit, media, soft, COMPONENTS[mix.model], _GRID)
        if found and len(mix.spots) > MOST_SPOTS:
            raise Refusal(f"page {number} has {len(mix.spots)} spot colours; {MOST_SPOTS} can be flattened: merge some")
        # MuPDF mixes such letters in light, and forgets the spots below them.
        letters = soft.glyphs or (any(region.drawn_letters for region in found) and _has_coloured_letters(pdf, number))
        if found and letters and mix.model == "cmyk":
            raise Refusal(f"letters of a Type 3 font on page {number} have colours of their own: make outlines of them")
        layers, last = [], -1
        for region in sorted(found, key=lambda region: region.piece):
            _run(mupdf, document, native, pieces.upto(region.piece))
            file = folder / f"region-{number}.planes"
            picture = draw(document, number, page.user_unit, region.place, ppi[region.edges], mix, file)
            layers.append(_Layer(pieces.between(last, region.piece), pieces.matrices[region.piece], region, picture))
            last = region.piece
    done = replace(
        done,
        places=tuple(layer.region.place for layer in layers),
        ppi=tuple(ppi[layer.region.edges] for layer in layers),
        mix=replace(mix, spots=tuple(sorted({spot for layer in layers for spot in layer.picture.mix.spots}))),
        share=sum(layer.region.place.width * layer.region.place.height for layer in layers)
        / media.width
        / media.height,
    )
    return _Laid(done, layers, pieces.between(last, len(pieces.ends) - 1))


def _has_coloured_letters(pdf: Pdf, number: int) -> bool:
    """Whether a Type 3 font of a page, or of what it paints, has letters with colours of their own (9.6.5, d0)."""
    colours = _Coloured()
    Walk(pdf, colours, ("glyph", "pattern")).page(number)
    return colours.found


class _Coloured:
    """Looks for the operator d0, and changes nothing."""

    found = False

    def key(self, state: State) -> None:
        """Nothing depends on the state."""

    def visit(self, here: Here, operands: Sequence[Any], operator: str) -> None:
        """Note it."""
        self.found = self.found or operator == "d0"


def _run(mupdf: Any, document: Any, native: Any, content: bytes) -> None:
    """Have the page paint this, in the open document alone."""
    buffer = mupdf.fz_new_buffer_from_copied_data(content)
    mupdf.pdf_dict_puts(native, "Contents", mupdf.pdf_add_stream(document, buffer, mupdf.PdfObj(), 0))


def _mix(document: Any, page: Page, artwork: Artwork) -> tuple[Mix, Flattened]:
    """What a page is mixed in: inks, unless it has none and nothing says what press it is for."""
    paints = [paint.colour for paint in artwork.paints if paint.page == page.number]
    models = {colour.model for colour in paints}
    said = next(
        (blend.model for blend in artwork.blend_spaces if (blend.page, blend.where) == (page.number, "page")), None
    )
    spots = {ink for colour in paints for ink, _ in colour.inks}.difference(PROCESS_INKS, (REGISTRATION, NOTHING))
    model: Model
    if models & {"cmyk", "spot"} or said == "cmyk" or (press_space(document) and said is None):
        model = "cmyk"
    elif models & _LIGHT or said == "rgb":
        model = "rgb"
    else:
        model = "gray"
    other = said if said not in (None, model) else None
    done = Flattened(
        page.number,
        said=other,
        from_light=model == "cmyk" and bool(models & _LIGHT),
        stock=not press_space(document),
    )
    if model == "cmyk":
        return Mix(model, tuple(sorted(spots))), done
    return Mix(model, calibrated=model == "rgb" and "DeviceRGB" not in {colour.family for colour in paints}), done


def _lay(pdf: Pdf, laid: _Laid, spaces: dict[str, Array]) -> None:
    """Paint the pictures, each after the piece of the content that it shows."""
    page = pdf.pages[laid.done.page - 1].obj
    if not laid.layers:
        return
    unit = float(page.get("/UserUnit", 1.0))
    resources = page.Resources = Dictionary(dict(_resources(page).items()))
    states = _table(resources, "/ExtGState")
    plain = _free(states, "Flat")
    states[plain] = Dictionary(Type=Name.ExtGState, OP=False, op=False)
    images = _table(resources, "/XObject")
    parts = []
    for content, matrix, region, picture in laid.layers:
        name = _free(images, "Flat")
        images[name] = as_image(pdf, picture, spaces)
        back = inverse(matrix)
        assert back is not None
        x0, y0, x1, y1 = (value / unit for value in region.place)
        placed = numbers(back) + b" cm " + numbers((x1 - x0, 0, 0, y1 - y0, x0, y0))
        parts += [content, b"q " + plain.encode() + b" gs " + placed + b" cm " + name.encode() + b" Do Q"]
    page.Contents = pdf.make_stream(b"\n".join([*parts, laid.rest]))


def _resources(page: Object) -> Dictionary:
    found = inherited(page, "/Resources")
    return found if isinstance(found, Dictionary) else Dictionary()


def _table(resources: Dictionary, kind: str) -> Dictionary:
    """A table of a page's own, with all that was in it."""
    found = resources.get(kind)
    resources[kind] = Dictionary(dict(found.items())) if isinstance(found, Dictionary) else Dictionary()
    own = resources[kind]
    assert isinstance(own, Dictionary)
    return own


def _free(table: Dictionary, prefix: str) -> str:
    number = 0
    while f"/{prefix}{number}" in table:
        number += 1
    return f"/{prefix}{number}"


# What is seen through


class _Found(NamedTuple):
    """Something that makes a page see-through, or may."""

    kind: Literal["state", "group", "image"]
    owner: Any
    #: The object that it is written in.
    home: tuple[int, int]
    #: Whether it belongs to the glyphs of a Type 3 font.
    glyph: bool


def _of_page(page: Object) -> Iterator[_Found]:
    """All that a page's content can reach."""
    if _is_group(page):
        yield _Found("group", page, page.objgen, glyph=False)
    holder = page
    while "/Resources" not in holder and isinstance(holder.get("/Parent"), Dictionary):
        holder = holder.Parent
    yield from _of_resources(holder.get("/Resources"), holder.objgen, set(), glyph=False)


def _of_annotations(page: Object) -> Iterator[_Found]:
    annotations = page.get("/Annots")
    for annotation in annotations if isinstance(annotations, Array) else ():
        looks = annotation.get("/AP") if isinstance(annotation, Dictionary) else None
        for look in looks.values() if isinstance(looks, Dictionary) else ():
            for form in [look] if isinstance(look, Stream) else look.values() if isinstance(look, Dictionary) else ():
                yield from _of_xobject(form, form.objgen, set(), glyph=False)


def _of_resources(resources: Any, home: tuple[int, int], met: set[tuple[int, int]], *, glyph: bool) -> Iterator[_Found]:
    if not isinstance(resources, Dictionary):
        return
    if resources.is_indirect:
        if resources.objgen in met:
            return
        met.add(resources.objgen)
        home = resources.objgen
    for state, at in _entries(resources, "/ExtGState", home):
        yield from _of_state(state, at, met, glyph=glyph)
    for xobject, at in _entries(resources, "/XObject", home):
        yield from _of_xobject(xobject, at, met, glyph=glyph)
    for pattern, at in _entries(resources, "/Pattern", home):
        if pattern.is_indirect and pattern.objgen in met:
            continue
        met.add(pattern.objgen)
        yield from _of_resources(pattern.get("/Resources"), at, met, glyph=glyph)
        yield from _of_state(pattern.get("/ExtGState"), at, met, glyph=glyph)
    for font, at in _entries(resources, "/Font", home):
        if font.get("/Subtype") == Name.Type3 and not (font.is_indirect and font.objgen in met):
            met.add(font.objgen)
            yield from _of_resources(font.get("/Resources"), at, met, glyph=True)


def _entries(resources: Any, kind: str, home: tuple[int, int]) -> Iterator[tuple[Any, tuple[int, int]]]:
    table = resources.get(kind)
    if isinstance(table, Dictionary):
        inside = table.objgen if table.is_indirect else home
        for entry in table.values():
            if isinstance(entry, Dictionary | Stream):
                yield entry, entry.objgen if entry.is_indirect else inside


def _of_state(state: Any, home: tuple[int, int], met: set[tuple[int, int]], *, glyph: bool) -> Iterator[_Found]:
    if not isinstance(state, Dictionary):
        return
    mask, modes = state.get("/SMask"), state.get("/BM")
    named = list(modes) if isinstance(modes, Array) else [modes]
    blends = any(mode not in (None, Name.Normal, Name.Compatible) for mode in named)
    if isinstance(mask, Dictionary) or blends or any(not _is_one(state.get(key)) for key in ("/ca", "/CA")):
        yield _Found("state", state, home, glyph)


def _of_xobject(xobject: Any, home: tuple[int, int], met: set[tuple[int, int]], *, glyph: bool) -> Iterator[_Found]:
    if not isinstance(xobject, Stream) or xobject.objgen in met:
        return
    met.add(xobject.objgen)
    if xobject.get("/Subtype") == Name.Image:
        if isinstance(xobject.get("/SMask"), Stream) or xobject.get("/SMaskInData") in (1, 2):
            yield _Found("image", xobject, home, glyph)
        return
    if _is_group(xobject):
        yield _Found("group", xobject, home, glyph)
    yield from _of_resources(xobject.get("/Resources"), xobject.objgen, met, glyph=glyph)


def _is_group(holder: Object) -> bool:
    group = holder.get("/Group")
    return isinstance(group, Dictionary) and group.get("/S") == Name.Transparency


def _is_one(value: Any) -> bool:
    return value is None or float(value) == 1


def _soft(found: Iterable[_Found]) -> Soft:
    """What is seen through without the graphics state saying so."""
    images = [one.owner for one in found if one.kind == "image"]
    sizes = frozenset((int(image.get("/Width", 0)), int(image.get("/Height", 0))) for image in images)
    return Soft(sizes, any(one.glyph for one in found))


def _cover(one: _Found) -> None:
    """Take it away: it lies below a picture, or nobody sees it."""
    gone = {"state": ("/ca", "/CA", "/BM", "/SMask", "/AIS"), "group": ("/Group",), "image": ("/SMask", "/SMaskInData")}
    for key in gone[one.kind]:
        if key in one.owner:
            del one.owner[key]


def _spaces(pdf: Pdf) -> dict[str, Array]:
    """The Separation spaces of a file, by the name of their spot."""
    return {
        str(space[1]).removeprefix("/"): space
        for thing in pdf.objects
        if isinstance(thing, Array | Dictionary | Stream)
        for space in _separations(thing)
    }


def _separations(thing: Any) -> Iterator[Array]:
    if isinstance(thing, Array) and len(thing) == 4 and thing[0] == Name.Separation:
        yield thing
        return
    for part in thing if isinstance(thing, Array) else thing.values():
        if isinstance(part, Array | Dictionary) and not part.is_indirect:
            yield from _separations(part)
