"""What browsers say they are: told in words where it is known, and as it is where it is not."""

from __future__ import annotations

import pytest

from makeready.service.dashboard import browsers

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}"
_ANDROID = f"Mozilla/5.0 (Linux; Android 14; K) {_WEBKIT}"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", "Firefox 128 on Android"),
        (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36", "Chrome 126 on Windows"),
        (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87", "Edge 126 on Windows"),
        (f"{_WINDOWS} Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0", "Opera 111 on Windows"),
        (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome 126 on Android"),
        (f"{_ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet 25 on Android"),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/126.0.0.0 Safari/537.36",
            "Chrome 126 on ChromeOS",
        ),
        (f"{_IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17 on iPhone"),
        (f"{_IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "Chrome 126 on iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.5 Safari/605.1.15",
            "Safari 17 on macOS",
        ),
    ],
)
def test_browsers_are_called_what_people_call_them(agent: str, name: str) -> None:
    assert browsers.named(agent) == name


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.5.0",
        "python-httpx/0.28.1",
        "Firefox/128.0",
        f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Unheard/3.1",  # built on Chrome, and not it
        f"{_WINDOWS} HeadlessChrome/126.0.0.0 Safari/537.36",
        f"{_ANDROID} Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36",  # a window in an app
        "Mozilla/5.0 (Toaster; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (",
        ")(" * 99,
    ],
)
def test_what_would_be_a_guess_is_shown_as_it_is(agent: str) -> None:
    shown = browsers.named(agent)
    assert shown == agent or (len(shown) <= 60 and shown.endswith("…") and agent.startswith(shown[:-1]))
