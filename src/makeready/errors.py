"""Everything this package raises on purpose, with its exit code, its HTTP status and the way out.

* MakereadyError
  x UsageError            exit 2   HTTP 400   a wrong option, profile, code or setting
  x UnreadableFile        exit 3   HTTP 422   damaged, truncated, not a known kind
    + EncryptedFile                           needs a password
    + TooLarge                     HTTP 413   over a limit that protects the machine
  x MissingDependency     exit 4   HTTP 503   a model, ICC profile or optional package is not there
    + NoGenerator                  HTTP 501   nothing is configured that makes pictures from words
  x NotDone               exit 1   HTTP 422   what was asked for cannot honestly be done on this file
  x FixFailed             exit 5   HTTP 500   a fix failed inside; nothing was written
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command line ends with; the highest wins over a batch."""

    OK = 0
    ISSUES = 1
    USAGE = 2
    UNREADABLE = 3
    MISSING = 4
    CRASHED = 5
    INTERRUPTED = 130


class MakereadyError(Exception):
    """The root: ``str()`` says what happened and where, ``hint`` says what to do next."""

    exit_code: ExitCode = ExitCode.USAGE
    http_status: int = 400
    hint: str = ""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint

    def __reduce__(self) -> tuple[type[MakereadyError], tuple[str, str]]:
        return type(self), (str(self), self.hint)


class UsageError(MakereadyError):
    """The caller asked for something that does not exist or does not fit."""


class UnreadableFile(MakereadyError):
    """The file cannot be read as artwork."""

    exit_code = ExitCode.UNREADABLE
    http_status = 422
    hint = "Open it in the program that made it and export it again."


class EncryptedFile(UnreadableFile):
    """The file needs a password to be opened."""

    hint = "Ask for a copy without a password."


class TooLarge(UnreadableFile):
    """The file is over a limit that protects the machine it is read on."""

    http_status = 413
    hint = "Ask for a smaller file, or raise the limit if you trust this one."


class MissingDependency(MakereadyError):
    """Something that is installed apart is not installed."""

    exit_code = ExitCode.MISSING
    http_status = 503


class NoGenerator(MissingDependency):
    """Nothing is installed and configured that can make this from words."""

    http_status = 501


class NotDone(MakereadyError):
    """The one thing that was asked for was refused: the message says why. Nothing was written."""

    exit_code = ExitCode.ISSUES
    http_status = 422


class FixFailed(MakereadyError):
    """A fix failed inside: a fault of the program, not of the file. The input is untouched, nothing was written."""

    exit_code = ExitCode.CRASHED
    http_status = 500
    hint = "The input is as it was. Leave this fix out, and report the file to the fix's author."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or nothing."""
    names = list(known)
    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.55)
    return f"Did you mean {folded[near[0]]!r}?" if near else ""
