from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from artwork import catalogue, city_map

from makeready.testing import demo


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page of 20,000 objects."""
    return city_map(tmp_path_factory.mktemp("crowded") / "map.pdf")


@pytest.fixture(scope="session")
def thick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of 1,000 pages."""
    return catalogue(tmp_path_factory.mktemp("thick") / "catalogue.pdf")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's PDFs, six times over: jobs as they come in."""
    made = tmp_path_factory.mktemp("demo")
    sources = [path for path in demo.make(made / "once") if path.suffix == ".pdf"]
    jobs = made / "jobs"
    jobs.mkdir()
    for source in sources:
        for copy in range(6):
            shutil.copy(source, jobs / f"{source.stem}-{copy}.pdf")
    return jobs
