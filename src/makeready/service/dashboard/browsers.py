"""What browsers say they are, in words: for people who look where they are signed in."""

from __future__ import annotations

import re

#: Products that one browser names, and what people call it.
_BROWSERS = {
    "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome", "Edg": "Edge", "EdgA": "Edge", "EdgiOS": "Edge",
    "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Vivaldi": "Vivaldi",
}  # fmt: skip
#: Products that many name, so as to be served as those that had them first.
_SHARED = frozenset({"Mozilla", "Gecko", "AppleWebKit", "Chrome", "Safari", "Version", "Mobile"})
#: Part of what is said of a system, and what people call it; what is based on another comes first.
_SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "CrOS": "ChromeOS", "Windows": "Windows",
    "Macintosh": "macOS", "Linux": "Linux", "FreeBSD": "FreeBSD",
}  # fmt: skip
_PRODUCT = re.compile(r"(\w+)/(\d+)", re.ASCII)
_REMARK = re.compile(r"\(([^()]*)\)")
#: Letters of what is not understood that a line has room for.
_SHOWN = 60


def named(agent: str) -> str:
    """A ``User-Agent`` as people say it, ``Firefox 128 on Linux``; as it is, shortened, where that would be a guess."""
    remark = _REMARK.search(agent)
    system = next((name for part, name in _SYSTEMS.items() if remark and part in remark[1]), "")
    browser = _browser(dict(_PRODUCT.findall(_REMARK.sub("", agent))))
    if browser and system:
        return f"{browser} on {system}"
    return agent if len(agent) <= _SHOWN else f"{agent[: _SHOWN - 1].rstrip()}…"


def _browser(products: dict[str, str]) -> str:
    """Name and version; nothing where a product is named that is not known, as it may be another browser's."""
    own = sorted(products.keys() - _SHARED)
    if own:
        return f"{_BROWSERS[own[0]]} {products[own[0]]}" if len(own) == 1 and own[0] in _BROWSERS else ""
    if "Chrome" in products:  # with a version beside it, it is a window in some app
        return "" if "Version" in products else f"Chrome {products['Chrome']}"
    return f"Safari {products['Version']}" if {"Safari", "Version"} <= products.keys() else ""
