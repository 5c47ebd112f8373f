"""The order in which edits are made, whatever order they were asked for in: each step builds on those before it."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """Where an edit has its place. Before the first, the picture is decoded, turned upright and brought to sRGB."""

    #: A picture that is made rather than changed comes before all that changes it.
    MAKE = "make"
    #: Text is taken off while what it stands on is still whole.
    TEXT = "text"
    #: More pixels before anything is cut: contours are found more exactly.
    ENLARGE = "enlarge"
    #: What was cut off by the camera is added before the subject is looked for.
    UNCROP = "uncrop"
    #: Tones of the whole picture, as somebody described them.
    ADJUST = "adjust"
    #: What is subject, and what is background.
    CUT = "cut"
    #: The subject alone, before it meets its new background.
    SUBJECT = "subject"
    #: Where the subject stands, and how large the result is.
    LAYOUT = "layout"
    #: What is behind it.
    BACKGROUND = "background"
    #: Over the background and never over the subject.
    SHADOW = "shadow"
    #: Around the subject, and over everything.
    OUTLINE = "outline"
    #: How the result is written.
    EXPORT = "export"

    @property
    def position(self) -> int:
        """Its place in the order."""
        return list(Step).index(self)
