"""What files may be called: names come from browsers, servers and URLs, and go to every system there is."""

from __future__ import annotations

import re
import unicodedata

#: What some system does not take in a name.
_FORBIDDEN = re.compile(r'[:*?"<>|]')
#: What nobody sees: control and format characters (some turn the direction of a name round, so that ``gpj.exe`` reads
#: ``exe.jpg``), halves of a pair, what is private or not assigned, ends of lines. The two that join letters are part of
#: how some languages are written.
_UNSEEN, _JOINERS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}), "\u200c\u200d"
#: Names that are devices on Windows, whatever comes after the dot.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_MOST_BYTES = 200
#: What is longer is no suffix.
_LONGEST_SUFFIX = 10


def clean_name(name: str, otherwise: str = "file") -> str:
    """A name that every system takes and that reads as it is: no folders, no hidden signs, no device.

    At most 200 bytes; what is too long loses its end, never its suffix.

    Args:
        name: from wherever.
        otherwise: what it is called where nothing is left.
    """
    visible = "".join(sign for sign in name if unicodedata.category(sign) not in _UNSEEN or sign in _JOINERS)
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", visible))[-1]
    name = re.sub(r"\s+", " ", _FORBIDDEN.sub("_", name)).strip(" .")
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    left = _MOST_BYTES - len(f"{dot}{suffix}".encode())
    stem = stem.encode()[:left].decode("utf-8", "ignore").rstrip(" .")
    return f"{stem}{dot}{suffix}" if stem else otherwise
