"""Every parameter of the API, declared once: what it takes, what it goes with, and what becomes of it.

Reading, refusing, the OpenAPI document, the page of the documentation and the way to edits are all made from this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from makeready.service.dialects.photoroom.kinds import (
    Address,
    Choice,
    Colour,
    Flag,
    Gap,
    Identifier,
    Kind,
    Layers,
    Number,
    Picture,
    Preset,
    Size,
    Text,
    choice,
)

GET, POST = "GET", "POST"
#: Files that show further sides of a product.
MOST_PRODUCTS = 5

_SEED = Number(0, 2**53 - 1, whole=True)
_ON = Choice({"ai.auto": True})
_SIZES = choice(
    "SQUARE_HD", "PORTRAIT_HD_4_3", "PORTRAIT_HD_3_2", "PORTRAIT_HD_16_9", "LANDSCAPE_HD_4_3", "LANDSCAPE_HD_3_2",
    "LANDSCAPE_HD_16_9",
)  # fmt: skip
_POSES = choice(
    "random", "standing", "34turn", "powerstance", "walkingforward", "handinpocket", "crossedarms", "back",
    "overtheshoulder", "seated", "adjustingclothing", "playfulspin",
)  # fmt: skip
_PEOPLE = (
    "avery", "sam", "taylor", "kendall", "jordan", "casey", "maya", "reece", "lena", "julia", "jackson", "sophia",
    "emma", "ava", "zoe", "fiona",
)  # fmt: skip
_SCENES = (
    "random", "street", "bedroom", "sunset", "factory", "studio", "coloredstudio", "concretestudio", "beach",
    "tropical", "library", "forest", "businessdistrict", "countryside", "flowers", "goldenlight", "mountain", "pool",
    "latincity", "cafe", "asiancity", "nightlights", "desert",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter."""

    name: str
    kind: Kind
    #: What it does, for people.
    help: str
    #: The edit and the setting that it becomes; for pictures, the name of the job's input.
    edit: str = ""
    setting: str = ""
    role: str = ""
    #: Whether the edit is made because this is given; one that only refines it has no effect alone.
    begins: bool = False
    default: str = ""
    example: str = ""
    methods: tuple[str, ...] = (GET, POST)
    #: Older names.
    aliases: tuple[str, ...] = ()
    #: It cannot be given where the background stays.
    cut_out_only: bool = False
    #: None of these may be given with it.
    without: tuple[str, ...] = ()
    #: One of these has to be given with it.
    needs: tuple[str, ...] = ()
    #: It has no effect without one of these, and is taken all the same.
    idle_without: tuple[str, ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether it is sent as bytes."""
        return isinstance(self.kind, Picture)


def _seed(feature: str, edit: str, *aliases: str) -> Parameter:
    return Parameter(
        name=f"{feature}.seed", kind=_SEED, edit=edit, setting="seed", example="123456", aliases=aliases,
        help="The same seed makes the same result, as far as what makes it can promise it.",
    )  # fmt: skip


def _gaps(kind: str, what: str) -> Iterator[Parameter]:
    said = "A number (0 to 0.49), a percentage (`30%`, at most `49%`) or pixels (`100px`)."
    yield Parameter(
        name=kind, kind=Gap(), edit="layout", setting=kind, default="0", example="0.3", help=f"{what} {said}"
    )
    for side in ("Top", "Right", "Bottom", "Left"):
        yield Parameter(
            name=f"{kind}{side}", kind=Gap(), edit="layout", setting=f"{kind}_{side.lower()}", example="0.3",
            help=f"Instead of `{kind}` on this side.",
        )  # fmt: skip


def _aligned(axis: str, *words: str) -> Parameter:
    return Parameter(
        name=f"{axis}Alignment", kind=choice(*words), edit="layout", setting=f"{axis}_alignment", example=words[0],
        help="Where the subject stands in the area that margins and paddings leave; cropped sides no longer snap in "
        "this direction.",
    )  # fmt: skip


def _made(feature: str, edit: str, what: str) -> Iterator[Parameter]:
    """What pictures of clothes have in common."""
    yield Parameter(name=f"{feature}.mode", kind=_ON, edit=edit, begins=True, example="ai.auto", help=what)
    yield Parameter(
        name=f"{feature}.prompt", kind=Text(), edit=edit, setting="prompt", help="What else is wanted, in words."
    )
    size = "PORTRAIT_HD_3_2" if feature == "virtualModel" else "SQUARE_HD"
    yield Parameter(
        name=f"{feature}.size", kind=_SIZES, edit=edit, setting="size", default=size, example="SQUARE_HD",
        help="The shape of the picture.",
    )  # fmt: skip


_BACKGROUNDS = ("background.imageUrl", "background.imageFile", "background.prompt")
_SOURCES = ("imageUrl", "imageFile", "imageFromPrompt.prompt")


def _others(name: str, of: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(other for other in of if other != name)


def _edit() -> Iterator[Parameter]:
    # The picture
    yield Parameter(
        name="imageUrl", kind=Address(), role="image", methods=(GET,), example="https://example.com/photo.jpg",
        without=_others("imageUrl", _SOURCES), help="Where the picture is; at most 30 MB.",
    )  # fmt: skip
    yield Parameter(
        name="imageFile", kind=Picture(), role="image", methods=(POST,), without=_others("imageFile", _SOURCES),
        help="The picture; at most 30 MB.",
    )  # fmt: skip
    yield Parameter(
        name="imageFromPrompt.prompt", kind=Text(1), edit="image_from_prompt", setting="prompt", begins=True,
        example="a red car in the desert", without=_others("imageFromPrompt.prompt", _SOURCES),
        help="Makes the picture from words, where none is given.",
    )  # fmt: skip
    yield Parameter(
        name="imageFromPrompt.size", kind=_SIZES, edit="image_from_prompt", setting="size", default="SQUARE_HD",
        example="SQUARE_HD", help="The shape of that picture.",
    )  # fmt: skip
    yield _seed("imageFromPrompt", "image_from_prompt")
    yield Parameter(
        name="templateId", kind=Identifier(), example="7f9c24e8-3b12-4a5d-9c41-0f2f2d1b8a77",
        help="A template of the account: its parameters count where the request has none, and its layers are laid over "
        "the result.",
    )  # fmt: skip
    yield Parameter(
        name="layers", kind=Layers(), methods=(POST,), needs=("templateId",),
        example='{"logo": {"imageUrl": "https://example.com/logo.png"}, "ribbon": {"hidden": true}}',
        help="What becomes of the template's layers, by their names, as JSON: another picture, or nothing.",
    )  # fmt: skip
    # The subject
    yield Parameter(
        name="removeBackground",
        kind=Flag(),
        default="true",
        example="true",
        help="Take away what is behind the subject.",
    )
    yield Parameter(
        name="keepExistingAlphaChannel", kind=Choice({"auto": True, "never": False}), edit="cut_out",
        setting="keep_existing_alpha", default="never", example="auto",
        help="`auto`: where the picture has transparency, that says what its subject is.",
    )  # fmt: skip
    yield Parameter(
        name="segmentation.prompt", kind=Text(), edit="cut_out", setting="prompt", begins=True, example="a red object",
        help="What belongs to the subject, in words.",
    )  # fmt: skip
    yield Parameter(
        name="segmentation.negativePrompt", kind=Text(), edit="cut_out", setting="negative_prompt", begins=True,
        example="a red object", help="What does not belong to it, in words.",
    )  # fmt: skip
    yield Parameter(
        name="segmentation.mode", kind=Choice(
            {"keepSalientObject": "keep_salient_object", "ignoreSalientObject": "ignore_salient_object"}
        ),
        edit="cut_out", setting="segmentation_mode", example="keepSalientObject",
        idle_without=("segmentation.prompt", "segmentation.negativePrompt"),
        help="Whether what stands out by itself belongs to the subject, besides what the words say.",
    )  # fmt: skip
    # Before it is cut out
    yield Parameter(
        name="textRemoval.mode",
        kind=Choice({"ai.artificial": "artificial", "ai.natural": "natural", "ai.all": "all"}),
        edit="remove_text", setting="which", begins=True, example="ai.artificial",
        help="Takes text off: what was laid over the picture (`ai.artificial`), what the camera saw (`ai.natural`), or "
        "both.",
    )  # fmt: skip
    yield Parameter(
        name="upscale.mode", kind=Choice({"ai.fast": "fast", "ai.slow": "slow"}), edit="enlarge_first", setting="mode",
        begins=True, example="ai.fast",
        help="Makes the picture 4 times as wide and high before all else: `ai.fast` up to 1000 × 1000 pixels, "
        "`ai.slow` up to 512 × 512.",
    )  # fmt: skip
    yield Parameter(
        name="uncrop.mode", kind=_ON, edit="uncrop", begins=True, example="ai.auto",
        help="Completes a subject that the edge of the picture cuts off.",
    )  # fmt: skip
    yield _seed("uncrop", "uncrop")
    yield Parameter(
        name="editWithAI.mode", kind=_ON, edit="edit_with_ai", example="ai.auto", needs=("editWithAI.prompt",),
        aliases=("describeAnyChange.mode",), help="There is only `ai.auto`.",
    )  # fmt: skip
    yield Parameter(
        name="editWithAI.prompt", kind=Text(1), edit="edit_with_ai", setting="prompt", begins=True,
        example="Remove the coffee cup on the table", aliases=("describeAnyChange.prompt",),
        help="What to change, in words.",
    )  # fmt: skip
    yield _seed("editWithAI", "edit_with_ai", "describeAnyChange.seed")
    # Pictures of clothes
    yield from _made("flatLay", "flat_lay", "Shows the clothes as if they lay flat.")
    yield from _made("ghostMannequin", "ghost_mannequin", "Shows the clothes as if nobody wore them.")
    yield from _made("virtualModel", "virtual_model", "Shows the clothes on a person.")
    yield Parameter(
        name="virtualModel.model", kind=Preset(_PEOPLE), edit="virtual_model", setting="model", role="model",
        default='{"preset":{"name":"avery"}}', help="The person: a preset, or a picture.",
    )  # fmt: skip
    yield Parameter(
        name="virtualModel.scene", kind=Preset(_SCENES), edit="virtual_model", setting="scene", role="scene",
        default='{"preset":{"name":"random"}}', help="The place: a preset, or a picture.",
    )  # fmt: skip
    yield Parameter(
        name="virtualModel.pose", kind=_POSES, edit="virtual_model", setting="pose", default="random",
        example="standing", help="How the person stands.",
    )  # fmt: skip
    yield Parameter(
        name="virtualModel.quality", kind=choice("standard", "advanced", "premium"), edit="virtual_model",
        setting="quality", default="standard", example="standard",
        help="`standard` is about 1,000 pixels long, `advanced` 2,000, `premium` 4,000.",
    )  # fmt: skip
    yield Parameter(
        name="virtualModel.additionalProductImages", kind=Picture(MOST_PRODUCTS), edit="virtual_model",
        role="product", methods=(POST,), help="Other sides of the same article; send the field once for each.",
    )  # fmt: skip
    # The subject alone
    yield Parameter(
        name="beautify.mode", kind=Choice({"ai.auto": "auto", "ai.food": "food", "ai.car": "car"}), edit="beautify",
        setting="mode", begins=True, example="ai.auto",
        help="Makes a picture of a product (`ai.auto`), of food or of a car look its best; the background is not kept.",
    )  # fmt: skip
    yield _seed("beautify", "beautify")
    yield Parameter(
        name="lighting.mode",
        kind=Choice({"ai.auto": "auto", "ai.preserve-hue-and-saturation": "preserve_hue_and_saturation"}),
        edit="lighting", setting="mode", begins=True, example="ai.auto",
        help="Better light on the subject; `ai.preserve-hue-and-saturation` leaves hues and saturations alone.",
    )  # fmt: skip
    # Where it stands
    yield Parameter(
        name="outputSize", kind=Size(), edit="layout", setting="output_size", default="auto", example="200x400",
        help="The size of the result: pixels, `originalImage`, `croppedSubject` (the subject's, with its room around "
        "it), or `auto`: the template's, else `originalImage`.",
    )  # fmt: skip
    for side, what in (("Width", "across"), ("Height", "down")):
        yield Parameter(
            name=f"max{side}", kind=Number(1, 99_999, whole=True), edit="layout", setting=f"max_{side.lower()}",
            example="200",
            help=f"The most pixels {what}; only where `outputSize` is `originalImage` or `croppedSubject`.",
        )  # fmt: skip
    yield from _gaps("padding", "Room round the subject, of what the margins leave; none on cropped sides.")
    yield from _gaps("margin", "Room at the edges of the result, of its size, also on cropped sides.")
    yield Parameter(
        name="scaling", kind=choice("fit", "fill"), edit="layout", setting="scaling", default="fit", example="fit",
        needs=("imageUrl", "imageFile"), help="`fit` shows all of the subject, `fill` covers the whole area with it.",
    )  # fmt: skip
    yield _aligned("horizontal", "left", "center", "right")
    yield _aligned("vertical", "top", "center", "bottom")
    yield Parameter(
        name="referenceBox", kind=choice("subjectBox", "originalImage"), edit="layout", setting="reference_box",
        default="subjectBox", example="subjectBox", cut_out_only=True,
        help="What is placed: the subject, or the picture as it was, so that the subject keeps its place in it.",
    )  # fmt: skip
    yield Parameter(
        name="ignorePaddingAndSnapOnCroppedSides", kind=Flag(), edit="layout", setting="snap_cropped_sides",
        default="true", example="true", cut_out_only=True,
        help="Sides at which the picture cuts the subject off go to the edge, whatever the padding.",
    )  # fmt: skip
    # What is behind it
    yield Parameter(
        name="background.color", kind=Colour(), edit="background", setting="color", begins=True, default="transparent",
        example="FF0000",
        help="A colour behind all: hexadecimal digits (`FF0000`, `FF0000EE`), also with `#`, or a name (`red`).",
    )  # fmt: skip
    yield Parameter(
        name="background.imageUrl", kind=Address(), edit="background", begins=True, role="background", methods=(GET,),
        example="https://example.com/image.jpg", cut_out_only=True,
        without=_others("background.imageUrl", _BACKGROUNDS), help="Where a picture to lay behind is; at most 30 MB.",
    )  # fmt: skip
    yield Parameter(
        name="background.imageFile", kind=Picture(), edit="background", begins=True, role="background",
        methods=(POST,), cut_out_only=True, without=_others("background.imageFile", _BACKGROUNDS),
        help="A picture to lay behind; at most 30 MB.",
    )  # fmt: skip
    yield Parameter(
        name="background.scaling", kind=choice("fit", "fill"), edit="background", setting="scaling", default="fill",
        example="fit", needs=("background.imageUrl", "background.imageFile"),
        help="`fill` covers all of the result with it; `fit` shows all of it, and leaves the rest clear.",
    )  # fmt: skip
    yield Parameter(
        name="background.prompt", kind=Text(), edit="generate_background", setting="prompt", begins=True,
        example="a blue sky", without=_others("background.prompt", _BACKGROUNDS),
        help="Paints a background from words.",
    )  # fmt: skip
    yield Parameter(
        name="background.negativePrompt", kind=Text(), edit="generate_background", setting="negative_prompt",
        example="a red background",
        help="What it should not show. It counts with the header `pr-ai-background-model-version: 2` alone.",
    )  # fmt: skip
    yield Parameter(
        name="background.expandPrompt", kind=Choice(
            {"ai.auto": "auto", "ai.never": "never"}, {"auto": "auto", "never": "never"}
        ),
        edit="generate_background", setting="expand_prompt", example="ai.auto",
        help="`ai.auto` lets short words be made longer.",
    )  # fmt: skip
    for name, kind, methods in (("imageUrl", Address(), (GET,)), ("imageFile", Picture(), (POST,))):
        other = "imageFile" if name == "imageUrl" else "imageUrl"
        yield Parameter(
            name=f"background.guidance.{name}", kind=kind, edit="generate_background", role="guidance",
            example="https://example.com/image.jpg" if name == "imageUrl" else "", methods=methods,
            cut_out_only=True, without=(f"background.guidance.{other}",),
            help="A picture that the painted background follows; at most 30 MB.",
        )  # fmt: skip
    yield Parameter(
        name="background.guidance.scale", kind=Number(0, 1), edit="generate_background", setting="guidance_scale",
        default="0.6", example="0.6", idle_without=("background.guidance.imageUrl", "background.guidance.imageFile"),
        help="How closely: 0 ignores it.",
    )  # fmt: skip
    yield _seed("background", "generate_background")
    yield Parameter(
        name="background.blur.mode", kind=choice("gaussian", "bokeh"), edit="blur_background", setting="mode",
        begins=True, example="gaussian", help="Blurs what is behind the subject, softly or as a lens does.",
    )  # fmt: skip
    yield Parameter(
        name="background.blur.radius", kind=Number(0, 0.05), edit="blur_background", setting="radius", default="0.01",
        example="0.01", help="How far, as a share of the longer side.",
    )  # fmt: skip
    yield Parameter(
        name="expand.mode", kind=_ON, edit="expand", begins=True, example="ai.auto",
        help="Continues the background wherever the result is clear: the picture's own, or one that was laid.",
    )  # fmt: skip
    yield _seed("expand", "expand")
    # Around it
    yield Parameter(
        name="shadow.mode", kind=Choice({"ai.soft": "soft", "ai.hard": "hard", "ai.floating": "floating"}),
        edit="shadow", setting="mode", begins=True, example="ai.soft", help="Gives the subject a shadow.",
    )  # fmt: skip
    yield Parameter(
        name="outline.color", kind=Colour(), edit="outline", setting="color", begins=True, example="FF0000",
        help="Draws a line of this colour around the subject; colours as in `background.color`.",
    )  # fmt: skip
    yield Parameter(
        name="outline.width", kind=Number(0, 0.1), edit="outline", setting="width", default="0.03", example="0.01",
        help="Its width, as a share of the longer side.",
    )  # fmt: skip
    yield Parameter(
        name="outline.blurRadius", kind=Number(0, 0.025), edit="outline", setting="blur_radius", default="0",
        example="0.01", help="How soft its edge is, as a share of the longer side.",
    )  # fmt: skip
    # The file
    yield Parameter(
        name="export.format", kind=Choice({"png": "png", "jpeg": "jpeg", "webp": "webp"}, {"jpg": "jpeg"}),
        edit="export", setting="format", default="png", example="png",
        help="JPEG has quality 80 and white where the result is clear, WebP has quality 90.",
    )  # fmt: skip
    yield Parameter(
        name="export.dpi", kind=Number(72, 1200), edit="export", setting="dpi", example="72",
        help="The density that the file says it has.",
    )  # fmt: skip
    yield Parameter(
        name="preserveMetadata",
        kind=Choice({
            "never": "never", "xmp": "xmp", "exifSubset": "exif_subset",
            "exifSubsetWithXmpCompatibility": "exif_subset_with_xmp",
        }),
        edit="export", setting="metadata", default="never", example="never",
        help="What is kept: nothing, the XMP, or EXIF's Copyright and UserComment, in XMP too if you like.",
    )  # fmt: skip


def _segment() -> Iterator[Parameter]:
    # fmt: off
    yield Parameter(
        name="image_file", kind=Picture(), role="image", methods=(POST,), help="The picture; at most 30 MB.",
    )
    yield Parameter(
        name="format", kind=Choice({"png": "png", "jpg": "jpg", "webp": "webp"}, {"jpeg": "jpg"}), default="png",
        methods=(POST,), help="The format of the result. In a JPEG, what is clear is white.",
    )
    yield Parameter(
        name="channels", kind=choice("rgba", "alpha"), default="rgba", methods=(POST,),
        help="`alpha` answers with the mask alone, in shades of gray: white is the subject.",
    )
    yield Parameter(
        name="bg_color", kind=Colour(), methods=(POST,), example="#FF00FF",
        help="What is behind the subject: `#FF00FF`, or a name of HTML (`red`). A mask has nothing behind it.",
    )
    yield Parameter(
        name="size", kind=Choice({"preview": 250_000, "medium": 1_500_000, "hd": 4_000_000, "full": 36_000_000}),
        default="full", methods=(POST,),
        help="The most pixels of the result: `preview` 0.25 megapixels, `medium` 1.5, `hd` 4, `full` 36. Nothing is "
        "enlarged.",
    )
    yield Parameter(
        name="crop", kind=Flag(), default="false", methods=(POST,),
        help="Cut away what is clear around the subject.",
    )
    yield Parameter(
        name="despill", kind=Flag(), default="false", methods=(POST,),
        help="Take the green of a green background off the subject, where it is reflected.",
    )
    # fmt: on


def _named(parameters: Iterator[Parameter]) -> Mapping[str, Parameter]:
    return {parameter.name: parameter for parameter in parameters}


#: Of ``/v2/edit``.
EDIT: Mapping[str, Parameter] = _named(_edit())
#: Of ``/v1/segment``.
SEGMENT: Mapping[str, Parameter] = _named(_segment())
