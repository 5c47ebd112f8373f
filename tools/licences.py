"""The page of licences: what each extra installs, under whose terms, and that all of them go with the AGPL.

What is said comes from the metadata of the installed distributions. What cannot be told, or is not known to go with
the AGPL, stops the generation: somebody has to read that licence first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

#: What users run, for which packages are counted: no markers for old Pythons or other systems.
_SYSTEM = {
    "python_version": "3.13", "python_full_version": "3.13.0", "implementation_name": "cpython",
    "platform_python_implementation": "CPython", "os_name": "posix", "sys_platform": "linux",
    "platform_system": "Linux", "platform_machine": "x86_64",
}  # fmt: skip
EXTRAS = ("", "watch", "ai", "ai-creative", "edit", "openvino", "service")
#: Licences that may be part of a work under AGPL-3.0-or-later.
COMPATIBLE = frozenset(
    {
        "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0",
        "GPL-3.0-or-later", "HPND", "ISC", "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
        "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "ZPL-2.1",
    }
)  # fmt: skip
#: Parts that a distribution has beside its own code: terms of theirs, which allow the same.
EXCEPTIONS = frozenset({"GCC-exception-3.1"})
#: Names that metadata used before SPDX did, as the files of these projects mean them.
_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License v2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD-3": "BSD-3-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
#: What metadata says in words of its own, read in the project's files.
_READ = {
    "pymupdf": "AGPL-3.0-only",
}

HEAD = """\
# Licences

makeready is under AGPL-3.0-or-later. Whoever gets it, or uses it over a network, may have its source with your
changes. It stands on the packages below, which pip installs beside it: each goes with that licence. A commercial
licence of MuPDF would free nobody from makeready's own.

In the wheel itself lie three things of others, told of in the files `NOTICE.md` beside them, which are installed with
the licence: [the output profiles](../src/makeready/press/NOTICE.md) (zlib licence), the scripts of
[the dashboard](../src/makeready/service/dashboard/static/NOTICE.md) (Zero-Clause BSD), and, as names and sums only,
[the models](../src/makeready/models/NOTICE.md): their weights are installed apart, under the terms of their owners.

`make sbom` writes all of it with versions, and what needs what, as a software bill of materials (CycloneDX).
"""


def page() -> str:
    """Every extra with what it adds.

    Raises:
        ValueError: a licence is not stated, or not known to go with the AGPL.
    """
    lines, told = [HEAD], set[str]()
    for extra in EXTRAS:
        packages = {name: found for name, found in installed(extra).items() if name not in told}
        told |= packages.keys()
        lines += [f"## `makeready[{extra}]`" if extra else "## `makeready`", "", "| package | licence |", "|---|---|"]
        lines += [f"| {found.metadata['Name']} | {stated(found)} |" for _, found in sorted(packages.items())]
        lines.append("")
    return "\n".join(lines)


def installed(extra: str) -> dict[str, Distribution]:
    """The distributions that makeready with an extra installs, by normalised name.

    Raises:
        ValueError: one is not installed here.
    """
    found: dict[str, Distribution] = {}
    seen = set[tuple[str, str]]()
    waiting = [("makeready", extra)]
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            held = distribution(name)
        except PackageNotFoundError:
            raise ValueError(
                f"{name} is not installed here, so its licence cannot be told: run make test once"
            ) from None
        if name != "makeready":
            found[name] = held
        waiting += _needs(held, wanted)
    return found


def _needs(held: Distribution, extra: str) -> Iterator[tuple[str, str]]:
    for line in held.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({**_SYSTEM, "extra": extra}):
            name = re.sub(r"[-_.]+", "-", requirement.name).lower()
            yield from ((name, each) for each in ("", *sorted(requirement.extras)))


def stated(held: Distribution) -> str:
    """The licence of a distribution as an SPDX expression.

    Raises:
        ValueError: it is not stated, or not known to go with the AGPL.
    """
    about, name = held.metadata, held.metadata["Name"]
    words: list[str] = [*about.get_all("License-Expression", []), *filter(None, [_READ.get(name.lower())])]
    words += about.get_all("License", [])
    words += [word.rpartition(" :: ")[2] for word in about.get_all("Classifier", []) if word.startswith("License ::")]
    for word in words:
        expression = _NAMES.get(word, word)
        if _goes(expression):
            return expression
    raise ValueError(f"the licence of {name} is not known to go with the AGPL: {words}")


def _goes(expression: str) -> bool:
    """Whether all parts of an expression that have to be kept are compatible; of alternatives, one is enough."""
    alternatives = expression.strip("()").split(" OR ") if "(" not in expression.strip("()") else [expression]
    return any(
        set(re.split(r" AND | WITH |[()]", each)) - {""} <= COMPATIBLE | EXCEPTIONS for each in alternatives if each
    )
