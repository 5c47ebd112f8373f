"""Fetching by URL: where nobody may be led, how long and how much it may be, and what comes out."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import hashlib
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from makeready.errors import UsageError
from makeready.service.errors import FetchRefused
from makeready.service.fetch import Fetched, Fetcher
from makeready.service.reach import Rules
from makeready.service.settings import Settings

PUBLIC = "93.184.216.34"


def png(side: int = 64) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((side, side), 60).save(written, "PNG")
    return written.getvalue()


PNG = png()


def fetcher(tmp_path: Path, *allow: str, seconds: float = 5, megabytes: int = 1) -> Fetcher:
    return Fetcher(Settings(data=tmp_path, fetch_allow=allow, limits_fetch_seconds=seconds, limits_fetch_mb=megabytes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fetched"
    made.mkdir()
    return made


def refusal(act: Callable[[], object], reason: str) -> FetchRefused:
    with pytest.raises(FetchRefused) as caught:
        act()
    assert caught.value.details["reason"] == reason, str(caught.value)
    assert str(caught.value).endswith(".")
    assert caught.value.code == "URL_NOT_FETCHED"
    assert caught.value.http_status == 422
    return caught.value


# --- nobody is led inside --------------------------------------------------------------------------------------------

NAMES: dict[str, list[str]] = {
    "open.test": [PUBLIC],
    "loopback.test": ["127.0.0.1"],
    "localhost": ["127.0.0.1"],
    "private.test": ["10.0.0.5"],
    "carrier.test": ["100.64.0.1"],
    "metadata.test": ["169.254.169.254"],
    "both.test": [PUBLIC, "10.0.0.5"],
    "both-turned.test": ["10.0.0.5", PUBLIC],
    "unique-local.test": ["fd00::1"],
    "link-local.test": ["fe80::1"],
    "site-local.test": ["fec0::1"],
    "nat64.test": ["64:ff9b::a9fe:a9fe"],
    "nat64-local.test": ["64:ff9b:1::a9fe:a9fe"],
    "6to4.test": ["2002:7f00:1::"],
    "mapped.test": ["::ffff:10.0.0.5"],
    "compatible.test": ["::127.0.0.1"],
    "translated.test": ["::ffff:0:127.0.0.1"],
    "teredo.test": ["2001:0:53aa:64c:0:0:80ff:fffe"],
    "isatap.test": ["2606:4700::5efe:10.0.0.5"],
    "isatap-universal.test": ["2606:4700::200:5efe:10.0.0.5"],
    "benchmark.test": ["198.18.0.1"],
    "nothing.test": ["0.0.0.0"],
    "broadcast.test": ["255.255.255.255"],
    "multicast.test": ["224.0.0.251"],
    "multicast6.test": ["ff02::1"],
    "documentation.test": ["192.0.2.1"],
    "documentation6.test": ["2001:db8::1"],
    "unassigned.test": ["4000::1"],
}

#: What is forbidden, and why: the traps of the prototype and some more.
FORBIDDEN = [
    *((f"http://{name}/", "address") for name in NAMES if name != "open.test"),
    ("https://private.test/picture.png", "address"),
    ("http://127.0.0.1/", "address"),
    ("http://[::1]/", "address"),
    ("http://[::ffff:127.0.0.1]/", "address"),
    ("http://[::ffff:7f00:1]/", "address"),
    ("http://0x7f000001/", "address"),
    ("http://localhost./", "address"),
    ("http://2130706433/", "url"),
    ("http://0177.0.0.1/", "url"),
    ("http://127.1/", "url"),
    ("http://①②⑦.⓪.⓪.①/", "url"),
    ("http://[fe80::1%25lo]/", "url"),
    ("http://127.0.0.1%2f@open.test/", "credentials"),
    ("http://user:password@open.test/", "credentials"),
    ("http://open.test:80@127.0.0.1/", "credentials"),
    ("http://open.test\\@127.0.0.1/", "credentials"),
    ("http://open.test:22/", "port"),
    ("http://open.test:8080/", "port"),
    ("http://127.0.0.1:6379/", "port"),
    ("file:///etc/passwd", "scheme"),
    ("ftp://open.test/a.png", "scheme"),
    ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    ("data:image/png;base64,iVBORw0KGgo=", "scheme"),
    ("DATA:image/png;base64,iVBORw0KGgo=", "scheme"),
    ("//open.test/a.png", "scheme"),
    ("/etc/passwd", "scheme"),
    ("", "scheme"),
    ("http://", "url"),
    ("http://open.test:99999/", "port"),
    ("http://open.test:0/", "url"),
    ("http://open.test/" + "a" * 9000, "url"),
    ("http://*/", "url"),
    ("http://*.test/", "url"),
    ("http://open.test/\r\nX: y", "url"),
]


class Net:
    """Names that resolve as the test says, and a watch over every connection: none is really made."""

    def __init__(self) -> None:
        self.names = {name: [addresses] for name, addresses in NAMES.items()}
        self.asked: list[str] = []
        self.attempts: list[str] = []
        self._real = socket.getaddrinfo

    def resolve(self, host, port, family=0, type=0, proto=0, flags=0):
        host = host.decode() if isinstance(host, bytes) else host
        answers = self.names.get(host.rstrip("."))
        if answers is None:
            if not flags & socket.AI_NUMERICHOST:
                self.asked.append(host)
            return self._real(host, port, family, type, proto, flags)
        self.asked.append(host)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]  # the last answer stays
        found = []
        for address in addresses:
            if ":" in address:
                found.append((socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)))
            else:
                found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)))
        return found

    def connect(self, address):
        self.attempts.append(address[0])
        raise ConnectionRefusedError(111, "nobody is connected to in this test")


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    watched = Net()
    monkeypatch.setattr(socket, "getaddrinfo", watched.resolve)
    monkeypatch.setattr(socket.socket, "connect", watched.connect)
    monkeypatch.setattr(socket.socket, "connect_ex", watched.connect)
    return watched


@pytest.mark.parametrize(("url", "reason"), FORBIDDEN, ids=[f"{n}-{url[:40]}" for n, (url, _) in enumerate(FORBIDDEN)])
def test_no_connection_is_ever_attempted_inside(url: str, reason: str, net: Net, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path)
    for act in (
        lambda: guard.check(url),
        lambda: guard.fetch(url, folder),
        lambda: guard.post(url, b"{}", {}),
    ):
        refused = refusal(act, reason)
        assert refused.hint
        assert not refused.details["temporary"]
        # What a name inside resolves to is nobody's business.
        for address in NAMES.get(url.split("/")[2] if url.count("/") > 1 else "", []):
            assert address not in f"{refused} {refused.hint} {dict(refused.details)}"
    assert net.attempts == []
    assert list(folder.iterdir()) == []


def test_what_is_public_is_connected_to(net: Net, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path)
    guard.check("http://open.test/")
    assert net.attempts == []
    assert refusal(lambda: guard.fetch("https://open.test/", folder), "no_connection").details["temporary"]
    refusal(lambda: guard.post("http://open.test/", b"{}", {}), "no_connection")
    assert net.attempts == [PUBLIC, PUBLIC]
    net.names["six.test"] = [["2606:4700::6810:84e5"]]
    net.names["behind-nat64.test"] = [["64:ff9b::5db8:d822"]]  # 93.184.216.34, as a network without IPv4 sees it
    guard.check("http://six.test/")
    guard.check("http://behind-nat64.test/")


def test_a_name_that_moves_inside_after_the_check(net: Net, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path)
    net.names["moving.test"] = [[PUBLIC], ["127.0.0.1"]]
    guard.check("http://moving.test/")
    refusal(lambda: guard.fetch("http://moving.test/", folder), "address")
    assert net.attempts == []


def test_a_name_is_looked_up_once_and_the_answer_is_what_is_connected_to(
    net: Net, tmp_path: Path, folder: Path
) -> None:
    guard = fetcher(tmp_path)
    net.names["moving.test"] = [[PUBLIC], ["127.0.0.1"]]
    refusal(lambda: guard.fetch("http://moving.test/", folder), "no_connection")
    assert net.attempts == [PUBLIC]
    assert net.asked == ["moving.test"]


def test_a_name_with_many_addresses_is_not_tried_at_all_of_them(net: Net, tmp_path: Path, folder: Path) -> None:
    net.names["many.test"] = [[f"93.184.216.{last}" for last in range(200)]]
    refusal(lambda: fetcher(tmp_path).fetch("http://many.test/", folder), "no_connection")
    assert len(net.attempts) == 3


def test_a_host_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> None:
    errors = [socket.gaierror(socket.EAI_NONAME, "no such name")]

    def resolve(*_question):
        raise errors[0]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    guard = fetcher(tmp_path)
    refused = refusal(lambda: guard.check("http://mistyped.test/"), "host_not_found")
    assert "mistyped.test" in str(refused)
    refusal(lambda: guard.fetch("http://mistyped.test/", folder), "host_not_found")
    # A name server that is out of order is no reason to refuse a job for good.
    errors[0] = socket.gaierror(socket.EAI_AGAIN, "try again")
    guard.check("http://mistyped.test/")
    assert refusal(lambda: guard.fetch("http://mistyped.test/", folder), "host_not_found").details["temporary"]


def test_a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> None:
    done = threading.Event()

    def resolve(*_question):
        done.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    begun = time.monotonic()
    refused = refusal(lambda: fetcher(tmp_path, seconds=0.6).fetch("http://slow.test/", folder), "host_not_found")
    done.set()
    assert refused.details["temporary"]
    assert time.monotonic() - begun < 4


# --- addresses, against the standard library and arithmetic ----------------------------------------------------------


def permitted(address: IPv4Address | IPv6Address) -> bool:
    host = str(address) if address.version == 4 else f"[{address}]"
    try:
        Rules().origin(f"http://{host}/")
    except FetchRefused:
        return False
    return True


#: Anycast services and name servers that the registries call reachable, and some versions of Python do not.
_DISPUTED_4 = {ip_address("192.0.0.9"), ip_address("192.0.0.10")}


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_that_python_calls_not_global(address: IPv4Address) -> None:
    if (not address.is_global or address.is_multicast) and address not in _DISPUTED_4:
        assert not permitted(address)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_that_python_calls_not_global(address: IPv6Address) -> None:
    disputed = int(address) >> 105 == int(ip_address("2001::")) >> 105
    if (not address.is_global or address.is_multicast or address.is_site_local) and not disputed:
        assert not permitted(address)


@given(st.ip_addresses(v=4).filter(lambda address: address.is_private), st.integers(0, 2**64 - 1))
def test_no_ipv6_address_that_carries_a_private_one(inner: IPv4Address, any: int) -> None:
    low = int(inner)
    public = int(ip_address("2606:4700::"))
    for carrier in (
        low,  # compatible
        (0xFFFF << 32) | low,  # mapped
        (0xFFFF << 48) | low,  # translated
        (0x0064FF9B << 96) | low,  # NAT64
        (0x2002 << 112) | (low << 80) | any,  # 6to4
        (0x20010000 << 96) | (any & 0xFFFFFFFF) << 32 | (low ^ 0xFFFFFFFF),  # Teredo
        public | (0x5EFE << 32) | low,  # ISATAP
        public | (0x02005EFE << 32) | low,
    ):
        assert not permitted(IPv6Address(carrier)), IPv6Address(carrier)


@given(st.one_of(st.text(), st.text().map("http://{}".format), st.from_regex(r"https?://[^/]{0,30}(:\d{0,6})?/.*")))
def test_whatever_a_client_sends_is_taken_or_refused(url: str) -> None:
    for rules in (Rules(), Rules(["10.0.0.0/8", "a", "0:99"][:2])):
        with contextlib.suppress(FetchRefused):
            assert rules.origin(url).url.scheme in ("http", "https")


# --- exceptions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allow", "urls", "not_these"),
    [
        ("10.0.0.5", ["http://10.0.0.5/", "http://10.0.0.5:9000/", "http://private.test:9000/"], ["http://10.0.0.6/"]),
        ("10.0.0.5:9000", ["http://private.test:9000/"], ["http://10.0.0.5/", "http://10.0.0.5:9001/"]),
        ("10.0.0.0/8", ["http://10.9.9.9/", "https://private.test/"], ["http://127.0.0.1/", "http://open.test:9000/"]),
        ("10.0.0.0/8:9000", ["http://10.9.9.9:9000/"], ["http://10.9.9.9/", "http://open.test:9000/"]),
        ("[::1]:9000", ["http://[::1]:9000/"], ["http://[::1]/", "http://127.0.0.1:9000/"]),
        ("fd00::/8", ["http://unique-local.test/", "http://[fd12::1]:9000/"], ["http://[fe80::1]/"]),
        ("[fd00::]/8:9000", ["http://unique-local.test:9000/"], ["http://unique-local.test/"]),
        ("private.test", ["http://private.test/", "http://PRIVATE.test.:9000/"], ["http://10.0.0.5/"]),
        ("Private.Test:9000", ["http://private.test:9000/"], ["http://private.test/", "http://private.test:9001/"]),
        ("open.test:8443", ["https://open.test:8443/", "https://open.test/"], ["https://open.test:8444/"]),
    ],
)
def test_exceptions_reach_as_far_as_they_say(
    allow: str, urls: list[str], not_these: list[str], net: Net, tmp_path: Path
) -> None:
    guard = fetcher(tmp_path, allow)
    for url in urls:
        guard.check(url)
    for url in not_these:
        with pytest.raises(FetchRefused) as caught:
            guard.check(url)
        assert caught.value.details["reason"] in ("address", "port")


@pytest.mark.parametrize(
    "allow",
    ["10.0.0.5/8", "10.0.0.0/40", "127.1", "host:", "host:0", "host:70000", "host:x", "a b", "http://x/", "[::1", "*",
     "64:ff9b::/96", "", "[fd00::]/8:", "-"],
)  # fmt: skip
def test_an_exception_that_makes_no_sense_stops_the_start(allow: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not understood") as caught:
        fetcher(tmp_path, allow)
    assert "MAKEREADY_FETCH_ALLOW" in caught.value.hint


# --- a real server ---------------------------------------------------------------------------------------------------

Route = Callable[[socket.socket], None]


class Site:
    """A server on this machine that says whatever a test wants, byte by byte."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self.over.is_set():
                connection.close()
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if self._tls:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._answer(secured)
            else:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (piece := connection.recv(4096)):
                return
            request += piece
        self.requests.append(request)
        self.routes[request.split()[1].decode().partition("?")[0]](connection)

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        for thread in self._threads:
            thread.join(10)
        self._listening.close()

    def drip(self, path: str, first: bytes, drop: bytes, every: float = 0.05) -> str:
        """Something, and then little by little for as long as anybody listens."""

        def route(connection: socket.socket) -> None:
            connection.sendall(first)
            while not self.over.wait(every):
                connection.sendall(drop)

        self.routes[path] = route
        return self.url + path

    def says(self, path: str, *lines: str, body: bytes = PNG, status: str = "200 OK", length: int | None = -1) -> str:
        head = [f"HTTP/1.1 {status}", *lines]
        if length is not None:
            head.append(f"Content-Length: {len(body) if length == -1 else length}")
        data = "\r\n".join([*head, "", ""]).encode() + body
        self.routes[path] = lambda connection: connection.sendall(data)
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


