"""What an ICC profile says about itself: its header and its name, without a colour engine.

Clauses are those of ICC.1:2022 (profile version 4.4). Pure ``struct``: microseconds, so that every file can
afford it.
"""

from __future__ import annotations

import struct

from makeready.facts import IccProfile

_HEADER = 128  # 7.2: the header has 128 bytes, the tag count follows
_TAG = 12  # 7.3: signature, offset, size
_MOST_TAGS = 1000  # real profiles have some twenty

#: More than any real profile has; what is larger need not be read to its end.
MOST_BYTES = 16 << 20

#: 7.2.5, table 18: profile and device classes.
DEVICE_CLASSES = {
    b"scnr": "input",
    b"mntr": "display",
    b"prtr": "output",
    b"link": "link",
    b"spac": "colour space",
    b"abst": "abstract",
    b"nmcl": "named colour",
}

#: 7.2.6, table 19: data colour spaces.
COLOUR_SPACES = {
    b"XYZ ": "XYZ",
    b"Lab ": "Lab",
    b"Luv ": "Luv",
    b"YCbr": "YCbCr",
    b"Yxy ": "Yxy",
    b"RGB ": "RGB",
    b"GRAY": "Gray",
    b"HSV ": "HSV",
    b"HLS ": "HLS",
    b"CMYK": "CMYK",
    b"CMY ": "CMY",
    **{b"%XCLR" % count: f"{count} colours" for count in range(2, 16)},
}


def read_header(data: bytes) -> IccProfile:
    """Say what a profile is for, what it is called, and why it cannot be used if it cannot. Never raises."""
    if len(data) < _HEADER + 4:
        return _unusable(data, f"has {len(data)} bytes; the header alone takes {_HEADER}")
    declared, version, device_class, space = struct.unpack_from(">I4xI4s4s", data)
    if data[36:40] != b"acsp":  # 7.2.9: profile file signature
        return _unusable(data, "is not an ICC profile: the signature 'acsp' is missing")
    tags, damage = _tags(data)
    known_class, known_space = DEVICE_CLASSES.get(device_class), COLOUR_SPACES.get(space)
    if known_space is None:
        damage = f"has an unknown colour space, {_signature(space)}"
    if known_class is None:
        damage = f"is of an unknown class, {_signature(device_class)}"
    if declared > len(data):  # 7.2.2: profile size; a few bytes of padding after it do no harm
        damage = f"is cut short: it says it has {declared} bytes, there are {len(data)}"
    return IccProfile(
        description=_description(data, *tags[b"desc"]) if b"desc" in tags else None,
        device_class=known_class,
        colour_space=known_space,
        version=f"{version >> 24}.{version >> 20 & 15}",  # 7.2.4: major byte, then minor and bug-fix nibbles
        bytes=len(data),
        damage=damage,
    )


def registered_condition(data: bytes) -> str | None:
    """The printing condition that a profile was made for, by its name in the ICC's registry, such as ``FOGRA39``.

    ICC.1:2001-04, 6.4.11: a characterisation target tag that begins with ``ICCHDAT`` goes on with that name.
    """
    if len(data) < _HEADER + 4:
        return None
    offset, size = _tags(data)[0].get(b"targ", (0, 0))
    named = data[offset + 8 : offset + size].split(b"\0")[0].decode("latin-1")
    return _printable(named.removeprefix("ICCHDAT ")) if named.startswith("ICCHDAT ") else None


def read_white(data: bytes) -> tuple[float, float, float] | None:
    """X, Y and Z of the medium's white, where the perfect diffuser has Y = 1 (9.2.36: the media white point tag)."""
    if len(data) < _HEADER + 4:
        return None
    offset, size = _tags(data)[0].get(b"wtpt", (0, 0))
    if size < 20 or data[offset : offset + 4] != b"XYZ ":
        return None
    x, y, z = struct.unpack_from(">3i", data, offset + 8)  # 4.6: s15Fixed16Number
    return x / 65536, y / 65536, z / 65536


def _unusable(data: bytes, damage: str) -> IccProfile:
    return IccProfile(None, None, None, None, len(data), damage)


def _tags(data: bytes) -> tuple[dict[bytes, tuple[int, int]], str | None]:
    """The tag table (7.3): where each tag lies; tags that lie outside the profile are left out and said."""
    (count,) = struct.unpack_from(">I", data, _HEADER)
    room = (len(data) - _HEADER - 4) // _TAG
    damage = f"says it has {count} tags; there is room for {room}" if count > room else None
    tags = {}
    for signature, offset, size in struct.iter_unpack(
        ">4sII", data[_HEADER + 4 :][: min(count, room, _MOST_TAGS) * _TAG]
    ):
        if offset + size > len(data):
            damage = damage or f"is damaged: its tag {_signature(signature)} lies outside of it"
        else:
            tags[signature] = (offset, size)
    return tags, damage


def _description(data: bytes, offset: int, size: int) -> str | None:
    """The profile's name: textDescriptionType of version 2, multiLocalizedUnicodeType of version 4 (10.15)."""
    tag = data[offset : offset + size]
    if tag[:4] == b"mluc":
        return _printable(_localized(tag))
    if tag[:4] == b"desc" and len(tag) >= 12:  # ICC.1:2001-04, 6.5.17: type, zeros, count, ASCII
        (count,) = struct.unpack_from(">I", tag, 8)
        return _printable(tag[12 : 12 + count].split(b"\0")[0].decode("latin-1"))
    if tag[:4] == b"text":  # not allowed here, yet written
        return _printable(tag[8:].split(b"\0")[0].decode("latin-1"))
    return None


def _localized(tag: bytes) -> str:
    """English where there is English, else the first language (10.15: records of language, length, offset)."""
    if len(tag) < 16:
        return ""
    count, width = struct.unpack_from(">II", tag, 8)
    first = ""
    for at in range(16, min(16 + count * width, len(tag) - 11), max(width, 12)):
        language, length, offset = struct.unpack_from(">2s2xII", tag, at)
        text = tag[offset : offset + length].decode("utf-16-be", "replace")
        if language == b"en" and text:
            return text
        first = first or text
    return first


def _printable(text: str) -> str | None:
    return "".join(c for c in text if c.isprintable()).strip()[:200] or None


def _signature(four: bytes) -> str:
    return repr(four.decode("latin-1").strip(" "))
