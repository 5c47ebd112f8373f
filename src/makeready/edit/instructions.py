"""Edits that somebody asks for in words: "make the sky more vibrant and add warm sunset tones".

A small grammar, and no guessing. An instruction is cut into clauses; of a clause every word has to be known and to fit
together, or the clause counts as not understood and is named so. What would have to be drawn anew (a unicorn), or found
by what it is (the cup on the table), is no matter of tones and layout: it needs a generator, and the answer says so.

Nothing here looks at a picture, so that a service can say no before it charges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from makeready.edit import vocabulary as said
from makeready.errors import ExitCode, MakereadyError

#: The longest phrase that is one word to the grammar.
_LONGEST = 5
#: The most characters that are read.
LONGEST_INSTRUCTION = 2_000
#: The radius of a blurred background, as a share of the longer side, for an amount of 1.
_BACKGROUND_BLUR, _MOST_BLUR = 0.012, 0.05
#: Up-verbs that ask for more of a colour that is there, rather than for that colour.
_MORE = frozenset({"more", "increase", "boost", "enhance", "extra", "intensify", "add more", "bring out"})
#: Up-verbs that ask for what was lost in light places.
_RECOVER = frozenset({"recover", "bring back"})
_CUTTING = frozenset({"isolate", "extract", "cut out"})
#: The limits of ``adjust``, where they are not -1 to 1.
_LIMITS = {"exposure": 4.0, "hue": 180.0}

_TOKEN = re.compile(
    r"#[0-9a-f]{3,8}\b|\d+(?:\.\d+)?\s*[:×x/]\s*\d+(?:\.\d+)?\b"
    r"|[+-]?\d+(?:\.\d+)?\s*(?:%|°|(?:percent|degrees?|deg|stops?|ev|x|times|px|pixels?)\b)?"
    r"|[a-zà-ÿ&]+(?:['/][a-zà-ÿ&]+)*"
)
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d+)?)\s*(%|°|[a-z]+)?")
_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*[:×x/]\s*(\d+(?:\.\d+)?)")
_CLAUSES = re.compile(
    r"[,;!?\n]+|\.(?!\d)|\b(?:and then|and also|and|then|but|plus|while|after that|afterwards|finally|next)\b"
)
_EXCEPTING = re.compile(
    r"\s(?=(?:except|excluding|apart from|aside from|other than|without (?:touching|changing|affecting|altering))\b)"
)
_EVERYTHING_BUT = re.compile(r"\b(everything|all) but\b")


class NotUnderstood(MakereadyError):
    """Nothing of an instruction was understood, so nothing was done."""

    exit_code = ExitCode.ISSUES
    http_status = 422
    hint = (
        "Ask for brightness, contrast, colours, warmth, sharpness, blur, black and white or sepia, of everything, the "
        "subject, the background, the sky, the highlights or the shadows; or to crop, rotate, flip or upscale, to "
        "remove text or the background, to give it a colour, or to add a shadow or an outline."
    )


@dataclass(frozen=True, slots=True)
class Understood:
    """What an instruction asks for, as far as it was understood."""

    #: Edits and their settings, as ``makeready.edit`` takes them; some may be there twice, for different parts.
    steps: tuple[Mapping[str, Any], ...]
    #: The clauses that were understood, in their own words.
    heard: tuple[str, ...]
    #: Those that were not.
    unheard: tuple[str, ...]
    #: Of those, the ones that ask for something to be drawn or found, which takes a generator.
    generator: tuple[str, ...] = ()

    def demanded(self) -> Understood:
        """Itself.

        Raises:
            NotUnderstood: there is nothing in it that could be done.
        """
        if self.steps:
            return self
        clauses = self.unheard or self.heard
        named = ", ".join(f"“{clause}”" for clause in clauses) or "The instruction is empty"
        if self.generator:
            raise NotUnderstood(
                f"{named} was not understood: to draw things, or to find them by name, needs a generator."
            )
        raise NotUnderstood(f"{named} was not understood." if clauses else f"{named}.")

    def as_data(self) -> dict[str, Any]:
        """For machines."""
        return {
            "steps": [dict(step) for step in self.steps],
            "understood": list(self.heard),
            "not_understood": list(self.unheard),
        }


@dataclass(frozen=True, slots=True)
class _Mark:
    """A phrase, and all that it can mean, by kind."""

    words: str
    means: Mapping[str, Any]


@dataclass(slots=True)
class _Talk:
    """What was said so far, which later clauses lean on."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)
    verb: str = ""
    part: str = "everything"
    #: The steps of the clause before, while it can still be given a number, or sides to crop.
    last: list[dict[str, Any]] = field(default_factory=list)
    emptied: bool = False


