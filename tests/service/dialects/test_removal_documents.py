"""The OpenAPI documents of remove-bg and removai: requests are answered as they say, and never with a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation.modes import GenerationMode

from service.dialects.conftest import House, housed
from service.dialects.test_printcart_schema import CHECKS

OPERATIONS = [
    ("remove-bg", "POST", "/api/v1/remove-bg"),
    ("remove-bg", "GET", "/api/v1/jobs/{jobId}"),
    ("removai", "POST", "/v1/remove-background"),
    ("removai", "POST", "/v1/remove-background/file"),
    ("removai", "POST", "/v1/remove-background/batch"),
    ("removai", "GET", "/v1/remove-background/batch/{batch_id}"),
    ("removai", "GET", "/v1/images"),
    ("removai", "GET", "/v1/images/{id}"),
    ("removai", "DELETE", "/v1/images/{id}"),
]


@pytest.fixture(scope="module")
def desk(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service whose jobs nobody works on, and whose requests do not wait for them."""
    with housed(tmp_path_factory.mktemp("desk"), works=False, limits_request_seconds=0.05) as made:
        yield made


@pytest.mark.parametrize(("dialect", "method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
def test_the_document_keeps_its_word(desk: House, dialect: str, method: str, path: str, mode: GenerationMode) -> None:
    client = desk.client(dialect=dialect)
    schema = schemathesis.openapi.from_dict(client.document)
    schema.config.update(base_url=desk.base)
    bearer = dialect == "remove-bg"
    headers = {"Authorization": f"Bearer {client.key}"} if bearer else {"X-API-Key": client.key}

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answered(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    answered()
