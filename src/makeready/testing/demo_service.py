"""A first conversation with a running service: real requests to a real server, each printed as its curl command."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from makeready.testing.offering import offered

#: Seconds that the server gets to start, and a job to end.
_START_S, _JOB_S = 30.0, 60.0


def main(arguments: list[str]) -> int:
    """Start a service on a folder, talk to it, end it."""
    if len(arguments) != 1:
        print("usage: python -m makeready.testing.demo_service ARTWORK_FOLDER", file=sys.stderr)
        return 2
    artwork = Path(arguments[0])
    with (
        tempfile.TemporaryDirectory(prefix="makeready-service-") as data,
        offered(artwork) as shop,
        _service(data) as base,
    ):
        made = subprocess.run(
            [*_makeready(), "accounts", "create", "shop@example.com", "--name", "Corner Shop", "--tokens", "500",
             "--data", data, "--json"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        token = json.loads(made.stdout)["access_token"]
        print("$ makeready serve &")
        print("$ makeready accounts create shop@example.com --name 'Corner Shop' --tokens 500 --json")
        talk = functools.partial(_curl, base, token)
        talk(
            "POST",
            "/v1/services/preflight/dpi-score",
            {
                "widthPx": 4000, "heightPx": 3000, "canvasWidthInches": 30, "canvasHeightInches": 20,
                "productType": "photo_on_canvas",
            },
        )  # fmt: skip
        report = talk(
            "POST",
            "/v1/services/preflight/checks",
            {"designId": "poster-1", "fileUrl": f"{shop}/poster-midsummer.pdf", "productProfile": {"bleedMm": 3}},
        )["data"]
        job = talk(
            "POST",
            "/v1/services/preflight/ai-jobs",
            {"preflightReportId": report["reportId"], "options": {"fixTypes": ["add_bleed"]}},
        )["data"]
        path = f"/v1/services/preflight/ai-jobs/{job['jobId']}"
        until = time.monotonic() + _JOB_S
        while talk("GET", path, quiet=True)["data"]["status"] not in ("completed", "failed"):
            if time.monotonic() > until:
                print(f"the job did not end within {_JOB_S:.0f} s", file=sys.stderr)
                return 1
            time.sleep(0.2)
        ended = talk("GET", path)["data"]
        talk("GET", "/v1/services/wallet")
        if ended["status"] != "completed":
            return 1
        bytes_ = _fetched(ended["correctedFileUrl"])
        print(f"\nThe corrected file came by its signed link: {len(bytes_):,} bytes, {bytes_[:8].decode('latin-1')!r}")
    return 0


def _makeready() -> list[str]:
    return [sys.executable, "-m", "makeready"]


@contextmanager
def _service(data: str) -> Iterator[str]:
    """`makeready serve` on any free port; its URL."""
    # The shop's server is on this machine, which the service does not fetch from unless it is told so.
    environment = {**os.environ, "MAKEREADY_FETCH_ALLOW": "127.0.0.1"}
    log = Path(data) / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*_makeready(), "serve", "--port", "0", "--data", data], env=environment, stderr=output, stdout=output
        )
    try:
        until = time.monotonic() + _START_S
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text("utf-8", "replace"))):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The service did not start:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.05)
        yield found.group()
    finally:
        server.terminate()
        server.wait(_START_S)


def _curl(base: str, token: str, method: str, path: str, body: Any = None, *, quiet: bool = False) -> Any:
    """Make a request with curl, or with Python where there is no curl; print it as curl's command."""
    words = ["curl", "-s", "-X", method, f"{base}{path}", "-H", f"Authorization: Bearer {token}"]
    if body is not None:
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    if not quiet:
        shown = " ".join(shlex.quote(word) for word in words[1:])
        print(f"\n$ curl {shown.replace(token, '<access_token>').replace('-X GET ', '')}", flush=True)
    if shutil.which("curl"):
        answer = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    else:
        answer = _fetched(f"{base}{path}", method, token, None if body is None else json.dumps(body).encode()).decode()
    said = json.loads(answer)
    if not quiet:
        print(_shortened(said))
    return said


def _fetched(url: str, method: str = "GET", token: str = "", body: bytes | None = None) -> bytes:
    import urllib.request

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=_JOB_S) as answer:
        return bytes(answer.read())


def _shortened(said: Any) -> str:
    """An answer as a person reads it: of many issues the first, of long links the beginning."""

    def short(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: short(inner) for name, inner in value.items()}
        if isinstance(value, list) and len(value) > 1:
            return [short(value[0]), f"… and {len(value) - 1} more"]
        if isinstance(value, str) and len(value) > 100:
            return f"{value[:97]}…"
        return value

    return json.dumps(short(said), indent=2, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