@dataclass(frozen=True, slots=True)
class _Clause:
    marks: tuple[_Mark, ...]

    def of(self, kind: str) -> list[_Mark]:
        """The marks that can be of a kind."""
        return [mark for mark in self.marks if kind in mark.means]

    def first(self, kind: str) -> Any:
        """What the first mark of a kind means, or ``None``."""
        return next((mark.means[kind] for mark in self.marks if kind in mark.means), None)

    def only(self, *kinds: str) -> bool:
        """Whether every mark can be of one of these kinds."""
        return all(any(kind in mark.means for kind in (*kinds, "filler")) for mark in self.marks)

    @property
    def verb(self) -> str:
        """What it asks to be done: the last word that says more or less, else the first verb."""
        kinds = [mark.means["verb"] for mark in self.of("verb")]
        moving = [kind for kind in kinds if kind in (said.UP, said.DOWN)]
        return moving[-1] if moving else kinds[0] if kinds else ""

    @property
    def part(self) -> str:
        """The part of the picture it is about; empty where it names none or several."""
        named = {mark.means["part"] for mark in self.of("part")} - {"everything"}
        return named.pop() if len(named) == 1 else ""

    @property
    def parts(self) -> list[str]:
        return list(dict.fromkeys(mark.means["part"] for mark in self.of("part")))

    @property
    def known(self) -> bool:
        return all(mark.means for mark in self.marks)


def understood(text: str) -> Understood:
    """What an instruction asks for.

    Args:
        text: in English, one sentence or several.
    """
    talk = _Talk()
    heard: list[str] = []
    unheard: list[str] = []
    generator: list[str] = []
    for words in _clauses(text[:LONGEST_INSTRUCTION]):
        words, reason = _without_reason(words)
        clause = _Clause(tuple(_marks(words)))
        if not clause.only():
            if _hear(clause, talk):
                heard.append(words)
            else:
                unheard.append(words)
                if _asks_for_a_thing(clause):
                    generator.append(words)
        if reason:
            unheard.append(reason)
    if talk.spared:
        for step in (steps := [step for step in talk.steps if step["edit"] == "adjust"]):
            step["spare"] = tuple(dict.fromkeys(part for part in talk.spared if part != step["on"]))
        if not steps:
            unheard.extend(f"keep the {part}" for part in talk.spared)
    return Understood(tuple(_merged(talk.steps)), tuple(heard), tuple(unheard), tuple(generator))


def _asks_for_a_thing(clause: _Clause) -> bool:
    """Whether a clause that was not understood is about something in the picture, or for it: it has other words."""
    adding = clause.verb == said.REPLACE or (clause.verb == said.UP and clause.of("colour"))
    return not clause.known or bool(adding)


def _clauses(text: str) -> Iterator[str]:
    text = text.lower().replace("’", "'").replace("`", "'").replace("–", "-").replace("—", ", ")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text).replace("black and white", "black & white")
    text = _EVERYTHING_BUT.sub(r"\1 except", text)
    for part in _CLAUSES.split(text):
        for clause in _EXCEPTING.split(part):
            if clause.strip():
                yield " ".join(clause.split())


