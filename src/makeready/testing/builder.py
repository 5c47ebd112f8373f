"""PDFs for tests, made in a line that reads as a sentence.

>>> poster = pdf(trim="A2", bleed=None).image(ppi=96, colour="rgb", at=("20 mm", "20 mm"), size=("300 mm", "200 mm"))
>>> poster.text("Summer", size="4 pt", font="Helvetica").save("poster.pdf")  # doctest: +SKIP

A PDF that nothing is put on is fit for the press as it is: boxes nested, CMYK only, background into the bleed,
a picture of 300 ppi, an embedded font, an output intent. So a test adds the one fault it is about.

Places and sizes are text with a unit. ``at`` is measured as on the desk: from the left and the top edge of the
trimmed page (before ``/Rotate``) to the object's left and top edge; for text, to the start of its baseline.
"""

from __future__ import annotations

import builtins
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from makeready.testing import fonts
from makeready.testing.colours import BLACK, Colour, set_colour
from makeready.testing.containers import Within, annotation, form_xobject, rounded, wrap
from makeready.testing.piece import Piece, numbers
from makeready.testing.xobjects import Compression, ImageColour, Picture
from makeready.units import Length, Resolution, Size

if TYPE_CHECKING:
    import pikepdf

    from makeready.facts import Box

#: Two lengths with units, such as ``("10 mm", "1 in")``; a size may also be ``"50x40mm"`` or ``"A6"``.
Pair = tuple[str | Length, str | Length]
BoxName = Literal["media", "crop", "bleed", "trim", "art"]

#: A light tint, so that a page is filled and text on it stays readable.
BACKGROUND: Colour = (0.12, 0.04, 0, 0)
HERE: Pair = ("10 mm", "10 mm")
#: Control points at this share of the radius make four Bézier curves a circle, within 0.03 %.
ROUND = 0.5522847


@dataclass
class _Sheet:
    """A page in the making, in real points: UserUnit and the corner of the MediaBox are applied at the end."""

    page: pikepdf.Page
    trim: Box
    bleed: Box
    user_unit: float
    background: Colour | None
    piece: Piece
    touched: bool = False


@dataclass(frozen=True)
class _Look:
    """How an outline is painted; the width is that of the stroke, in points."""

    fill: Colour | None
    stroke: Colour | None
    width: float
    dash: tuple[float, ...] = ()
    overprint: bool = False


