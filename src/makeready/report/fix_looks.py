"""The changed pages in the HTML report, before and after: side by side, or one on the other to flip between.

Both are laid on a common sheet by the top left corner of their trim, so that what was added outside of it shows.
"""

from __future__ import annotations

import base64

from makeready.changes import Result
from makeready.report.before_after import BeforeAfter, Box, Look, Pair
from makeready.report.entries import counted
from makeready.report.fix_text import SEEN, share_of
from makeready.report.html_shared import icon
from makeready.report.markup import Markup, many, tag

_VIEWS = (("both", "Side by side"), ("before", "Before"), ("after", "After"))


def pairs(shown: BeforeAfter, result: Result, at: str) -> Markup:
    """All pairs, under a switch for how they are shown; ``at`` is the prefix of anchors."""
    if shown.error is not None:
        told = tag("p", icon("unreadable"), "There are no pictures. ", shown.error)
        return tag("section", tag("h3", "Before and after"), told, cls="pages")
    differing = {proof.page: proof.differing for proof in result.proof}
    left = shown.changed - len(shown.pairs)
    return tag(
        "section",
        tag("h3", "Before and after"),
        _legend(shown),
        many(_pair(pair, differing.get(pair.page), at, len(shown.pairs) > 1) for pair in shown.pairs),
        tag("p", f"{counted(left, 'page')} more changed, not shown here.", cls="left-out") if left else None,
        cls="pages",
    )


def _legend(shown: BeforeAfter) -> Markup:
    lines = [tag("li", tag("i", cls="trim"), "trim")]
    if any(pair.frames for pair in shown.pairs):
        lines.append(tag("li", tag("i", cls="frame info"), "changed here, with the number of the step"))
    return tag("ul", many(lines), cls="legend")


def _pair(pair: Pair, differing: float | None, at: str, several: bool) -> Markup:
    name = f"{at}v{pair.page}"
    switches = many(
        tag("label", tag("input", type="radio", name=name, cls=f"view {view}", checked=view == "both"), word)
        for view, word in _VIEWS
    )
    sheet = _common(pair)
    return tag(
        "div",
        tag(
            "div",
            tag("h4", f"Page {pair.page}") if several or pair.page > 1 else None,
            tag("span", _difference(differing), cls="note"),
            tag("span", switches, cls="switch") if pair.before and pair.after else None,
            cls="line",
        ),
        tag(
            "div",
            _figure(pair, pair.before, "before", sheet, at),
            _figure(pair, pair.after, "after", sheet, at),
            cls="looks",
        ),
        cls="pair",
        id=f"{at}p{pair.page}",
    )


def _difference(differing: float | None) -> str | None:
    if differing is None:
        return None
    if differing < SEEN:
        return "looks the same inside the trim"
    return f"{share_of(differing)} of the trim looks different"


def _scale(pair: Pair) -> float:
    """How much larger the picture after is drawn, to be comparable: by its size, else so that the trims are as wide."""
    if pair.before is None or pair.after is None or (pair.before.sized and pair.after.sized):
        return 1.0
    return (pair.before.trim[2] * pair.before.size[0]) / (pair.after.trim[2] * pair.after.size[0])


def _on_trim(look: Look, scale: float) -> Box:
    """The picture as it lies, from the top left corner of the trim."""
    width, height = look.size[0] * scale, look.size[1] * scale
    return -look.trim[0] * width, -look.trim[1] * height, width, height


def _common(pair: Pair) -> Box:
    """The sheet that both pictures fit on."""
    places = [
        _on_trim(look, scale) for look, scale in ((pair.before, 1.0), (pair.after, _scale(pair))) if look is not None
    ]
    left, top = min(place[0] for place in places), min(place[1] for place in places)
    right = max(place[0] + place[2] for place in places)
    bottom = max(place[1] + place[3] for place in places)
    return left, top, right - left, bottom - top


def _figure(pair: Pair, look: Look | None, word: str, sheet: Box, at: str) -> Markup | None:
    if look is None:
        return None
    left, top, width, height = _on_trim(look, _scale(pair) if word == "after" else 1.0)
    place = _css(((left - sheet[0]) / sheet[2], (top - sheet[1]) / sheet[3], width / sheet[2], height / sheet[3]))
    picture = look.picture
    if picture.error is None:
        data = base64.b64encode(picture.data).decode("ascii")
        seen = tag("img", src=f"data:{picture.media_type};base64,{data}", alt=f"Page {pair.page} {word}")
    else:
        seen = tag(
            "div", tag("p", icon("unreadable"), "There is no picture of this page. ", picture.error), cls="blank"
        )
    marks = [tag("i", cls="trim", style=_css(look.trim))]
    numbered: set[int] = set()  # the first frame of each step: numbers on all would hide what they are about
    for frame in pair.frames if word == "before" else ():
        label = None if frame.step in numbered else tag("span", str(frame.step), cls="label info")
        numbered.add(frame.step)
        marks.append(
            tag(
                "a",
                label,
                href=f"#{at}s{frame.step}",
                title=f"{frame.step}: {frame.message}",
                tabindex=-1,
                cls="frame info",
                style=_css(frame.place),
            )
        )
    placed = tag("div", seen, tag("div", many(marks), cls="marks", aria_hidden="true"), cls="placed", style=place)
    return tag(
        "figure",
        tag("div", placed, cls="ground", style=f"aspect-ratio:{sheet[2] / sheet[3]:.4f}"),
        tag("figcaption", tag("b", word.capitalize())),
        cls=word,
    )


def _css(at: Box) -> str:
    return ";".join(f"{name}:{value:.3%}" for name, value in zip(("left", "top", "width", "height"), at, strict=True))