def _without_reason(words: str) -> tuple[str, str]:
    """A clause, and the reason that it may give."""
    for reason in said.REASONS:
        before, found, after = f" {words} ".partition(f" {reason} ")
        if found and before.strip():
            return before.strip(), f"{reason} {after.strip()}"
    return words, ""


def _marks(words: str) -> Iterator[_Mark]:
    """The phrases of a clause, the longest first."""
    tokens = _TOKEN.findall(words)
    place = 0
    while place < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - place), 0, -1):
            phrase = " ".join(tokens[place : place + length])
            means = _meaning(phrase) or _LEXICON.get(_close(tokens[place : place + length]), {})
            if means or length == 1:
                yield _Mark(phrase, means)
                place += length
                break


def _close(tokens: list[str]) -> str:
    """A phrase without what may stand in it: "flip the image vertically" is "flip vertically"."""
    inner = [token for token in tokens[1:-1] if token not in said.BETWEEN]
    return " ".join([tokens[0], *inner, *tokens[-1:]])


def _lexicon() -> dict[str, dict[str, Any]]:
    """All that phrases can mean, by phrase and kind."""
    found: dict[str, dict[str, Any]] = {}
    tables: tuple[tuple[str, Mapping[str, Any] | Iterable[str]], ...] = (
        ("verb", said.VERBS), ("part", said.PARTS), ("property", said.PROPERTIES), ("weak", said.WEAK),
        ("quality", said.QUALITIES), ("cast", said.CASTS), ("text", said.TEXT), ("deed", said.DEEDS),
        ("ratio", said.RATIOS), ("side", said.SIDES), ("turn", said.TURNS), ("amount", said.AMOUNTS),
        ("crop", said.CROP), ("rotate", said.ROTATE), ("keep", said.KEEP), ("kept", said.KEPT),
        ("pronoun", said.PRONOUNS), ("filler", said.FILLER), ("only", ("only",)), ("vague", said.VAGUE),
        ("too", ("too", "overly")),
    )  # fmt: skip
    for kind, table in tables:
        entries = table.items() if isinstance(table, Mapping) else ((word, True) for word in table)
        for phrase, value in entries:
            found.setdefault(phrase, {})[kind] = value
    return found


_LEXICON = _lexicon()


def _meaning(phrase: str) -> Mapping[str, Any]:
    means = dict(_LEXICON.get(phrase, {}))
    if ratio := _RATIO.fullmatch(phrase):
        means["ratio"] = f"{ratio[1]}:{ratio[2]}"
    elif number := _NUMBER.fullmatch(phrase):
        means["number"] = (number[1], float(number[2]), (number[3] or "").strip())
    elif colour := _colour(phrase):
        means["colour"] = colour
    return means


def _colour(phrase: str) -> str:
    """The name or digits of a colour, if it is one."""
    from makeready.edit import colours
    from makeready.errors import UsageError

    if not (phrase.startswith("#") or phrase.replace(" ", "").isalpha()) or (len(phrase) < 9 and _is_digits(phrase)):
        return ""
    try:
        colours.parse(phrase)
    except UsageError:
        return ""
    return phrase if phrase.startswith("#") else phrase.replace(" ", "")


def _is_digits(word: str) -> bool:
    """Whether a word could be taken for hexadecimal digits: "add", "face" and "decade" are words here."""
    return bool(re.fullmatch(r"[0-9a-f]+", word))


def _hear(clause: _Clause, talk: _Talk) -> bool:
    """Take in one clause; whether it was understood."""
    if not clause.known:
        return False
    for rule in (_keeping, _onlying, _cropping, _rotating, _removing, _laying, _doing, _adjusting):
        found = rule(clause, talk)
        if found is not None:
            return found
    return False


