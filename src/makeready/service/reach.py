"""Where the service may connect to: the public internet at its usual ports, and what the settings except.

``ssrfguard`` knows what each block of addresses is and checks all addresses of a name. Here its table is narrowed
(whatever of IPv6 is not ordinary public space is refused, and so is every deprecated way to carry an IPv4 address in
an IPv6 one), the exceptions of ``MAKEREADY_FETCH_ALLOW`` are made rules of, and refusals get words for clients: what
a name inside resolves to is never told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpx
from ssrfguard import (
    DEFAULT_DENIED,
    AddressTable,
    Block,
    BlockedAddressError,
    BlockedURLError,
    Policy,
    Reach,
    Target,
    Verdict,
)

from makeready.errors import UsageError
from makeready.service.errors import FetchRefused

#: The port of each scheme that is fetched.
PORTS = {"http": 80, "https": 443}
#: How many of a host's addresses are tried.
ADDRESSES = 3
_LONGEST_URL = 8192
#: An interface identifier that carries an IPv4 address (RFC 5214), behind any prefix at all; one bit of it is free.
_ISATAP, _ISATAP_BITS = 0x0000_5EFE, 0xFDFF_FFFF
_ISATAP_BLOCK = Block(ip_network("::/0"), "ISATAP", "RFC5214", Reach.DENIED)
#: Deprecated, or never in an answer that is meant well: no public server is reached by them alone.
_CARRIERS = frozenset(ip_network(net) for net in ("::ffff:0:0/96", "::/96", "2001::/32", "2002::/16"))
_HOST = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class _Table(AddressTable):
    """The table of blocks, and what no block can say."""

    def classify(self, address: str | IPv4Address | IPv6Address) -> Verdict:
        parsed = ip_address(address) if isinstance(address, str) else address
        if parsed.version == 6 and (int(parsed) >> 32) & _ISATAP_BITS == _ISATAP:
            return Verdict(parsed, True, _ISATAP_BLOCK)
        return super().classify(parsed)


# NAT64 (64:ff9b::/96) stays a carrier that is looked into: on networks without IPv4 every public name resolves to it.
_BLOCKS = tuple(b if b.network not in _CARRIERS else replace(b, reach=Reach.DENIED) for b in DEFAULT_DENIED.blocks)
_PUBLIC = _Table(
    (
        *_BLOCKS,
        Block(ip_network("::/0"), "Not public", "RFC4291", Reach.DENIED),
        Block(ip_network("2000::/3"), "Global Unicast", "RFC4291", Reach.PERMITTED),
    )
)
_EVERYWHERE: tuple[IPv4Network | IPv6Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_NOWHERE = AddressTable(tuple(Block(network, "Not excepted", "", Reach.DENIED) for network in _EVERYWHERE))


def refused(
    reason: str, message: str, hint: str | None = None, *, temporary: bool = False, **details: Any
) -> FetchRefused:
    """A refusal; ``details["reason"]`` names it for programs, ``details["temporary"]`` says that later it may work."""
    return FetchRefused(message, hint, reason=reason, temporary=temporary, **details)


@dataclass(frozen=True, slots=True)
class Origin:
    """A URL that passed all rules that need no network, and the rules for the addresses that its name has."""

    url: httpx.URL
    target: Target
    policy: Policy

    @property
    def host(self) -> str:
        """The host, as clients read it."""
        return self.url.host


@dataclass(frozen=True, slots=True)
class _Exception:
    """One word of the settings: a host's name or a network, at one port or at all."""

    host: str = ""
    network: IPv4Network | IPv6Network | None = None
    port: int | None = None

    def admits(self, port: int) -> bool:
        return self.port in (None, port)