def test_a_picture_is_fetched(site: Site, tmp_path: Path, folder: Path) -> None:
    url = site.says("/pictures/red%20shoe.png", "Content-Type: text/plain")
    got = fetcher(tmp_path, site.host).fetch(url + "?width=3#top", folder)
    assert got.path.read_bytes() == PNG
    assert got.path.parent == folder
    assert got == Fetched(got.path, "red shoe.png", len(PNG), hashlib.sha256(PNG).hexdigest(), "png", "image/png")
    (request,) = site.requests
    lines = request.decode().lower().split("\r\n")
    assert lines[0] == "get /pictures/red%20shoe.png?width=3 http/1.1"
    assert f"host: {site.host}" in lines
    assert "accept-encoding: identity" in lines
    assert not [line for line in lines if line.startswith(("cookie", "authorization", "x-forwarded"))]


def test_chunks_and_no_length_at_all(site: Site, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path, site.host)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PNG[:100], PNG[100:])) + b"0\r\n\r\n"
    url = site.says("/chunked.png", "Transfer-Encoding: chunked", body=chunked, length=None)
    assert guard.fetch(url, folder).path.read_bytes() == PNG
    url = site.says("/until-the-end.png", "Connection: close", length=None)
    assert guard.fetch(url, folder).path.read_bytes() == PNG


