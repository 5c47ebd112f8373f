"""An S3 server for tests: moto, in a process of its own, behind a door that checks every signature.

moto takes any signature and any date. The door knows the secret, calculates Signature Version 4 from Amazon's
description of it alone, and answers 403 as S3 does; what is right goes on to moto. Tests hold the door itself against
what boto3 signs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import http.client
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest

ACCESS_KEY, SECRET_KEY, REGION = "AKTEST", "a secret of the tests", "eu-central-1"
#: A request with this header is judged as if it came so many seconds later.
LATER = "x-test-later"
_ALGORITHM = "AWS4-HMAC-SHA256"
_TIME = "%Y%m%dT%H%M%SZ"
#: How far the clocks of a signed request and of S3 may be apart.
_SKEW_S = 900


@dataclass(frozen=True)
class S3:
    """A server that runs, with a bucket."""

    #: Through the door.
    endpoint: str
    bucket: str

    @property
    def options(self) -> dict[str, str]:
        """What a store needs to know of it."""
        return {
            "endpoint": self.endpoint,
            "region": REGION,
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
        }

    def client(self) -> Any:
        """Amazon's own client."""
        return _client(self.endpoint)


def _client(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def refusal(method: str, target: str, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> str:
    """Why S3 would not serve a request, as its error code; empty where it would.

    Args:
        method: such as ``GET``.
        target: path and query, as they were sent.
        headers: by lower-case names.
        body: of the request.
        now: the server's time.
    """
    path, _, text = target.partition("?")
    query = parse_qsl(text, keep_blank_values=True)
    asked = dict(query)
    if "X-Amz-Signature" in asked:
        credential, names, given = asked["X-Amz-Credential"], asked["X-Amz-SignedHeaders"], asked["X-Amz-Signature"]
        stamp, payload = asked["X-Amz-Date"], "UNSIGNED-PAYLOAD"
        ends = _moment(stamp) + dt.timedelta(seconds=int(asked["X-Amz-Expires"]))
        if not 1 <= int(asked["X-Amz-Expires"]) <= 7 * 86400:
            return "AuthorizationQueryParametersError"
        query = [(name, value) for name, value in query if name != "X-Amz-Signature"]
    elif headers.get("authorization", "").startswith(_ALGORITHM + " "):
        said = headers["authorization"].removeprefix(_ALGORITHM + " ").split(",")
        parts = dict(part.strip().split("=", 1) for part in said)
        credential, names, given = parts["Credential"], parts["SignedHeaders"], parts["Signature"]
        stamp, payload = headers["x-amz-date"], headers["x-amz-content-sha256"]
        ends = _moment(stamp) + dt.timedelta(seconds=_SKEW_S)
        if len(payload) == 64 and payload != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
    else:
        return "AccessDenied"
    key, date, region, service, last = credential.split("/")
    if key != ACCESS_KEY:
        return "InvalidAccessKeyId"
    if date != stamp[:8] or (region, service, last) != (REGION, "s3", "aws4_request") or "host" not in names.split(";"):
        return "AuthorizationHeaderMalformed"
    canonical = "\n".join(
        (
            method,
            quote(unquote(path), safe="/-_.~"),
            "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names.split(";")),
            "",
            names,
            payload,
        )
    )
    scope = f"{date}/{region}/{service}/{last}"
    to_sign = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    secret = f"AWS4{SECRET_KEY}".encode()
    for word in (date, region, service, last):
        secret = hmac.digest(secret, word.encode(), "sha256")
    if not hmac.compare_digest(hmac.new(secret, to_sign.encode(), "sha256").hexdigest(), given):
        return "SignatureDoesNotMatch"
    return "" if now < ends else "AccessDenied"  # it has expired


def _moment(stamp: str) -> dt.datetime:
    return dt.datetime.strptime(stamp, _TIME).replace(tzinfo=dt.UTC)


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    inside: tuple[str, int]

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=float(headers.pop(LATER, "0")))
        why = refusal(self.command, self.path, headers, body, now)
        if why:
            self._send(403, {"content-type": "application/xml"}, f"<Error><Code>{why}</Code></Error>".encode())
            return
        behind = http.client.HTTPConnection(*self.inside, timeout=60)
        try:
            headers.pop("transfer-encoding", None)
            behind.request(self.command, self.path, body, headers | {"content-length": str(len(body))})
            answer = behind.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            self._send(answer.status, given, answer.read())
        finally:
            behind.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        is_head = self.command == "HEAD" and "content-length" in headers
        self.send_header("content-length", headers["content-length"] if is_head else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


def main() -> None:
    """Serve until the other end of standard input is gone."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    _Door.inside = moto.get_host_and_port()
    door = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    door.daemon_threads = True
    threading.Thread(target=door.serve_forever, daemon=True).start()
    print(json.dumps({"endpoint": f"http://127.0.0.1:{door.server_address[1]}"}), flush=True)
    sys.stdin.read()
    os._exit(0)


def started() -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its endpoint; it ends when its standard input is closed."""
    # Nothing of the environment that would lead boto3 or moto to another account.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["endpoint"]


def stop(process: subprocess.Popen[str]) -> None:
    """End a server and wait for its end."""
    process.communicate(timeout=30)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server, through the door."""
    process, endpoint = started()
    yield endpoint
    stop(process)


@pytest.fixture
def s3(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3:
    """A bucket of the test's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    bucket = f"test-{os.urandom(6).hex()}"
    _client(s3_endpoint).create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3(s3_endpoint, bucket)


if __name__ == "__main__":
    main()