class PdfBuilder:
    """A PDF in the making. Made by :func:`pdf`; every method returns the builder, so that calls chain."""

    def __init__(self, *, output_intent: str | None, pdfx: str | None, title: str, **page: Any) -> None:
        import pikepdf

        from makeready.testing.metadata import describe, intend

        self._pdf = pikepdf.new()
        self._sheets: list[_Sheet] = []
        self._page_settings = page
        self._pictures: dict[Picture, pikepdf.Object] = {}
        self._fonts: dict[str, pikepdf.Object] = {}
        self._states: dict[str, pikepdf.Object] = {}
        self._layer: str | None = None
        self._layers: dict[str, pikepdf.Object] = {}
        self._encryption: pikepdf.Encryption | None = None
        earlier = {"PDF/X-1": "1.3", "PDF/X-3": "1.3" if (pdfx or "").endswith(":2002") else "1.4"}
        self._version = earlier.get((pdfx or "")[:7], "1.6")
        describe(self._pdf, title, pdfx)
        if output_intent:
            intend(self._pdf, output_intent)

    # Pages

    def page(self, **settings: Any) -> Self:
        """Add a page and turn to it; settings are those of :func:`pdf` that concern a page."""
        import pikepdf

        wanted = self._page_settings | settings
        trim, bleed = Size.parse(wanted["trim"]), wanted["bleed"]
        around = Length.parse(bleed) if bleed is not None else 0.0
        slug, unit = Length.parse(wanted["slug"]), float(wanted["user_unit"])
        left, bottom = wanted["origin"]
        bleed_box = _around((left + slug, bottom + slug, 2 * around + trim.width, 2 * around + trim.height))
        trim_box = _around((bleed_box[0] + around, bleed_box[1] + around, trim.width, trim.height))
        boxes: dict[str, Box | None] = {
            "media": (left, bottom, bleed_box[2] + slug, bleed_box[3] + slug),
            "bleed": bleed_box if bleed is not None else None,
            "trim": trim_box,
        }
        boxes = {name: tuple(v / unit for v in box) if box else None for name, box in boxes.items()}  # type: ignore[misc]
        boxes |= wanted["boxes"] or {}
        page = self._pdf.add_blank_page()
        for name, box in boxes.items():
            key = f"/{name.capitalize()}Box"
            if box is not None:
                page.obj[key] = pikepdf.Array(rounded(box))
            elif key in page.obj:
                del page.obj[key]
        if wanted["rotate"]:
            page.obj.Rotate = wanted["rotate"]
        if unit != 1:
            page.obj.UserUnit = wanted["user_unit"]
        sheet = _Sheet(page, trim_box, bleed_box, unit, wanted["background"], Piece(""))
        self._sheets.append(sheet)
        self._now = sheet
        if sheet.background is not None:
            self._add(self._fill(sheet.bleed, sheet.background))
            sheet.touched = False
        return self

    def on(self, number: int) -> Self:
        """Turn to a page, counted from 1."""
        self._now = self._sheets[number - 1]
        return self

    # What is painted

    def image(
        self,
        ppi: float | str | tuple[float, float] = 300,
        *,
        colour: ImageColour = "cmyk",
        at: Pair = HERE,
        size: Pair | str = ("50 mm", "40 mm"),
        pixels: tuple[int, int] | None = None,
        rotate: float = 0,
        shear: float = 0,
        mirrored: bool = False,
        inline: bool = False,
        soft_mask: bool = False,
        bits: int = 8,
        compression: Compression = "jpeg",
        quality: int = 92,
        ink: str = "PANTONE 185 C",
        fill: Colour = BLACK,
        seed: int = 1,
        within: Within | None = None,
    ) -> Self:
        """Place a picture; the frame gives way by less than a pixel, so that the resolution is exact.

        Args:
            ppi: effective resolution, one number or across and down.
            colour: what the pixels are; ``stencil`` is painted in ``fill``, ``spot`` in ``ink``.
            at: left and top of the frame before it is turned.
            size: the frame.
            pixels: so many pixels, whatever ``ppi`` says.
            rotate: degrees counter-clockwise about the frame's centre.
            shear: degrees by which the upright edges lean.
            mirrored: as seen in a mirror.
            inline: written into the page's operators.
            soft_mask: with soft edges, by way of a soft mask.
            bits: 8 or 16 a channel.
            compression: where the kind of picture can have it; else flate.
            quality: of JPEG.
            ink: the spot colour's name.
            fill: the colour a stencil is painted in.
            seed: another landscape.
            within: what the picture is part of.
        """
        frame = _size(size)
        if pixels is None:
            across, down = ppi if isinstance(ppi, tuple) else (_ppi(ppi), _ppi(ppi))
            pixels = (max(1, round(frame.width / 72 * across)), max(1, round(frame.height / 72 * down)))
            frame = Size(pixels[0] / across * 72, pixels[1] / down * 72)
        picture = Picture(*pixels, colour, bits, compression, quality, soft_mask, ink, seed)
        if inline:
            body = picture.inline(self._pdf)
        else:
            image = self._pictures.get(picture) or self._pictures.setdefault(picture, picture.xobject(self._pdf))
            name = f"/Im{image.objgen[0]}"
            body = Piece(f"{name} Do", {"/XObject": {name: image}})
        if colour == "stencil":
            body = set_colour(self._pdf, fill) + body
        x, y = self._place(at)
        turn, lean = math.radians(rotate), math.tan(math.radians(shear))
        right = (frame.width * math.cos(turn), frame.width * math.sin(turn))
        up = (
            frame.height * (lean * math.cos(turn) - math.sin(turn)),
            frame.height * (lean * math.sin(turn) + math.cos(turn)),
        )
        middle = (x + frame.width / 2, y - frame.height / 2)
        if mirrored:
            right = (-right[0], -right[1])
        corner = [middle[i] - (right[i] + up[i]) / 2 for i in range(2)]
        body = Piece(f"{numbers(*right, *up, *corner)} cm") + body
        corners = [[corner[i] + a * right[i] + b * up[i] for i in range(2)] for a in (0, 1) for b in (0, 1)]
        return self._add(body, _hull(corners), within)

    def text(
        self,
        text: str,
        *,
        size: str = "10 pt",
        font: str = "embedded",
        colour: Colour = BLACK,
        at: Pair = HERE,
        rotate: float = 0,
        overprint: bool = False,
        rendering: int = 0,
        within: Within | None = None,
    ) -> Self:
        """Set text; a line break starts another line.

        Args:
            text: characters of Windows code page 1252.
            size: the effective type size.
            font: ``embedded``, ``whole``, ``bold``, ``type3``, or a name, which is then not embedded.
            colour: see :mod:`makeready.testing.colours`.
            at: where the first baseline starts.
            rotate: degrees counter-clockwise about that point.
            overprint: on top of what is below, instead of knocking it out.
            rendering: 0 fill, 1 outline, 2 both, 3 invisible.
            within: what the text is part of.
        """
        points = float(Length.parse(size))
        resource = self._font(font)
        name = f"/F{resource.objgen[0]}"
        x, y = self._place(at)
        turn = math.radians(rotate)
        matrix = numbers(math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), x, y)
        lines = text.split("\n")
        shown = " T* ".join(f"<{fonts.encoded(line).hex()}> Tj" for line in lines)
        mode = f" {rendering} Tr" if rendering else ""
        body = self._overprint(overprint) + set_colour(self._pdf, colour)
        if rendering in (1, 2):
            body += set_colour(self._pdf, colour, stroke=True)
        operators = f"BT {name} {numbers(points)} Tf{mode} {numbers(1.2 * points)} TL {matrix} Tm {shown} ET"
        body += Piece(operators, {"/Font": {name: resource}})
        reach = max(1.2 * points * len(lines), *(fonts.text_width(line, points, font) for line in lines)) + points
        low = y - 1.2 * points * len(lines) if not rotate else y - reach
        box = (x - reach if rotate else x - points, low, x + reach, y + (reach if rotate else points))
        return self._add(body, box, within)

    def line(
        self,
        *,
        width: str = "0.5 pt",
        at: Pair = HERE,
        to: Pair | None = None,
        colour: Colour = BLACK,
        dash: Sequence[float] = (),
        overprint: bool = False,
        within: Within | None = None,
    ) -> Self:
        """Draw a line from ``at`` to ``to``, by default 50 mm to the right; ``0 pt`` is as thin as can be."""
        if to is None:
            to = (Length(Length.parse(at[0]) + Length.parse("50 mm")), at[1])
        return self.path(
            [at, to],
            colour=None,
            stroke=colour,
            width=width,
            closed=False,
            dash=dash,
            overprint=overprint,
            within=within,
        )

    def rectangle(
        self,
        *,
        size: Pair | str = ("30 mm", "20 mm"),
        at: Pair = HERE,
        colour: Colour | None = BLACK,
        stroke: Colour | None = None,
        width: str = "0.5 pt",
        radius: str = "0 mm",
        dash: Sequence[float] = (),
        overprint: bool = False,
        within: Within | None = None,
    ) -> Self:
        """Draw a rectangle, filled with ``colour``, outlined with ``stroke``; with ``radius`` its corners are round."""
        frame, r = _size(size), float(Length.parse(radius))
        x, top = self._place(at)
        box = (x, top - frame.height, x + frame.width, top)
        outline = _round_rectangle(box, min(r, frame.width / 2, frame.height / 2)) if r else _re(box)
        look = _Look(colour, stroke, float(Length.parse(width)), tuple(dash), overprint)
        return self._draw(outline, box, look, within)

    def path(
        self,
        points: Sequence[Pair],
        *,
        colour: Colour | None = BLACK,
        stroke: Colour | None = None,
        width: str = "0.5 pt",
        closed: bool = True,
        dash: Sequence[float] = (),
        overprint: bool = False,
        within: Within | None = None,
    ) -> Self:
        """Draw straight lines from point to point, filled with ``colour``, outlined with ``stroke``."""
        corners = [self._place(point) for point in points]
        steps = [f"{numbers(*corner)} {'l' if i else 'm'}" for i, corner in enumerate(corners)]
        outline = " ".join(steps) + (" h" if closed else "")
        look = _Look(colour, stroke, float(Length.parse(width)), tuple(dash), overprint)
        return self._draw(outline, _hull(corners), look, within)

    def gradient(
        self,
        start: tuple[float, ...],
        end: tuple[float, ...],
        *,
        size: Pair | str = ("50 mm", "20 mm"),
        at: Pair = HERE,
        upright: bool = False,
        within: Within | None = None,
    ) -> Self:
        """Blend from one colour to another, left to right or, ``upright``, top to bottom; both gray, RGB or CMYK."""
        import pikepdf

        name = pikepdf.Name
        frame = _size(size)
        x, top = self._place(at)
        ends = [x, top, x, top - frame.height] if upright else [x, top, x + frame.width, top]
        space = {1: name.DeviceGray, 3: name.DeviceRGB, 4: name.DeviceCMYK}[len(start)]
        blend = pikepdf.Dictionary(FunctionType=2, Domain=[0, 1], C0=list(start), C1=list(end), N=1)
        shading = self._pdf.make_indirect(
            pikepdf.Dictionary(
                ShadingType=2, ColorSpace=space, Coords=[round(v, 4) for v in ends], Function=blend, Extend=[True, True]
            )
        )
        key = f"/Sh{shading.objgen[0]}"
        box = (x, top - frame.height, x + frame.width, top)
        return self._add(Piece(f"{_re(box)} W n {key} sh", {"/Shading": {key: shading}}), box, within)

    def transparency(
        self,
        *,
        alpha: float | None = None,
        blend: str | None = None,
        soft_mask: bool = False,
        size: Pair | str = ("30 mm", "20 mm"),
        at: Pair = HERE,
        colour: Colour = (0, 0.6, 0.9, 0),
        within: Within | None = None,
    ) -> Self:
        """Paint a rectangle that what is below shines through: by opacity, blend mode or a soft mask."""
        frame = _size(size)
        x, top = self._place(at)
        box = (x, top - frame.height, x + frame.width, top)
        body = Piece("")
        if alpha is not None:
            body += self._state(f"<< /Type /ExtGState /ca {numbers(alpha)} /CA {numbers(alpha)} >>")
        if blend is not None:
            body += self._state(f"<< /Type /ExtGState /BM /{blend} >>")
        if soft_mask:
            import pikepdf

            group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceGray)
            form = form_xobject(self._pdf, self._fill(box, 0.5), box, Group=group)
            mask = pikepdf.Dictionary(Type=pikepdf.Name.Mask, S=pikepdf.Name.Luminosity, G=form)
            state = self._pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, SMask=mask))
            name = f"/GS{state.objgen[0]}"
            body += Piece(f"{name} gs", {"/ExtGState": {name: state}})
        return self._add(body + self._fill(box, colour), box, within)

    def crop_marks(self, *, length: str = "5 mm", colour: Colour = "registration") -> Self:
        """Draw crop marks at the corners of the trim, outside the bleed; the page needs a slug to hold them."""
        long, (x0, y0, x1, y1) = float(Length.parse(length)), self._now.trim
        left, low, right, high = self._now.bleed
        ticks = [
            *((left - long, y, left, y) for y in (y0, y1)), *((right, y, right + long, y) for y in (y0, y1)),
            *((x, low - long, x, low) for x in (x0, x1)), *((x, high, x, high + long) for x in (x0, x1)),
        ]  # fmt: skip
        outline = " ".join(f"{numbers(*tick[:2])} m {numbers(*tick[2:])} l" for tick in ticks)
        box = (left - long, low - long, right + long, high + long)
        return self._draw(outline, box, _Look(fill=None, stroke=colour, width=0.25))

    def raw(self, operators: str, resources: Mapping[str, Mapping[str, Any]] | None = None) -> Self:
        """Append operators as they are, in points from the corner of the MediaBox."""
        return self._add(Piece(operators, resources or {}))

    # What is in the file besides

    def layer(
        self, name: str | None, *, visible: bool = True, prints: bool | None = None, step: tuple[str, str] | None = None
    ) -> Self:
        """Put what follows on a layer; ``None`` ends it.

        Args:
            name: shown in the layers panel.
            visible: on when the file is opened.
            prints: on when the file is printed, if it says so.
            step: group and type of the processing step (ISO 19593-1), such as ``("Structural", "Cutting")``.
        """
        self._layer = name
        if name is None or name in self._layers:
            return self
        import pikepdf

        group = pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=name)
        if step:
            group.GTS_Metadata = pikepdf.Dictionary(
                GTS_ProcStepsGroup=pikepdf.Name("/" + step[0]), GTS_ProcStepsType=pikepdf.Name("/" + step[1])
            )
        if prints is not None:
            state = pikepdf.Name.ON if prints else pikepdf.Name.OFF
            group.Usage = pikepdf.Dictionary(Print=pikepdf.Dictionary(PrintState=state))
        group = self._pdf.make_indirect(group)
        self._layers[name] = group
        if "/OCProperties" not in self._pdf.Root:
            start = pikepdf.Dictionary(Name="Layers", Order=[], ON=[], OFF=[], BaseState=pikepdf.Name.ON)
            self._pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[], D=start)
        layers = self._pdf.Root.OCProperties
        layers.OCGs.append(group)
        layers.D.Order.append(group)
        (layers.D.ON if visible else layers.D.OFF).append(group)
        if prints is not None:
            if "/AS" not in layers.D:
                usage = pikepdf.Dictionary(Event=pikepdf.Name.Print, Category=[pikepdf.Name.Print], OCGs=[])
                layers.D.AS = pikepdf.Array([usage])
            layers.D.AS[0].OCGs.append(group)
        return self

    def annotation(
        self,
        subtype: str = "Square",
        *,
        at: Pair = HERE,
        size: Pair | str = ("30 mm", "10 mm"),
        colour: Colour | None = (0, 0, 1, 0),
        prints: bool = True,
        hidden: bool = False,
    ) -> Self:
        """Add an annotation; ``Widget`` is a form field. With a colour it has a look, a filled rectangle."""
        import pikepdf

        frame = _size(size)
        x, top = self._place(at)
        box = (x, top - frame.height, x + frame.width, top)
        look = form_xobject(self._pdf, self._fill(box, colour), box) if colour is not None else None
        more: dict[str, Any] = {"FT": pikepdf.Name.Tx, "T": "field"} if subtype == "Widget" else {"Contents": "Note"}
        unit = self._now.user_unit
        rect = (box[0] / unit, box[1] / unit, box[2] / unit, box[3] / unit)
        annotation(self._pdf, self._now.page, subtype, rect, look, prints=prints, hidden=hidden, **more)
        if subtype == "Widget":
            if "/AcroForm" not in self._pdf.Root:
                self._pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[])
            self._pdf.Root.AcroForm.Fields.append(self._now.page.obj.Annots[-1])
        return self

    def javascript(self, code: str = "app.alert('hello');") -> Self:
        """Run JavaScript when the file is opened."""
        import pikepdf

        self._pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=code)
        return self

    def attachment(self, name: str = "order.txt", data: builtins.bytes = b"50 copies") -> Self:
        """Attach a file."""
        import pikepdf

        self._pdf.attachments[name] = pikepdf.AttachedFileSpec(
            self._pdf,
            data,
            filename=name,
            description="",
            mime_type="",
            creation_date="D:20240101120000Z",
            mod_date="D:20240101120000Z",
        )
        return self

    def declare_font(self, font: str = "Helvetica") -> Self:
        """Name a font among the page's resources and never set a letter in it."""
        resource = self._font(font)
        self._now.piece += Piece("", {"/Font": {f"/F{resource.objgen[0]}": resource}})
        return self

    def encrypt(self, *, user: str = "", owner: str = "owner", printing: bool = True, changing: bool = False) -> Self:
        """Encrypt the file; with a ``user`` password it does not open without it."""
        import pikepdf

        allow = pikepdf.Permissions(
            print_lowres=printing, print_highres=printing, modify_other=changing, modify_assembly=changing,
            modify_annotation=changing, modify_form=changing,
        )  # fmt: skip
        self._encryption = pikepdf.Encryption(owner=owner, user=user, R=6, allow=allow)
        return self

    @property
    def objects(self) -> pikepdf.Pdf:
        """The PDF itself, for what has no word here."""
        return self._pdf

    # Out

    def bytes(self) -> builtins.bytes:
        """The file. The same calls give the same bytes, unless it is encrypted."""
        import pikepdf

        turned_to = self._now
        for sheet in self._sheets:
            if not sheet.touched and sheet.background is not None:
                self._now = sheet
                self._clean_artwork()
            scale = f"{numbers(1 / sheet.user_unit)} 0 0 {numbers(1 / sheet.user_unit)} 0 0 cm\n"
            content = (scale.encode() if sheet.user_unit != 1 else b"") + sheet.piece.data
            sheet.page.obj.Contents = pikepdf.Stream(self._pdf, content)
            sheet.page.obj.Resources = sheet.piece.resource_dictionary()
        self._now = turned_to
        out = io.BytesIO()
        how: dict[str, Any] = {"encryption": self._encryption} if self._encryption else {"deterministic_id": True}
        self._pdf.save(out, min_version=self._version, fix_metadata_version=False, **how)
        return out.getvalue()

    def truncated(self, share: float = 0.5) -> builtins.bytes:
        """The first part of the file, as a broken upload leaves it."""
        data = self.bytes()
        return data[: int(len(data) * share)]

    def save(self, path: str | Path) -> Path:
        """Write the file and return where it is."""
        path = Path(path)
        path.write_bytes(self.bytes())
        return path

    # Inside

    def _clean_artwork(self) -> None:
        """A picture and a line of text, inside a safe margin of the trim."""
        x0, y0, x1, y1 = self._now.trim
        width, height = x1 - x0, y1 - y0
        margin = min(Length.parse("10 mm"), 0.12 * min(width, height))
        at = (Length(margin), Length(margin))
        self.image(at=at, size=(Length(min(0.5 * width, 170)), Length(min(0.4 * height, 115))))
        self.text("Ready for the press", at=(at[0], Length(height - margin)), overprint=True)

    def _add(self, piece: Piece, box: Box | None = None, within: Within | None = None) -> Self:
        """Append a piece to the page, by way of ``within``, on the layer that is open."""
        sheet = self._now
        if box is not None:
            piece = wrap(self._pdf, sheet.page, piece.saved(), box, within=within, scale=1 / sheet.user_unit)
        piece = piece.saved()
        if self._layer is not None:
            group = self._layers[self._layer]
            name = f"/OC{group.objgen[0]}"
            piece = Piece(f"/OC {name} BDC", {"/Properties": {name: group}}) + piece + Piece("EMC")
        sheet.piece += piece
        sheet.touched = True
        return self

    def _draw(self, outline: str, box: Box, look: _Look, within: Within | None = None) -> Self:
        """Paint an outline: fill, stroke, or both."""
        body = self._overprint(look.overprint)
        if look.fill is not None:
            body += set_colour(self._pdf, look.fill)
        if look.stroke is not None:
            dash = f" [{numbers(*look.dash)}] 0 d" if look.dash else ""
            body += Piece(f"{numbers(look.width)} w{dash}") + set_colour(self._pdf, look.stroke, stroke=True)
        operator = "B" if look.fill is not None and look.stroke is not None else "f" if look.fill is not None else "S"
        grown = (box[0] - look.width, box[1] - look.width, box[2] + look.width, box[3] + look.width)
        return self._add(body + Piece(f"{outline} {operator}"), grown, within)

    def _fill(self, box: Box, colour: Colour) -> Piece:
        return set_colour(self._pdf, colour) + Piece(f"{_re(box)} f")

    def _overprint(self, on: bool) -> Piece:
        return self._state("<< /Type /ExtGState /OP true /op true /OPM 1 >>") if on else Piece("")

    def _state(self, dictionary: str) -> Piece:
        """Set a graphics state; the same one is one object."""
        import pikepdf

        state = self._states.get(dictionary)
        if state is None:
            state = self._states[dictionary] = self._pdf.make_indirect(pikepdf.Object.parse(dictionary.encode()))
        name = f"/GS{state.objgen[0]}"
        return Piece(f"{name} gs", {"/ExtGState": {name: state}})

    def _font(self, font: str) -> pikepdf.Object:
        return self._fonts.get(font) or self._fonts.setdefault(font, fonts.pdf_font(self._pdf, font))

    def _place(self, at: Pair) -> tuple[float, float]:
        """From the trim's top left corner to points from the corner of the MediaBox."""
        return self._now.trim[0] + Length.parse(at[0]), self._now.trim[3] - Length.parse(at[1])