def _keeping(clause: _Clause, talk: _Talk) -> bool | None:
    """Something is to stay as it is: "don't touch the sky"."""
    first = next((mark for mark in clause.marks if "filler" not in mark.means), None)
    if first is None or "keep" not in first.means:
        return None
    parts = [part for part in clause.parts if part != "everything"]
    if not parts or not clause.only("keep", "kept", "part"):
        return False
    if talk.emptied and parts == ["subject"]:  # "remove everything except the subject"
        talk.steps.append({"edit": "cut_out"})
        talk.emptied = False
        return True
    talk.spared.extend(parts)
    return True


def _onlying(clause: _Clause, talk: _Talk) -> bool | None:
    """What was asked for goes to one part: "but only the background"."""
    if not clause.of("only"):
        return None
    if clause.part and clause.only("only", "part", "kept"):
        for step in (steps := [step for step in talk.last if step.get("on") == "everything"]):
            step["on"] = clause.part
        return bool(steps)
    return None if clause.part else False


def _cropping(clause: _Clause, talk: _Talk) -> bool | None:
    more = bool(talk.last) and talk.last[-1]["edit"] == "crop" and clause.only("side", "number")
    if not clause.of("crop") and not more:
        if clause.of("ratio") and clause.of("verb") and clause.only("verb", "ratio", "pronoun"):  # "make it square"
            return _add(talk, {"edit": "crop", "ratio": clause.first("ratio")})
        return None
    ratio, share = clause.first("ratio"), _share(clause)
    if ratio and clause.only("crop", "ratio", "pronoun", "verb"):
        return _add(talk, {"edit": "crop", "ratio": ratio})
    if clause.part == "subject" and clause.only("crop", "part", "verb", "amount"):
        return _add(talk, {"edit": "crop", "to": "subject"})
    if clause.of("side") and clause.only("crop", "side", "number", "pronoun", "turn", "part"):
        before = {side: talk.last[-1][side] for side in talk.last[-1] if side != "edit"} if more else {}
        share = share if share is not None else next(iter(before.values()), None)
        if share is None or not 0 < share < 1:
            return False
        sides = {side: share for mark in clause.of("side") for side in mark.means["side"]}
        return _add(talk, {"edit": "crop", **sides})
    return False


def _share(clause: _Clause) -> float | None:
    """A number as a share, where it is one."""
    number = clause.first("number")
    return number[1] / 100 if number and number[2] in ("%", "percent") else None


def _rotating(clause: _Clause, talk: _Talk) -> bool | None:
    number, way = clause.first("number"), clause.first("turn")
    if not clause.of("rotate") or (number is None and way is None):
        return None
    if not clause.only("rotate", "number", "turn", "pronoun", "side", "verb") or (number and number[2] not in _DEGREES):
        return False
    degrees = (number[1] * (-1 if number[0] == "-" else 1) if number else 90.0) * (way if way is not None else 1.0)
    return _add(talk, {"edit": "rotate", "degrees": degrees})


_DEGREES = ("", "°", "degrees", "degree", "deg")


def _removing(clause: _Clause, talk: _Talk) -> bool | None:
    verb = clause.verb
    if verb == said.DOWN and clause.of("cast") and not (clause.of("property") or clause.of("weak")):
        verb = said.REMOVE
    if verb != said.REMOVE:
        return None
    if clause.of("cast") and clause.only("cast", "verb", "part", "amount", "pronoun"):
        amounts = {
            key: value * _factor(clause) for mark in clause.of("cast") for key, value in mark.means["cast"].items()
        }
        return _adjust(talk, clause.part or "everything", amounts)
    if clause.of("text") and clause.only("text", "verb", "part", "pronoun", "kept") and not clause.part:
        return _add(talk, {"edit": "remove_text", "which": clause.first("text")})
    if not clause.only("verb", "part", "pronoun"):
        return False
    cutting = any(mark.words in _CUTTING for mark in clause.of("verb"))
    if clause.part == "background" or (cutting and clause.part == "subject"):
        return _add(talk, {"edit": "cut_out"})
    talk.emptied = clause.parts == ["everything"]
    return talk.emptied


