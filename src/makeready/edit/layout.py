"""Where the subject stands in the result, and how large the result is: geometry alone, no pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """The size of the result, and where a part of the picture stands in it. All in whole pixels."""

    width: int
    height: int
    #: Left, top, right and bottom of the part of the picture that is placed.
    source: tuple[int, int, int, int]
    #: Where it stands; it may reach beyond the result. The rest of the picture lies around it in the same scale.
    target: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """What is asked for; without a word the picture stays where and as large as it is."""

    def placement(self, width: int, height: int, box: tuple[int, int, int, int], *, whole: bool) -> Placement:
        """Work it out.

        Args:
            width: of the picture.
            height: of the picture.
            box: of the subject, within the picture.
            whole: the background stays: the whole picture is what is placed.
        """
        del box, whole
        all_of_it = (0, 0, width, height)
        return Placement(width, height, all_of_it, all_of_it)
