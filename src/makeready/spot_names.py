"""What the names of spots say: which two mean one ink, and which mean no ink at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: What colour books put behind a name to say which paper, ink set or edition is meant, by how the names begin.
_FINISHES = {
    "pantone": (
        "c", "u", "m", "cv", "cvc", "cvu", "cvp", "cvs", "cp", "up", "pc", "pu", "ec", "hc", "xgc", "tc", "tcx", "tpx",
        "tpg", "tn",
    ),
    "hks": ("k", "n", "e", "z"),
}  # fmt: skip
#: Words in the names of spots that are no inks, and are shown in any colour that is seen well.
TECHNICAL = (
    "cut", "crease", "creas", "fold", "die", "stanz", "perf", "glue", "emboss", "foil", "varnish", "lack", "coating",
    "white", "braille", "guide", "dimension", "legend", "bleed", "trim", "technical", "thru",
)  # fmt: skip


def is_technical(name: str, words: Iterable[str] = TECHNICAL) -> bool:
    """Whether a spot is a die line, a varnish or the like, by its name."""
    return any(word.lower() in name.lower() for word in words)


def _folded(name: str) -> str:
    """A name in one Unicode form, without case and without letters that nobody sees."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")


def plain(name: str) -> str:
    """A name as it is read: case, blanks and Unicode form do not count."""
    return "".join(_folded(name).split())


def stem(name: str) -> str:
    """A plain name without the finish, in the colour books that have one."""
    words = _folded(name).split()
    finishes = next((known for book, known in _FINISHES.items() if words and words[0].startswith(book)), ())
    if len(words) > 1 and words[-1] in finishes:
        return "".join(words[:-1])
    whole = "".join(words)  # the blank may be missing, after a number
    number = re.match(r"(.*\d)([a-z]+)$", whole)
    return number[1] if number and number[2] in finishes else whole
