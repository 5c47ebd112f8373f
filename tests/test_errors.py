"""The exceptions: what they say, what they end with, how they travel."""

from __future__ import annotations

import pickle

import pytest

from makeready import errors
from makeready.errors import (
    EncryptedFile,
    ExitCode,
    FixFailed,
    MakereadyError,
    MissingDependency,
    NoGenerator,
    NotDone,
    TooLarge,
    UnreadableFile,
    UsageError,
    did_you_mean,
)

TREE = {
    UsageError: (2, 400),
    UnreadableFile: (3, 422),
    EncryptedFile: (3, 422),
    TooLarge: (3, 413),
    MissingDependency: (4, 503),
    NoGenerator: (4, 501),
    NotDone: (1, 422),
    FixFailed: (5, 500),
}


def test_every_exception_of_the_package_is_in_the_table() -> None:
    declared = {e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, MakereadyError)}
    assert declared == {MakereadyError, *TREE}


@pytest.mark.parametrize(("kind", "codes"), TREE.items())
def test_each_kind_has_its_exit_code_and_http_status(kind: type[MakereadyError], codes: tuple[int, int]) -> None:
    assert (kind("x").exit_code, kind("x").http_status) == codes


@pytest.mark.parametrize("kind", [EncryptedFile, TooLarge])
def test_a_file_that_cannot_be_read_is_caught_as_such(kind: type[MakereadyError]) -> None:
    assert issubclass(kind, UnreadableFile)


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("hint", [None, "", "Try another."])
def test_message_and_hint_survive_the_way_out_of_a_child_process(kind: type[MakereadyError], hint: str | None) -> None:
    again = pickle.loads(pickle.dumps(kind("What happened.", hint)))
    assert type(again) is kind
    assert str(again) == "What happened."
    assert again.hint == (kind.hint if hint is None else hint)


def test_the_exit_codes_are_those_of_the_documentation() -> None:
    assert {code.name.lower(): int(code) for code in ExitCode} == {
        "ok": 0,
        "issues": 1,
        "usage": 2,
        "unreadable": 3,
        "missing": 4,
        "crashed": 5,
        "interrupted": 130,
    }


@pytest.mark.parametrize(
    ("word", "near"),
    [("postr", "poster"), ("POSTER", "poster"), ("img101", "IMG101"), ("IMG1O1", "IMG101"), ("xylophone", None)],
)
def test_the_nearest_word_is_named_whatever_its_case(word: str, near: str | None) -> None:
    hint = did_you_mean(word, iter(["poster", "IMG101", "BOX102"]))
    assert hint == (f"Did you mean {near!r}?" if near else "")