def _laying(clause: _Clause, talk: _Talk) -> bool | None:
    """A colour behind the subject."""
    colour = clause.first("colour")
    about = clause.part == "background" or (talk.part == "background" and clause.of("pronoun"))
    if (
        colour is None
        or not about
        or any(mark.words in _MORE for mark in clause.of("verb"))
        or clause.verb == said.DOWN
    ):
        return None
    if len(clause.of("colour")) != 1 or not clause.only("colour", "part", "verb", "pronoun", "weak"):
        return None
    if colour == "transparent":
        return _add(talk, {"edit": "cut_out"})
    return _add(talk, {"edit": "cut_out"}, {"edit": "background", "color": colour})


def _doing(clause: _Clause, talk: _Talk) -> bool | None:
    """What is no matter of tones: shadows, outlines, flips, more pixels."""
    deeds = clause.of("deed")
    if len(deeds) != 1 or clause.verb in (said.DOWN, said.REPLACE):
        return None
    step = dict(deeds[0].means["deed"])
    if step["edit"] in said.ADDED and not clause.verb:
        return None
    allowed = ["deed", "verb", "part", "pronoun", "amount"]
    if step["edit"] == "outline":
        allowed.append("colour")
        step |= {"color": colour} if (colour := clause.first("colour")) else {}
    if step["edit"] == "enlarge_first":
        allowed.append("number")
        if number := clause.first("number"):
            if number[2] not in ("x", "times", "") or number[1] not in (2, 3, 4):
                return False
            step["scale"] = number[1]
    if not clause.only(*allowed) or (step["edit"] != "blur_background" and clause.part in ("sky", "highlights")):
        return None
    if step["edit"] == "cut_out" and clause.verb == said.NEUTRAL and clause.part == "subject":
        return False
    if step["edit"] == "blur_background":
        step["radius"] = _radius(_factor(clause))
    return _add(talk, step)


def _radius(factor: float) -> float:
    return round(min(_MOST_BLUR, _BACKGROUND_BLUR * factor), 4)


def _adjusting(clause: _Clause, talk: _Talk) -> bool | None:
    """Tones and colours."""
    own = clause.verb
    parts = [part for part in clause.parts if part != "everything"]
    if len(parts) > 1:
        return False
    leaning = not own
    part = clause.part or (talk.part if leaning or clause.of("pronoun") else "everything")
    if "everything" in clause.parts and not clause.part:
        part = "everything"
    qualities, properties, weak = clause.of("quality"), clause.of("property"), clause.of("weak")
    moving = own or talk.verb
    amounts: dict[str, float] = {}
    if qualities:
        if not clause.only("quality", "verb", "part", "amount", "pronoun", "number", "too", "only", "weak", "property"):
            return False
        for mark in qualities:
            down = own == said.DOWN or (leaning and moving == said.DOWN and not mark.words.endswith("er"))
            _strongest(amounts, mark.means["quality"], -1 if down != _too(clause, mark) else 1)
        properties = [mark for mark in properties if mark not in qualities]
    elif not clause.only("property", "weak", "verb", "part", "amount", "pronoun", "number", "only"):
        return False
    if clause.of("too") and not qualities:
        return False
    for mark in properties or ([] if qualities else weak):
        table = mark.means["property"] if "property" in mark.means else mark.means["weak"]
        sign = {said.UP: 1, said.DOWN: -1}.get(moving, 0)
        if number := clause.first("number"):
            sign = sign or {"+": 1, "-": -1}.get(number[0], 1 if "hue" in table else 0)
        if not sign and (set(table) <= said.EFFECTS or qualities):
            sign = 1
        if not sign:
            return False
        _strongest(amounts, table, sign)
    if not amounts:
        if clause.part not in ("highlights", "shadows") or moving not in (said.UP, said.DOWN):
            return False
        recovering = clause.part == "highlights" and any(mark.words in _RECOVER for mark in clause.of("verb"))
        amounts[clause.part] = 0.5 if moving == said.UP and not recovering else -0.5
        part = "everything"
    elif part in ("highlights", "shadows") and set(amounts) == {"brightness"}:
        amounts, part = {part: amounts["brightness"] * 1.5}, "everything"
    measured = _measured(amounts, clause)
    if measured is None:
        return False
    amounts = measured
    if leaning and clause.of("number"):
        for step in talk.last:  # "contrast and saturation by 20 %"
            again = (
                _measured({key: step[key] for key in step.keys() - {"edit", "on"}}, clause)
                if step["edit"] == "adjust"
                else {}
            )
            step.update(again or {})
    talk.verb, talk.part = moving, part
    if part == "background" and set(amounts) == {"blur"}:
        if amounts["blur"] <= 0:
            return False
        return _add(talk, {"edit": "blur_background", "radius": _radius(amounts["blur"] / 0.4)})
    return _adjust(talk, part, amounts)


