"""The output intent: which press the inks of a file are for (ISO 32000-1, 14.11.5)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, Stream

from makeready import icc
from makeready.facts import IccProfile
from makeready.press import Press
from makeready.units import Percent

_CHANNELS = {"Gray": 1, "RGB": 3, "CMYK": 4}


def _found(pdf: Pdf) -> list[Dictionary]:
    intents = pdf.Root.get("/OutputIntents")
    return [one for one in intents if isinstance(one, Dictionary)] if isinstance(intents, Array) else []


def press_of(pdf: Pdf) -> Press | None:
    """The press that the file's own intent embeds a CMYK profile of; that for PDF/X before others."""
    for intent in sorted(_found(pdf), key=lambda one: one.get("/S") != Name.GTS_PDFX):
        profile = intent.get("/DestOutputProfile")
        if not isinstance(profile, Stream):
            continue
        data = bytes(profile.read_bytes())
        header = icc.read_header(data)
        if header.damage is None and header.colour_space == "CMYK":
            said = str(intent.get("/OutputConditionIdentifier", header.description or "the output intent"))
            registry = str(intent.RegistryName) if "/RegistryName" in intent else None
            return Press("own", said, said, Percent(400), data, registry)
    return None


def ensure(pdf: Pdf, press: Press) -> str | None:
    """Set an intent where there is none of CMYK; what was done in a sentence, or ``None``."""
    if any(_names_a_press(intent) for intent in _found(pdf)):
        return None
    write(pdf, press)
    return f"The output intent was set to {press.condition}"


def write(pdf: Pdf, press: Press) -> None:
    """Set the intent for PDF/X; others stay."""
    profile = pdf.make_stream(press.icc, {"/N": 4, "/Alternate": Name.DeviceCMYK})
    intent = pdf.make_indirect(
        Dictionary(
            Type=Name.OutputIntent,
            S=Name.GTS_PDFX,
            OutputConditionIdentifier=press.condition,
            Info=press.title,
            DestOutputProfile=profile,
        )
    )
    if press.registry:
        intent.RegistryName = press.registry
    pdf.Root.OutputIntents = Array([*(one for one in _found(pdf) if one.get("/S") != Name.GTS_PDFX), intent])


def usable(pdf: Pdf, models: Collection[str], version: int) -> Dictionary | None:
    """The file's own intent for PDF/X, if its profile is in the file and that of a press.

    Args:
        pdf: the file.
        models: colour spaces that it may be for: ``CMYK``, ``RGB``, ``Gray``.
        version: the latest version of the profile.
    """
    for intent in _found(pdf):
        profile = intent.get("/DestOutputProfile")
        if intent.get("/S") != Name.GTS_PDFX or not isinstance(profile, Stream):
            continue
        header = icc.read_header(bytes(profile.read_bytes()))
        if header.colour_space in models and _sound(header, version):
            return intent
    return None


def _sound(header: IccProfile, version: int) -> bool:
    major = (header.version or "").split(".")[0]
    return header.damage is None and header.device_class == "output" and major.isdigit() and int(major) <= version


def model(intent: Dictionary) -> str | None:
    """What the profile of an intent is for: ``CMYK``, ``RGB``, ``Gray``."""
    return icc.read_header(bytes(intent.DestOutputProfile.read_bytes())).colour_space


def profile_of(pdf: Pdf) -> bytes | None:
    """The profile of the first intent for PDF/X."""
    for intent in _found(pdf):
        if intent.get("/S") == Name.GTS_PDFX and isinstance(intent.get("/DestOutputProfile"), Stream):
            return bytes(intent.DestOutputProfile.read_bytes())
    return None


def named(pdf: Pdf) -> tuple[str, str | None] | None:
    """The condition that the file's intent for PDF/X names without embedding a profile, and its registry."""
    for intent in _found(pdf):
        if intent.get("/S") == Name.GTS_PDFX and "/OutputConditionIdentifier" in intent:
            registry = str(intent.RegistryName) if "/RegistryName" in intent else None
            return str(intent.OutputConditionIdentifier), registry
    return None


def without_profile(pdf: Pdf) -> Dictionary:
    """The file's first intent for PDF/X."""
    return next(intent for intent in _found(pdf) if intent.get("/S") == Name.GTS_PDFX)


def tidy(pdf: Pdf, keep: Dictionary) -> list[str]:
    """Make one intent the only one for PDF/X, named and with a profile of as many channels as it says.

    Returns:
        What was done, in words.
    """
    said = []
    more = sum(one.get("/S") == Name.GTS_PDFX for one in _found(pdf)) - 1
    if more > 0:
        said.append(f"{more} more output intent{'s' if more != 1 else ''} for PDF/X removed")
        pdf.Root.OutputIntents = Array([one for one in _found(pdf) if one.get("/S") != Name.GTS_PDFX] + [keep])
    if not str(keep.get("/OutputConditionIdentifier", "")):
        profile = keep.get("/DestOutputProfile")
        described = icc.read_header(bytes(profile.read_bytes())).description if isinstance(profile, Stream) else None
        condition = str(keep.get("/OutputCondition", "")) or described or "Custom"
        keep.OutputConditionIdentifier = condition
        keep.Info = str(keep.get("/Info", condition))
        said.append(f"the output intent is called {condition}")
    if "/DestOutputProfileRef" in keep and isinstance(keep.get("/DestOutputProfile"), Stream):
        del keep.DestOutputProfileRef
        said.append("the reference to a profile outside of the file removed")
    profile = keep.get("/DestOutputProfile")
    if isinstance(profile, Stream):
        channels = _CHANNELS.get(model(keep) or "")
        if channels is not None and profile.get("/N") != channels:
            profile.N = channels
            said.append(f"the profile of the output intent has {channels} channels, and says so")
    return said


def _names_a_press(intent: Any) -> bool:
    """An intent for CMYK: by its profile, or without one by the name of a registered condition."""
    if intent.get("/S") != Name.GTS_PDFX:
        return False
    profile = intent.get("/DestOutputProfile")
    if isinstance(profile, Stream):
        return int(profile.get("/N", 0)) == 4
    return "/OutputConditionIdentifier" in intent
