"""The OpenAPI document of the printcart API: every route is in it, under its name, in words and with examples."""

from __future__ import annotations

from typing import Any

import pytest

from service.dialects.conftest import House

BASE = "/v1/services"
OPERATIONS = {
    "createBackgroundRemoval": f"POST {BASE}/bg-remove",
    "getBackgroundRemoval": f"GET {BASE}/bg-remove/{{jobId}}",
    "createDpiScore": f"POST {BASE}/preflight/dpi-score",
    "createCheck": f"POST {BASE}/preflight/checks",
    "listChecks": f"GET {BASE}/preflight/checks",
    "getCheck": f"GET {BASE}/preflight/checks/{{reportId}}",
    "deleteCheck": f"DELETE {BASE}/preflight/checks/{{reportId}}",
    "createFixJob": f"POST {BASE}/preflight/ai-jobs",
    "getFixJob": f"GET {BASE}/preflight/ai-jobs/{{jobId}}",
    "approveFixJob": f"POST {BASE}/preflight/ai-jobs/{{jobId}}/approve",
    "rejectFixJob": f"POST {BASE}/preflight/ai-jobs/{{jobId}}/reject",
    "getWallet": f"GET {BASE}/wallet",
    "listTransactions": f"GET {BASE}/wallet/transactions",
}


@pytest.fixture(scope="module")
def document(front: House) -> dict[str, Any]:
    answer = front.http().get("/openapi/printcart.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_every_route_is_described(document: dict[str, Any]) -> None:
    found = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            found[told["operationId"]] = f"{method.upper()} {path}"
            assert told["summary"]
            assert told["description"]
            assert {"400", "401", "403", "429", "500"} <= told["responses"].keys()
            for status, answer in told["responses"].items():
                assert answer["description"]
                if status != "204":
                    content = answer["content"]["application/json"]
                    assert "$ref" in content["schema"], (path, status)
                    name = content["schema"]["$ref"].rpartition("/")[2]
                    assert "example" in content or "examples" in document["components"]["schemas"][name], (path, status)
    assert found == OPERATIONS
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
