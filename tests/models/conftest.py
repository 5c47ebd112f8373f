"""A cache of its own for each test, and a manifest of tiny networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from makeready.models import manifest, store
from makeready.report import doctor
from models import made_up


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and no folder of models."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(store.CACHE, str(folder))
    monkeypatch.delenv(store.OWN_FOLDER, raising=False)
    store.forget()
    yield folder
    store.forget()


@pytest.fixture
def tiny(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made-up manifest in place of the real one; the cache is empty."""
    doctor.registries()  # they keep what the real manifest offers, whichever test loads them first
    families = manifest.parsed(made_up.MANIFEST)
    monkeypatch.setattr(manifest, "families", lambda: families)
    return cache