def pdf(
    trim: str | Size = "A4",
    bleed: str | None = "3 mm",
    *,
    slug: str = "0 mm",
    boxes: Mapping[BoxName, Box | None] | None = None,
    rotate: int = 0,
    user_unit: float = 1,
    origin: tuple[float, float] = (0, 0),
    background: Colour | None = BACKGROUND,
    pages: int = 1,
    output_intent: str | None = "FOGRA39",
    pdfx: str | None = None,
    title: str = "Test page",
) -> PdfBuilder:
    """Start a PDF. As it is, it is fit for the press; what is put on it makes it less so.

    Args:
        trim: the product's size.
        bleed: how far artwork goes beyond the trim; ``None`` leaves the BleedBox out.
        slug: room beyond the bleed, for marks.
        boxes: boxes by name as PDF numbers, in place of the computed ones; ``None`` leaves a box out.
        rotate: the page's ``/Rotate``.
        user_unit: the page's ``/UserUnit``; boxes and content shrink so that real sizes stay as said.
        origin: the corner of the MediaBox, in points.
        background: fills the bleed. A page that has one and nothing else gets a picture and a line of text;
            with ``None`` the page stays empty.
        pages: so many pages alike; painting starts on the first.
        output_intent: the printing condition, with the test press's profile; ``None`` for none.
        pdfx: the standard to claim, such as ``PDF/X-4`` or ``PDF/X-1a:2003``.
        title: the document's title.
    """
    builder = PdfBuilder(
        output_intent=output_intent, pdfx=pdfx, title=title, trim=trim, bleed=bleed, slug=slug, boxes=boxes,
        rotate=rotate, user_unit=user_unit, origin=origin, background=background,
    )  # fmt: skip
    for _ in range(pages):
        builder.page()
    return builder.on(1) if pages else builder


