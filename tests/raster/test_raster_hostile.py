"""Damaged and hostile files: facts or an error that says what and where, quickly, and nothing else."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from makeready import raster
from makeready.errors import MakereadyError, UnreadableFile
from makeready.facts import Raster

Build = Callable[..., bytes]

# A header takes 0.1 ms; this only has to tell "slow machine" from "will never end".
_SECONDS = 2.0
_QUICK = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome(data: bytes) -> Raster | MakereadyError:
    """The facts, or the error that is allowed; any other error fails the test."""
    try:
        return raster.read(data)
    except MakereadyError as error:
        return error


def looked_at(data: bytes) -> Raster | MakereadyError:
    """Read it, and hold what comes out against the promise."""
    start = time.perf_counter()
    result = outcome(data)
    assert time.perf_counter() - start < _SECONDS
    if isinstance(result, MakereadyError):
        assert str(result).endswith(".")
        assert result.hint
    else:
        assert result.width_px > 0
        assert result.height_px > 0
        assert raster.artwork("a.bin", result, bytes=len(data)).page_count == 1
    return result


@given(st.data())
@_QUICK
def test_any_cut(samples: dict[str, bytes], data: st.DataObject) -> None:
    whole = samples[data.draw(st.sampled_from(sorted(samples)))]
    looked_at(whole[: data.draw(st.integers(0, len(whole)))])


@given(st.data())
@_QUICK
def test_any_flipped_bits(samples: dict[str, bytes], data: st.DataObject) -> None:
    damaged = bytearray(samples[data.draw(st.sampled_from(sorted(samples)))])
    # Headers lie at the beginning, except where they do not.
    reach = data.draw(st.sampled_from([64, 512, len(damaged)]))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(reach, len(damaged)) - 1))
        damaged[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0xFF, damaged[at] ^ 1 << data.draw(st.integers(0, 7))]))
    looked_at(bytes(damaged))


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0+", b"GIF89a", b"8BPS\0\1", b"8BPS\0\2",
                        b"RIFF\0\0\0\1WEBP", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51",
                        b"BM" + bytes(12) + b"\x28\0\0\0"]), st.binary(max_size=300))  # fmt: skip
@_QUICK
def test_any_bytes_behind_a_magic_number(magic: bytes, rest: bytes) -> None:
    looked_at(magic + rest)


def test_every_cut_of_every_file_names_the_place(samples: dict[str, bytes]) -> None:
    for name, whole in samples.items():
        for length in range(1, min(len(whole), 160)):
            result = looked_at(whole[:length])
            if isinstance(result, MakereadyError):
                assert "file" in str(result), name


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(UnreadableFile, match=r"is empty \(0 bytes\)"):
        raster.read(b"")


def test_what_is_not_a_file_is_refused(tmp_path: object) -> None:
    with pytest.raises(UnreadableFile, match="is not a file"):
        raster.read(str(tmp_path))
    with pytest.raises(UnreadableFile, match="does not exist"):
        raster.read(f"{tmp_path}/nothing.jpg")


def _gif(rest: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + rest


def _png(*chunks: bytes) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", 5, 5, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"".join(chunks)
    )


def _overlapping_directories() -> bytes:
    """Thousands of TIFF directories of 65,535 tags in a file of a megabyte: each begins four bytes after the last."""
    data = bytearray(b"II*\0\x08\0\0\0" + b"\xff" * 1_000_000)
    for at in range(8, 160_000, 4):
        struct.pack_into("<I", data, at + 2 + 65535 * 12, at + 4)
    size = struct.pack("<HHII", 256, 3, 1, 5) + struct.pack("<HHII", 257, 3, 1, 5)
    struct.pack_into("<I", data, 4, len(data))
    return bytes(data) + struct.pack("<H", 2) + size + struct.pack("<I", 8)


_BOMBS: dict[str, Callable[[], bytes]] = {
    "sub-blocks of one byte": lambda: _gif(b"," + bytes(5) + b"\1\0\1\0\2" + b"\1\1" * 4_000_000),
    "a million frames": lambda: _gif((b"," + bytes(4) + b"\1\0\1\0\0\2\0") * 1_000_000),
    "a million chunks": lambda: _png(b"\0\0\0\0tEXt\0\0\0\0" * 1_000_000),
    "a million picture chunks": lambda: _png(b"\0\0\0\0IDAT\0\0\0\0" * 1_000_000),
    "profiles that inflate to gigabytes": lambda: _png(_swelling() * 500),
    "restart markers only": lambda: b"\xff\xd8\xff" + b"\xd0\xff" * 4_000_000,
    "fill bytes only": lambda: b"\xff\xd8" + b"\xff" * 8_000_000,
    "overlapping directories": _overlapping_directories,
    "a million boxes": lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x08free" * 1_000_000,
    "a million RIFF chunks": lambda: b"RIFF" + struct.pack("<I", 1 << 31) + b"WEBP" + b"JUNK\0\0\0\0" * 1_000_000,
    "a million resources": lambda: (
        b"8BPS\0\1" + struct.pack(">6xHIIHHII", 3, 5, 5, 8, 3, 0, 1 << 31) + b"8BIM\4\x0f" + bytes(6) * 1_000_000
    ),
}


def _swelling() -> bytes:
    body = b"iCCPa\0\0" + zlib.compress(bytes(6 << 20))
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("name", _BOMBS)
def test_bombs_take_neither_time_nor_memory(name: str) -> None:
    bomb = _BOMBS[name]()
    looked_at(bomb)
    tracemalloc.start()
    try:
        outcome(bomb)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_absurd_counts_are_not_believed(tiff: Build) -> None:
    data = bytearray(tiff({34675: b"profile, they say"}))
    entry = data.index(struct.pack("<HH", 34675, 7))
    struct.pack_into("<I", data, entry + 4, 0xFFFFFFFF)
    assert raster.read(bytes(data)).damage == ("the value of its tag 34675 lies outside the file",)


def test_a_big_tiff_with_more_tags_than_the_file_has_bytes(tiff: Build) -> None:
    data = bytearray(tiff(big=True))
    (first,) = struct.unpack_from("<Q", data, 8)
    struct.pack_into("<Q", data, first, 1 << 60)
    facts = raster.read(bytes(data))
    assert facts.width_px == 4
    assert facts.damage[0].startswith(f"its directory at byte {first} says it has {1 << 60} tags")