def test_proxies_of_the_environment_are_not_asked(
    site: Site, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetcher(tmp_path, site.host).fetch(site.says("/a.png"), folder).bytes == len(PNG)


def test_redirects_are_followed_three_times(site: Site, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path, site.host)
    site.says("/end.png")
    site.says("/2", "Location: end.png", status="308 Permanent Redirect")
    site.says("/1", f"Location: {site.url}/2#x", status="303 See Other")
    url = site.says("/0", "Location: /1", status="302 Found")
    assert guard.fetch(url, folder).name == "end.png"
    assert len(site.requests) == 4
    url = site.says("/more", "Location: /0", status="301 Moved Permanently")
    refusal(lambda: guard.fetch(url, folder), "redirects")
    assert len(site.requests) == 8


def test_a_circle_of_redirects(site: Site, tmp_path: Path, folder: Path) -> None:
    site.says("/a", "Location: /b", status="302 Found")
    site.says("/b", "Location: /a", status="302 Found")
    refused = refusal(lambda: fetcher(tmp_path, site.host).fetch(f"{site.url}/a", folder), "redirects")
    assert "circle" in str(refused)
    assert len(site.requests) == 2


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("http://[::ffff:127.0.0.1]/", "address"),
        ("//10.0.0.1/x.png", "address"),
        ("http://127.0.0.1:{other}/x.png", "port"),
        ("http://127.0.0.1/x.png", "address"),
        ("file:///etc/passwd", "scheme"),
        ("http://user@127.0.0.1:{port}/x.png", "credentials"),
        ("http://[broken", "url"),
    ],
)
def test_a_redirect_inside_is_refused(location: str, reason: str, site: Site, tmp_path: Path, folder: Path) -> None:
    other = Site()
    try:
        other.says("/x.png")
        where = location.format(other=other.port, port=site.port)
        url = site.says("/a", f"Location: {where}", status="302 Found", body=b"")
        refusal(lambda: fetcher(tmp_path, site.host).fetch(url, folder), reason)
        assert other.requests == []
        assert len(site.requests) == 1
    finally:
        other.close()


