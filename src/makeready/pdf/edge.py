"""What is painted close to the edge of the product, inside of it: the nearest few of each kind."""

from __future__ import annotations

import heapq
import math

from makeready.facts import PLACES_KEPT, NearTrim, Rect
from makeready.units import POINTS_PER_MM, Length

#: How far from the edge is noted at all; the largest safe margin that printers ask for is 12.7 mm.
REACH = 20 * POINTS_PER_MM
#: Pictures and vectors up to this side are objects; larger ones are backgrounds.
SMALL = 25 * POINTS_PER_MM + Length.tolerance


class Edge:
    """Keeps the objects of a page that are nearest to the edge of its trim."""

    def __init__(self, trim: Rect | None) -> None:
        self._trim = Rect(-math.inf, -math.inf, math.inf, math.inf) if trim is None else trim
        #: What lies wholly in here is far from the edge.
        x0, y0, x1, y1 = self._trim
        self.deep = Rect(x0 + REACH, y0 + REACH, x1 - REACH, y1 - REACH)
        self._nearest: dict[str, list[tuple[float, int, Rect]]] = {}
        self._met = 0

    def near(self, what: str, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Whether a box may be among the nearest: it lies on the product, and not deep inside of it."""
        trim = self._trim
        if x1 <= trim.x0 or x0 >= trim.x1 or y1 <= trim.y0 or y0 >= trim.y1:
            return False
        kept = self._nearest.get(what, [])
        reach = -kept[0][0] if len(kept) == PLACES_KEPT else REACH
        return self._distance(x0, y0, x1, y1) < reach

    def crossed(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Whether a box lies partly outside of the product, or ends at its very edge."""
        return self._distance(x0, y0, x1, y1) <= Length.tolerance

    def cut(self, box: Rect, area: Rect) -> Rect:
        """A box as far as a clip leaves it, unless it is the edge of the product that cuts it, or lies beyond."""
        trim = self._trim
        return Rect(
            box.x0 if area.x0 <= trim.x0 + Length.tolerance else max(box.x0, area.x0),
            box.y0 if area.y0 <= trim.y0 + Length.tolerance else max(box.y0, area.y0),
            box.x1 if area.x1 >= trim.x1 - Length.tolerance else min(box.x1, area.x1),
            box.y1 if area.y1 >= trim.y1 - Length.tolerance else min(box.y1, area.y1),
        )

    def add(self, what: str, box: Rect) -> None:
        """Note an object, if it is nearer than the farthest that is kept."""
        if box.x0 > box.x1 or box.y0 > box.y1 or not self.near(what, *box):
            return
        self._met += 1
        entry = (-self._distance(*box), -self._met, box)
        kept = self._nearest.setdefault(what, [])
        if len(kept) < PLACES_KEPT:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)

    def facts(self, page: int) -> list[NearTrim]:
        """What was noted, nearest first."""
        rows = []
        for what, kept in self._nearest.items():
            nearest = sorted(kept, reverse=True)
            distances = tuple(Length(-closeness) for closeness, _, _ in nearest)
            rows.append(NearTrim(page, what, distances, tuple(box for _, _, box in nearest)))
        return rows

    def _distance(self, x0: float, y0: float, x1: float, y1: float) -> float:
        trim = self._trim
        return min(x0 - trim.x0, trim.x1 - x1, y0 - trim.y0, trim.y1 - y1)
