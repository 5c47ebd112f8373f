"""Made-up networks offered as plug-ins' are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from makeready.upscale import catalogue as catalogues
from makeready.upscale.upscaler import Upscaler


@pytest.fixture
def offer() -> Iterator[Callable[[Upscaler], None]]:
    """Register a network for one test."""
    catalogues.catalogue.cache_clear()
    yield lambda upscaler: catalogues.catalogue().add([upscaler])
    catalogues.catalogue.cache_clear()