SLOW = [
    ("a status line", b"", b"H"),
    ("headers", b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    ("interim answers", b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("a body", b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + PNG[:500], b"\0"),
    ("a chunk's size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    ("nothing", b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + PNG[:500], b""),
]


@pytest.mark.parametrize(("first", "drop"), [case[1:] for case in SLOW], ids=[case[0] for case in SLOW])
def test_a_server_that_sends_a_byte_now_and_then(
    first: bytes, drop: bytes, site: Site, tmp_path: Path, folder: Path
) -> None:
    url = site.drip("/slow.png", first, drop)
    begun = time.monotonic()
    refused = refusal(lambda: fetcher(tmp_path, site.host, seconds=0.7).fetch(url, folder), "too_slow")
    assert refused.details["temporary"]
    assert 0.7 <= time.monotonic() - begun < 4
    assert list(folder.iterdir()) == []


def test_redirects_share_the_time(site: Site, tmp_path: Path, folder: Path) -> None:
    def late(location: str) -> Route:
        def route(connection: socket.socket) -> None:
            site.over.wait(0.4)
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

        return route

    site.routes |= {"/0": late("/1"), "/1": late("/2"), "/2": late("/3")}
    site.says("/3")
    begun = time.monotonic()
    refusal(lambda: fetcher(tmp_path, site.host, seconds=0.6).fetch(f"{site.url}/0", folder), "too_slow")
    assert time.monotonic() - begun < 4


def test_a_body_without_end(site: Site, tmp_path: Path, folder: Path) -> None:
    sent = [0]

    def route(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PNG[:100])
        while not site.over.is_set():
            connection.sendall(bytes(65536))
            sent[0] += 65536

    site.routes["/endless.png"] = route
    refused = refusal(lambda: fetcher(tmp_path, site.host).fetch(f"{site.url}/endless.png", folder), "too_large")
    assert refused.details["limit"] == 1024 * 1024
    assert "1 MB" in str(refused)
    assert list(folder.iterdir()) == []
    assert sent[0] < 20 * 1024 * 1024  # what the sockets' buffers took, no more


def test_a_body_that_says_it_is_too_large_is_not_read(site: Site, tmp_path: Path, folder: Path) -> None:
    url = site.says("/large.png", length=1024 * 1024 + 1)
    refusal(lambda: fetcher(tmp_path, site.host).fetch(url, folder), "too_large")
    url = site.says("/large.png", length=4000)
    refused = refusal(lambda: fetcher(tmp_path, site.host).fetch(url, folder, max_bytes=1000), "too_large")
    assert refused.details["limit"] == 1000


def test_a_file_of_just_the_limit_is_taken(site: Site, tmp_path: Path, folder: Path) -> None:
    url = site.says("/full.png", body=PNG + bytes(1024 * 1024 - len(PNG)))
    assert fetcher(tmp_path, site.host).fetch(url, folder, max_bytes=10**9).bytes == 1024 * 1024


def test_a_compressed_answer_is_not_unpacked(site: Site, tmp_path: Path, folder: Path) -> None:
    bomb = gzip.compress(bytes(50 * 1024 * 1024))
    guard = fetcher(tmp_path, site.host)
    refused = refusal(lambda: guard.fetch(site.says("/bomb", "Content-Encoding: gzip", body=bomb), folder), "encoded")
    assert refused.details["encoding"] == "gzip"
    # Without the header it is a file like any other, and no picture.
    refusal(lambda: guard.fetch(site.says("/bomb2", body=bomb), folder), "not_an_image")
    refusal(lambda: guard.fetch(site.says("/odd", "Transfer-Encoding: gzip", body=bomb, length=None), folder), "broken")
    assert guard.fetch(site.says("/plain.png", "Content-Encoding: identity"), folder).bytes == len(PNG)


def test_a_length_that_is_wrong(site: Site, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path, site.host)
    refused = refusal(lambda: guard.fetch(site.says("/cut.png", length=len(PNG) + 50), folder), "broken")
    assert refused.details["temporary"]
    for number, lengths in enumerate((["5", "6"], ["-5"], ["9" * 30], ["many"], ["5, 6"])):
        lines = [f"Content-Length: {length}" for length in lengths]
        refusal(lambda n=number, lines=lines: guard.fetch(site.says(f"/{n}", *lines, length=None), folder), "broken")
    # A server that sends more than it said: what was said is what is taken, as in every client.
    url = site.says("/long.png", body=PNG + b"GET / HTTP/1.1", length=len(PNG))
    assert guard.fetch(url, folder).bytes == len(PNG)
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("status", "temporary"),
    [("404 Not Found", False), ("403 Forbidden", False), ("410 Gone", False), ("500 Oops", True), ("503 Later", True),
     ("429 Slow down", True), ("204 No Content", False), ("206 Partial", False), ("304 Not Modified", False),
     ("302 Found", False), ("599 What", True), ("299 Fine", False)],
)  # fmt: skip
def test_another_status_is_told(status: str, temporary: bool, site: Site, tmp_path: Path, folder: Path) -> None:
    url = site.says("/a.png", status=status)
    refused = refusal(lambda: fetcher(tmp_path, site.host).fetch(url, folder), "status")
    assert refused.details["status"] == int(status[:3])
    assert status[:3] in str(refused)
    assert refused.details["temporary"] is temporary
    assert refused.hint


def test_nothing_and_no_picture(site: Site, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path, site.host)
    refusal(lambda: guard.fetch(site.says("/empty.png", body=b""), folder), "empty")
    page = b"<!DOCTYPE html><title>Please log in</title>" + b" " * 4000
    refused = refusal(
        lambda: guard.fetch(site.says("/page.png", "Content-Type: image/png", body=page), folder), "not_an_image"
    )
    assert "web page" in str(refused)
    # Known as no picture from its first bytes: the rest is not waited for.
    begun = time.monotonic()
    url = site.drip("/long-page.png", b"HTTP/1.1 200 OK\r\n\r\n" + page, b" ")
    refusal(lambda: guard.fetch(url, folder), "not_an_image")
    assert time.monotonic() - begun < 4
    assert list(folder.iterdir()) == []


def test_a_server_that_hangs_up_or_is_not_there(site: Site, tmp_path: Path, folder: Path) -> None:
    guard = fetcher(tmp_path, "127.0.0.1")
    site.routes["/a"] = lambda connection: None
    assert refusal(lambda: guard.fetch(f"{site.url}/a", folder), "broken").details["temporary"]
    site.says("/b", status="200 OK\r\nno header")
    refusal(lambda: guard.fetch(f"{site.url}/b", folder), "broken")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert refusal(lambda: guard.fetch(f"http://127.0.0.1:{port}/", folder), "no_connection").details["temporary"]
    # One that has no secrets to tell, but is asked for TLS.
    guard = fetcher(tmp_path, "127.0.0.1", seconds=0.5)
    refusal(lambda: guard.fetch(f"https://127.0.0.1:{site.port}/", folder), "no_connection")


@pytest.mark.parametrize(
    ("path", "disposition", "name"),
    [
        ("/a/b/photo.png", None, "photo.png"),
        ("/photo", None, "photo.png"),
        ("/photo.jpg", None, "photo.png"),
        ("/photo.JPEG", None, "photo.png"),
        ("/Photo.PNG", None, "Photo.PNG"),
        ("/image.php", None, "image.php.png"),
        ("/", None, "file.png"),
        ("/..%2f..%2fetc%2fpasswd", None, "passwd.png"),
        ("/C%3A%5Cx%5Cy.png", None, "y.png"),
        ("/gr%C3%BCn.png", None, "grün.png"),
        ("/x", 'attachment; filename="flyer v2.png"', "flyer v2.png"),
        ("/x", "attachment; filename=flyer.png", "flyer.png"),
        ("/x", "attachment; filename*=UTF-8''gr%C3%BCn%20%E2%82%AC.png; filename=green.png", "grün €.png"),
        ("/x", 'attachment; filename="../../.ssh/keys.png"', "keys.png"),
        ("/x", 'attachment; filename="..\\\\..\\\\boot.png"', "boot.png"),
        ("/x", "attachment; filename*=UTF-8''a%0d%0aSet-Cookie%3a%20b.png", "aSet-Cookie_ b.png"),
        ("/x", "attachment; filename*=UTF-8''gnp%E2%80%AE.exe.png", "gnp.exe.png"),
        ("/x", 'attachment; filename=".htaccess"', "htaccess.png"),
        ("/x", 'attachment; filename="CON.png"', "_CON.png"),
        ("/x", 'attachment; filename="..."', "x.png"),
        ("/x", "inline", "x.png"),
        ("/x", 'attachment; filename="' + "long" * 100 + '.png"', "long" * 49 + ".png"),
        ("/x", "attachment; filename*=nonsense''%ff%fe.png", None),
    ],
)
def test_a_good_name(
    path: str, disposition: str | None, name: str | None, site: Site, tmp_path: Path, folder: Path
) -> None:
    url = site.says(path, *([f"Content-Disposition: {disposition}"] if disposition else []))
    got = fetcher(tmp_path, site.host).fetch(url, folder).name
    assert got.endswith((".png", ".PNG"))
    assert len(got.encode()) <= 204
    if name is not None:
        assert got == name


def test_a_post_follows_nothing_and_reads_little(site: Site, tmp_path: Path) -> None:
    guard = fetcher(tmp_path, site.host)
    url = site.says("/hook", "Location: /elsewhere", status="302 Found", body=b"")
    assert guard.post(url, b'{"a": 1}', {"X-Own": "yes", "Content-Type": "application/json"}).status == 302
    (request,) = site.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /hook http/1.1"
    assert {"x-own: yes", "content-length: 8", "content-type: application/json"} <= set(lines)
    assert body in (b"", b'{"a": 1}')  # it may come in a packet of its own
    assert guard.post(site.says("/long", body=b"x" * 900_000), b"", {}).body == b"x" * 4096
    assert guard.post(site.says("/cut", body=b"abc", length=10), b"", {}).body == b"abc"


def test_a_post_ends_in_time(site: Site, tmp_path: Path) -> None:
    guard = fetcher(tmp_path, site.host)
    begun = time.monotonic()
    url = site.drip("/slow", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")
    refusal(lambda: guard.post(url, b"{}", {}, seconds=0.5), "too_slow")
    # The status is what counts; a body that does not end changes nothing.
    url = site.drip("/slow-body", b"HTTP/1.1 200 OK\r\n\r\n", b"x")
    assert guard.post(url, b"{}", {}, seconds=0.5).status == 200
    # A receiver that reads nothing.
    site.routes["/deaf"] = lambda connection: site.over.wait(5) and None
    refusal(lambda: guard.post(f"{site.url}/deaf", bytes(20_000_000), {}, seconds=0.5), "too_slow")
    assert time.monotonic() - begun < 4


# --- certificates ----------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's certificate, signed by an authority that is made for the test and written to ``authority.pem``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    today = dt.datetime.now(dt.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, word)]) for word in ("authority", name)]
    authority, server = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(names[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=subject is names[0], path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(keys[0], hashes.SHA256())
        for subject, key in zip(names, keys, strict=True)
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + server.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_the_certificate_is_held_against_the_name(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured = Site(certificate(tmp_path, "files.test"))
    names = Net()
    names.names = {"files.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]}
    monkeypatch.setattr(socket, "getaddrinfo", names.resolve)
    allow = ("files.test", f"127.0.0.1:{secured.port}")
    try:
        secured.says("/a.png")
        url = f"https://files.test:{secured.port}/a.png"
        refused = refusal(lambda: fetcher(tmp_path, *allow).fetch(url, folder), "certificate")  # of nobody we know
        assert "files.test" in str(refused)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        assert fetcher(tmp_path, *allow).fetch(url, folder).bytes == len(PNG)
        refusal(lambda: fetcher(tmp_path, *allow).fetch(url.replace("files", "other"), folder), "certificate")
    finally:
        secured.close()