def _strongest(amounts: dict[str, float], table: Mapping[str, float], sign: float) -> None:
    """Take in some amounts; of those for one setting, the strongest."""
    for key, value in table.items():
        if abs(value) > abs(amounts.get(key, 0)):
            amounts[key] = sign * value


def _too(clause: _Clause, mark: _Mark) -> bool:
    """Whether a quality is complained about: "too dark"."""
    place = clause.marks.index(mark)
    return place > 0 and "too" in clause.marks[place - 1].means


def _factor(clause: _Clause) -> float:
    factor = 1.0
    for mark in clause.of("amount"):
        factor *= mark.means["amount"]
    return factor


def _measured(amounts: Mapping[str, float], clause: _Clause) -> dict[str, float] | None:
    """Amounts as strong as the clause says; ``None`` where its number makes no sense for them."""
    number = clause.first("number")
    if number is None:
        return {key: value * (1.0 if abs(value) == 1 else _factor(clause)) for key, value in amounts.items()}
    _, size, unit = number
    most = max(amounts, key=lambda key: abs(amounts[key]))
    sign = 1 if amounts[most] > 0 else -1
    if unit in ("stop", "stops", "ev"):
        return {"exposure": sign * size} if set(amounts) <= {"exposure", "brightness"} else None
    if unit in ("°", "degree", "degrees", "deg"):
        return {"hue": sign * size} if set(amounts) == {"hue"} else None
    if unit not in ("", "%", "percent") or size > 100:
        return None
    share = size / 100 if unit or size > 1 else size
    if most == "hue":
        return {"hue": sign * share * 180}
    return {key: value / abs(amounts[most]) * share for key, value in amounts.items()}


def _adjust(talk: _Talk, part: str, amounts: Mapping[str, float]) -> bool:
    limited = {key: max(-_LIMITS.get(key, 1.0), min(_LIMITS.get(key, 1.0), value)) for key, value in amounts.items()}
    if any(value < 0 for key, value in limited.items() if key in said.EFFECTS) or not any(limited.values()):
        return False
    return _add(talk, {"edit": "adjust", "on": part, **{key: round(value, 3) for key, value in limited.items()}})


def _add(talk: _Talk, *steps: dict[str, Any]) -> bool:
    talk.last = list(steps)
    talk.steps.extend(steps)
    return True


def _merged(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Edits asked for in several clauses become one, where what they say does not differ."""
    found: list[dict[str, Any]] = []
    for step in steps:
        for other in found:
            differ = any(other.get(key, value) != value for key, value in step.items())
            if not differ and all(other.get(key) == step.get(key) for key in ("edit", "on", "spare")):
                other.update(step)
                break
        else:
            found.append(dict(step))
    return found
