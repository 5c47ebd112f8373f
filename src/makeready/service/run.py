"""The service as processes: a web server, and beside it a worker that is begun again whenever it dies.

The two end together. Asked to (SIGTERM, Ctrl-C), the server takes no more connections and finishes what it has begun,
as does the worker; a server that is killed leaves its worker the closed end of a pipe, and that ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from makeready.errors import UsageError
from makeready.service import observe
from makeready.service.app import create_app
from makeready.service.core import Service
from makeready.service.observe import log
from makeready.service.settings import Settings

#: How long requests and jobs that were begun may go on after the service was asked to end.
DRAIN_S = 25.0
#: After that, how long a worker has for giving its jobs back.
_LAST_S = 5.0
#: Seconds before a worker that died is begun again: doubled each time, from the first to the last …
_AGAIN_S = (0.5, 30.0)
#: … unless it lived for so long.
_LIVED_S = 60.0
#: Longer than balancers keep a connection, so that it is they who close it.
_KEEP_ALIVE_S = 75
#: How long the log lines of requests may wait for others, in seconds.
_TOGETHER_S = 0.05
#: The option of ``makeready worker`` that ties it to this process.
LEASH = "--leash"


def serve(settings: Settings, *, worker: bool = True) -> None:
    """Serve until asked to end.

    Args:
        settings: where, and what.
        worker: also run a worker, as a process of its own.

    Raises:
        UsageError: the address cannot be taken, or a setting does not fit.
    """
    settings.secret()  # says so before anything is opened to others
    with contextlib.closing(_listener(settings.host, settings.port)) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        write = observe.configure(together=_TOGETHER_S)
        if not settings.local and not settings.public_url:
            log.warning("links in answers lead to this machine alone: set MAKEREADY_PUBLIC_URL", now=settings.address)
        beside = Supervisor(settings) if worker else None
        service = Service.open(settings)
        try:
            server = _Server(
                uvicorn.Config(
                    create_app(service), lifespan="off", ws="none", log_config=None, access_log=False,
                    server_header=False, proxy_headers=False, backlog=2048, timeout_keep_alive=_KEEP_ALIVE_S,
                    timeout_graceful_shutdown=int(DRAIN_S),
                ),
                beside, service.leaving, _greeting(settings),
            )  # fmt: skip
            server.run(sockets=[listener])
        finally:
            if beside is not None:
                beside.end()
            write()
            service.close()
    _leave()


def _greeting(settings: Settings) -> str:
    """The one line for people that a start prints."""
    url = settings.own_address
    people = f", for people at {url}/dashboard" if settings.dashboard else ""
    return f"makeready serves at {url}{people}, documentation at {url}/docs"


def work(settings: Settings, *, leash: bool = False) -> None:
    """Do jobs until asked to end.

    Args:
        settings: which, and how many at a time.
        leash: end also when standard input does, as it does when the process at its other end dies.
    """
    from makeready.service.worker import Worker

    observe.configure(part="worker")
    if leash:
        threading.Thread(target=_end_with_input, name="leash", daemon=True).start()
    Worker(settings).run()


class _Server(uvicorn.Server):
    """uvicorn, which says where it is and takes its leave with exit code 0."""

    def __init__(
        self, config: uvicorn.Config, beside: Supervisor | None, leaving: threading.Event, greeting: str
    ) -> None:
        super().__init__(config)
        self._beside, self._leaving, self._greeting = beside, leaving, greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, file=sys.stderr, flush=True)  # noqa: T201 - the one line for people
        if self._beside is not None:
            self._beside.start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal once more at its end, which would end us as if interrupted.
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as the signal module calls it
        if self.should_exit:
            self.force_exit = True  # asked twice: what is unfinished stays so
        self.should_exit = True
        self._leaving.set()
        if self._beside is not None:
            self._beside.stop()


class Supervisor:
    """Keeps one worker process alive."""

    def __init__(self, settings: Settings, command: list[str] | None = None) -> None:
        """Begin nothing yet.

        Args:
            settings: the worker's; what the environment and the file do not say is handed on.
            command: in place of ``makeready worker``.
        """
        self._command = command or [sys.executable, "-P", "-m", "makeready", "worker", LEASH]
        told = {"data": settings.data.absolute(), "host": settings.host, "port": settings.port}
        told |= {"workers": settings.workers, "queues": ",".join(settings.queues)}
        self._environment = os.environ | {f"MAKEREADY_{name.upper()}": str(value) for name, value in told.items()}
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        # Taken in a signal's handler too, whatever the main thread is at.
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        """The worker's process, while there is one."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the worker to end; does not wait, and is safe in a signal's handler."""
        self._stopping.set()
        with self._lock:
            if self._process is not None and self._process.returncode is None:
                self._process.terminate()

    def end(self) -> None:
        """Have the worker ended: it may finish its jobs, then has to give them back, then is killed."""
        if self._thread.ident is None:
            return
        if not self._stopping.is_set():
            self.stop()
        self._thread.join(DRAIN_S)
        if self._thread.is_alive():
            self.stop()  # for the second time: in a hurry
            self._thread.join(_LAST_S)
        if self._thread.is_alive() and self._process is not None:
            log.error("the worker does not end and is killed", pid=self._process.pid)
            self._process.kill()
            self._thread.join()

    def _watch(self) -> None:
        first, last = _AGAIN_S
        pause = first
        while not self._stopping.is_set():
            began = time.monotonic()
            process = self._begun()
            if process is None:
                return
            code = process.wait()
            if process.stdin is not None:
                process.stdin.close()
            if self._stopping.is_set():
                return
            pause = first if time.monotonic() - began >= _LIVED_S else pause
            log.error("the worker ended and is begun again", pid=process.pid, exit=code, in_seconds=pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, last)

    def _begun(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # A session of its own: Ctrl-C is ours to hand on. What it is tied with is the pipe.
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                self._command, stdin=subprocess.PIPE, env=self._environment, start_new_session=True
            )
            return self._process


def _listener(host: str, port: int) -> socket.socket:
    """A socket that is ours before anything else is begun."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError(f"There is no address {host!r}: {error.strerror}.", "Give --host 127.0.0.1.") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would share the port with another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"The service cannot listen at {host}, port {port}: {error.strerror}.",
            "Give another one; --port 0 takes any that is free.",
        ) from error
    return listener


def _end_with_input() -> None:
    """Wait for the other end of the pipe to close, then end this process as a signal would, the harder the longer."""
    while os.read(0, 1024):
        pass
    log.warning("the server is gone, and its worker with it")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(DRAIN_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LAST_S)
    os._exit(1)


def _leave(patience: float = 1.0, leave: Callable[[int], object] = os._exit) -> None:
    """End this process although a thread still waits for something, as one does whose request was given up."""
    until = time.monotonic() + patience
    ours = threading.current_thread()
    for thread in threading.enumerate():
        if thread is not ours and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                log.warning("ended although a request was at work", thread=thread.name)
                sys.stdout.flush()
                sys.stderr.flush()
                leave(0)
