"""Real weights, for tests that are about them."""

from __future__ import annotations

from conftest import missing
from makeready import models
from makeready.models import installing


def real(*families: str) -> None:
    """Skip the test unless these families are installed; on the build server, fail."""
    for name in families:
        family = models.family(name)
        if not installing.present(family):
            missing(f"the weights of {family.title} are not installed ({family.command})")
