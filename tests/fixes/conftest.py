"""What tests of fixes share."""

from __future__ import annotations

import pytest

from fixes import subjects


@pytest.fixture(scope="session")
def red_models(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for ``MAKEREADY_MODEL_DIR``: a network that finds what is red goes by the name of ISNet."""
    return str(subjects.red_isnet(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="session")
def bright_models(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, of what is bright: something of every picture."""
    return str(subjects.bright_isnet(tmp_path_factory.mktemp("models")))


@pytest.fixture
def finds_red(red_models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are needed: the network that finds what is red runs, on the processor."""
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", red_models)
    monkeypatch.setenv("MAKEREADY_PROVIDER", "cpu")


@pytest.fixture
def finds_bright(bright_models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are needed: the network that finds what is bright runs, on the processor."""
    monkeypatch.setenv("MAKEREADY_MODEL_DIR", bright_models)
    monkeypatch.setenv("MAKEREADY_PROVIDER", "cpu")
