"""A catalogue with a segmenter that needs no weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from makeready.registry import Registry
from makeready.segment import backend
from makeready.segment.backend import Segmenter
from segment.finders import finder


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put segmenters in the place of all others."""

    def offer(*segmenters: Segmenter) -> None:
        registry = Registry(Segmenter, group="makeready.segmenters", noun="segmenter")
        registry.add(segmenters)
        monkeypatch.setattr(backend, "catalogue", lambda: registry)

    return offer


@pytest.fixture
def red(offered: Callable[..., None]) -> None:
    """In ISNet's place, what is red."""
    offered(finder("isnet"))
