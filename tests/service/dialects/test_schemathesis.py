"""The OpenAPI documents of all APIs: whatever is sent is answered as they say, and never with a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from makeready.service import dialects
from makeready.service.settings import DIALECTS
from service.dialects.conftest import House, housed

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
#: What a service says that has no generator, lacks a model, or is not done in time; only where the document says so.
PROMISED = {501, 503, 504}


@pytest.fixture(scope="module")
def desk(models: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service whose jobs nobody works on, and whose requests do not wait for them."""
    with housed(tmp_path_factory.mktemp("desk"), works=False, limits_request_seconds=0.05) as made:
        yield made


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_document_keeps_its_word(desk: House, dialect: str, mode: GenerationMode) -> None:
    document = desk.http().get(f"/openapi/{dialect}.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=desk.base)
    for path, methods in document["paths"].items():
        for method in methods:
            _held(desk, dialect, schema[path][method.upper()], mode)


def _held(desk: House, dialect: str, operation: Any, mode: GenerationMode) -> None:
    # An account for each: one of the operations ends its key.
    client = desk.client(dialect=dialect)
    header = dialects.load(dialect).key_header
    headers = {header: client.http.headers[header]}
    statuses: list[int] = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answered(case: Any) -> None:
        answer = case.call(headers=headers)
        statuses.append(answer.status_code)
        excused = [not_a_server_error] if answer.status_code in PROMISED else []
        case.validate_response(answer, checks=CHECKS, excluded_checks=excused)

    answered()
    assert statuses, "nothing was made of the document to send"
