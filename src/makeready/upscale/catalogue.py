"""Every network that enlarges pictures: the built-in ones and those of plug-ins, through one door."""

from __future__ import annotations

import importlib
from functools import cache

from makeready.registry import Registry
from makeready.upscale.upscaler import Upscaler

#: Where distributions offer theirs.
GROUP = "makeready.upscalers"
#: One module a network. A new one is a module named here that declares it.
BUILT_IN_MODULES = ("waifu2x", "srmd", "realesrgan")


@cache
def catalogue() -> Registry[Upscaler]:
    """Every network there is, by name."""
    registry = Registry(Upscaler, group=GROUP, noun="model to upscale with")
    for name in BUILT_IN_MODULES:
        registry.add_module(importlib.import_module(f"makeready.upscale.{name}"))
    registry.load_plugins()
    return registry