def _size(size: Pair | str) -> Size:
    return Size.parse(size) if isinstance(size, str) else Size(Length.parse(size[0]), Length.parse(size[1]))


def _ppi(value: float | str) -> float:
    return float(Resolution.parse(value)) if isinstance(value, str) else float(value)


def _around(rect: tuple[float, float, float, float]) -> Box:
    """Left, bottom, width, height as a box."""
    return (float(rect[0]), float(rect[1]), float(rect[0] + rect[2]), float(rect[1] + rect[3]))


def _hull(points: Sequence[Sequence[float]]) -> Box:
    across, up = [point[0] for point in points], [point[1] for point in points]
    return (min(across), min(up), max(across), max(up))


def _re(box: Box) -> str:
    return numbers(box[0], box[1], box[2] - box[0], box[3] - box[1]) + " re"


def _round_rectangle(box: Box, r: float) -> str:
    x0, y0, x1, y1 = box
    c = r * (1 - ROUND)
    return " ".join(
        [
            f"{numbers(x0 + r, y0)} m {numbers(x1 - r, y0)} l {numbers(x1 - c, y0, x1, y0 + c, x1, y0 + r)} c",
            f"{numbers(x1, y1 - r)} l {numbers(x1, y1 - c, x1 - c, y1, x1 - r, y1)} c",
            f"{numbers(x0 + r, y1)} l {numbers(x0 + c, y1, x0, y1 - c, x0, y1 - r)} c",
            f"{numbers(x0, y0 + r)} l {numbers(x0, y0 + c, x0 + c, y0, x0 + r, y0)} c h",
        ]
    )
