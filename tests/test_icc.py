"""The header of an ICC profile, and its name."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from makeready import icc


def profile(
    *, size: int | None = None, kind: bytes = b"prtr", space: bytes = b"CMYK", tags: dict[bytes, bytes] | None = None
) -> bytes:
    """A profile of these tags, with nothing to convert colour by."""
    tags = tags or {}
    table, body = b"", b""
    start = 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s12x4s", size or start + len(body), b"test", 0x04300000, kind, space, b"Lab ", b"acsp"
    )
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def localized(*texts: tuple[bytes, str]) -> bytes:
    """A multiLocalizedUnicodeType tag."""
    rows, body, start = b"", b"", 16 + 12 * len(texts)
    for language, text in texts:
        data = text.encode("utf-16-be")
        rows += struct.pack(">2s2sII", language, b"XX", len(data), start + len(body))
        body += data
    return struct.pack(">4s4xII", b"mluc", len(texts), 12) + rows + body


def described(text: bytes) -> bytes:
    """A textDescriptionType tag of version 2."""
    return struct.pack(">4s4xI", b"desc", len(text) + 1) + text + bytes(79)


def test_a_version_4_profile() -> None:
    facts = icc.read_header(profile(tags={b"desc": localized((b"de", "Druckmaschine"), (b"en", "Press"))}))
    assert (facts.description, facts.device_class, facts.colour_space) == ("Press", "output", "CMYK")
    assert (facts.version, facts.damage) == ("4.3", None)


def test_the_first_language_when_there_is_no_english() -> None:
    assert icc.read_header(profile(tags={b"desc": localized((b"de", "Presse"), (b"fr", "x"))})).description == "Presse"


def test_a_version_2_profile() -> None:
    facts = icc.read_header(profile(tags={b"desc": described(b"Coated FOGRA39 (ISO 12647-2:2004)")}))
    assert facts.description == "Coated FOGRA39 (ISO 12647-2:2004)"


@pytest.mark.parametrize(
    ("four", "word"),
    [(b"scnr", "input"), (b"mntr", "display"), (b"prtr", "output"), (b"link", "link"), (b"abst", "abstract"),
     (b"spac", "colour space"), (b"nmcl", "named colour")],
)  # fmt: skip
def test_device_classes_in_words(four: bytes, word: str) -> None:
    assert icc.read_header(profile(kind=four)).device_class == word


@pytest.mark.parametrize(
    ("four", "word"),
    [(b"RGB ", "RGB"), (b"GRAY", "Gray"), (b"Lab ", "Lab"), (b"6CLR", "6 colours"), (b"FCLR", "15 colours")],
)
def test_colour_spaces_in_words(four: bytes, word: str) -> None:
    assert icc.read_header(profile(space=four)).colour_space == word


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (b"", "has 0 bytes; the header alone takes 128"),
        (bytes(3144), "is not an ICC profile: the signature 'acsp' is missing"),
        (profile(size=9000), "is cut short: it says it has 9000 bytes, there are 132"),
        (profile(kind=b"\0\1\2\3"), r"is of an unknown class, '\x00\x01\x02\x03'"),
        (profile(space=b"????"), "has an unknown colour space, '????'"),
        (profile()[:128] + b"\xff\xff\xff\xff", "says it has 4294967295 tags; there is room for 0"),
        (
            profile()[:128] + struct.pack(">I4sII", 1, b"A2B0", 144, 10**6),
            "is damaged: its tag 'A2B0' lies outside of it",
        ),
    ],
)
def test_damage_is_said_and_never_raised(data: bytes, damage: str) -> None:
    assert icc.read_header(data).damage == damage


def test_padding_behind_the_profile_does_no_harm() -> None:
    assert icc.read_header(profile() + bytes(3)).damage is None


def test_a_name_that_cannot_be_read_is_none() -> None:
    for tag in (b"", b"mluc", b"desc", b"????abcdefghijkl", struct.pack(">4s4xII", b"mluc", 9, 0), described(b"\n ")):
        assert icc.read_header(profile(tags={b"desc": tag})).description is None


def test_little_cms_agrees() -> None:
    for name in ("sRGB", "LAB", "XYZ"):
        made = ImageCms.ImageCmsProfile(ImageCms.createProfile(name))  # type: ignore[arg-type]
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(made.tobytes())).profile
        mine = icc.read_header(made.tobytes())
        assert mine.description == theirs.profile_description
        assert mine.version == f"{theirs.version:.1f}"
        assert mine.colour_space == theirs.xcolor_space.strip()
        assert mine.damage is None


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_answered(noise: bytes, at: int) -> None:
    whole = profile(tags={b"desc": localized((b"en", "Press")), b"cprt": described(b"nobody")})
    icc.read_header(noise)
    icc.read_header(whole[:at])
    icc.read_header(whole[:at] + noise)
    icc.read_header(whole[:132] + noise + whole[132:])
