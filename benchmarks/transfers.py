"""What a process grows by while it moves a large file. A program of its own: ``python transfers.py SETTINGS FILE``.

It prints a line of JSON for each way a file goes: seconds, and by how many MB the process was larger meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from makeready.service.database import Database
from makeready.service.files import Files
from makeready.service.settings import Settings
from makeready.service.store import open_store

_CHUNK = 64 * 1024


def main() -> None:
    """Move the file every way, the upload first."""
    settings = Settings(**json.loads(sys.argv[1]))
    source = Path(sys.argv[2])
    small = settings.data / "small"
    small.parent.mkdir(parents=True, exist_ok=True)
    small.write_bytes(b"small")
    store = open_store(settings)
    files = Files(Database(settings.database), store, settings, "x" * 32)
    back = settings.data / "back"

    async def request(path: Path) -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def keep(path: Path) -> Any:
        return files.keep(path, account_id="account", name="a.png", media_type="image/png")

    def upload(path: Path) -> None:
        asyncio.run(files.receive(request(path), 1 << 40)).unlink()

    def stream(file: Any) -> int:
        return sum(len(chunk) for chunk in store.stream(file.key))

    # Everything once, so that no library is loaded while it is measured.
    upload(small)
    first = keep(small)
    files.download(first, back)
    stream(first)
    measured("receive", lambda: upload(source))
    kept = measured("keep", lambda: keep(source))
    measured("download", lambda: files.download(kept, back))
    measured("stream", lambda: stream(kept))


def measured(name: str, run: Callable[[], Any]) -> Any:
    """Do it, and say what it took."""
    # The system counts the largest size anew from here; the usual count would begin with that of the process before.
    Path("/proc/self/clear_refs").write_text("5")
    before, start = _size("VmRSS"), time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    print(json.dumps({"way": name, "seconds": seconds, "grown_mb": _size("VmHWM") - before, "had_mb": before}))
    return result


def _size(what: str) -> float:
    """A size of this process, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024 / 1e6


if __name__ == "__main__":
    main()