class Rules:
    """What may be connected to."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        """Take exceptions.

        Args:
            allow: hosts (``files.internal``), addresses and networks (``10.1.0.0/16``, ``[fd00::]/64``), each with a
                port (``files.internal:9000``, ``[::1]:8080``) or, without one, at every port.

        Raises:
            UsageError: a word is none of these.
        """
        self._exceptions = [_exception(word) for word in allow]

    def origin(self, url: str) -> Origin:
        """Read a URL and say by which rules it may be fetched; nothing is looked up.

        Raises:
            FetchRefused: it is malformed, or its scheme, port, credentials or address are refused.
        """
        parsed = _parsed(url)
        host, port = parsed.raw_host.decode("ascii").lower(), parsed.port or PORTS[parsed.scheme]
        try:
            policy = self._policy(host, port)
            target = policy.check_url(str(parsed))
        except BlockedURLError as error:
            if isinstance(error.__cause__, BlockedAddressError):
                raise not_public() from error
            raise _malformed() from error
        except ValueError as error:  # there is no policy for such a host or port
            raise _malformed() from error
        if (target.host, target.port) != (host, port):  # two parsers read it differently: it is a trick
            raise _malformed()
        return Origin(parsed, target, policy)

    def _policy(self, host: str, port: int) -> Policy:
        admitting = [exception for exception in self._exceptions if exception.admits(port)]
        networks = tuple(exception.network for exception in admitting if exception.network)
        table: AddressTable = _PUBLIC
        if any(exception.host == host.rstrip(".") for exception in admitting):
            networks = _EVERYWHERE
        elif port not in PORTS.values():
            if not networks:
                raise refused(
                    "port", f"Port {port} is not connected to.", "Serve it at port 80 (http) or 443 (https).", port=port
                )
            table = _NOWHERE  # excepted addresses only: a public one at this port is as refused as without them
        return Policy(
            denied_networks=table,
            allowed_networks=networks,
            allowed_hosts=frozenset({host}),
            allowed_ports=frozenset({port}),
            max_connection_attempts=ADDRESSES,
        )


def not_public() -> FetchRefused:
    """The URL's host is, or is called like, something inside."""
    return refused("address", "The URL leads to an address that is not public.", "Use a URL that anyone can open.")


def _malformed() -> FetchRefused:
    return refused("url", "This is not a usable URL.", "It reads http://host/path or https://host/path.")


def _parsed(url: str) -> httpx.URL:
    if url[:5].lower() == "data:":
        raise refused("scheme", "A data: URL is not fetched.", "Send the file itself, or put it at an https:// URL.")
    if len(url) > _LONGEST_URL:
        raise refused("url", f"The URL has {len(url)} characters; the limit is {_LONGEST_URL}.", "Use a shorter one.")
    try:
        parsed = httpx.URL(url).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: some brackets and surrogates get so far
        raise _malformed() from error
    if parsed.scheme not in PORTS:
        scheme = f"A URL with {parsed.scheme}:" if parsed.scheme else "A URL without http:// or https://"
        raise refused("scheme", f"{scheme} is not fetched.", "Use an http:// or https:// URL.", scheme=parsed.scheme)
    if parsed.userinfo:
        raise refused("credentials", "The URL has a user name or password in it.", "Use one that needs none.")
    if not parsed.raw_host:
        raise _malformed()
    return parsed


def _exception(word: str) -> _Exception:
    """Read one word of the settings."""
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](/\d+)?(?::(\d+))?", word)
    if bracketed:
        where, port = bracketed[1] + (bracketed[2] or ""), bracketed[3]
    elif word.count(":") == 1:
        where, _, port = word.partition(":")
    else:
        where, port = word, None
    number = None if port is None else int(port) if port.isascii() and port.isdigit() else 0
    if number is not None and not 1 <= number <= 65535:
        raise _unusable(word, f"{port or 'nothing'} is no port")
    try:
        network = ip_network(where)
    except ValueError as error:
        return _Exception(host=_name(word, where, error), port=number)
    try:
        Policy(denied_networks=_PUBLIC, allowed_networks=(network,))
    except ValueError as error:
        raise _unusable(word, "its addresses carry others, inside ones too") from error
    return _Exception(network=network, port=number)


def _name(word: str, where: str, error: ValueError) -> str:
    try:
        host = httpx.URL(scheme="http", host=where).raw_host.decode("ascii").lower().rstrip(".")
    except (httpx.InvalidURL, ValueError):
        raise _unusable(word, str(error)) from error
    if not _HOST.fullmatch(host):
        raise _unusable(word, str(error))
    return host


def _unusable(word: str, why: str) -> UsageError:
    return UsageError(
        f"The exception {word!r} is not understood: {why}.",
        "MAKEREADY_FETCH_ALLOW lists hosts, addresses and networks, such as files.internal, 10.1.0.0/16 or [::1]:8080.",
    )
