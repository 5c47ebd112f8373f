"""Dockerfile, compose.yaml and Kubernetes name settings, commands and files that are there, and hold their promises."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import click
import pytest
import yaml

from distribution.conftest import ROOT, build
from makeready.cli import main
from makeready.edit import generators
from makeready.models import manifest, session, store
from makeready.service import store as files
from makeready.service.settings import Settings

KUBERNETES = ROOT / "deploy/kubernetes"
#: What the package reads of the environment, beside the settings of the service.
OTHERS = {store.CACHE, store.OWN_FOLDER, session.VARIABLE, generators.CHOICE}
KNOWN = OTHERS | {f"MAKEREADY_{name.upper()}" for name in Settings.model_fields}
OURS = ("web", "worker")


def dotenv(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def filled() -> dict[str, str]:
    """.env.example, with a secret wherever there is none."""
    return {name: value or "0123456789abcdef" * 3 for name, value in dotenv(ROOT / ".env.example").items()}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml as an engine reads it, with .env.example filled in."""
    given = filled()

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        assert name in given or default is not None, f".env.example has no {name}"
        return given.get(name) or default or ""

    pattern = r"\$\{(?P<name>\w+)(?::\?[^}]*|:-(?P<default>[^}]*))?\}"
    text = re.sub(pattern, value, (ROOT / "compose.yaml").read_text("utf-8"))
    read: dict[str, Any] = yaml.safe_load(text)
    return read


@pytest.fixture(scope="module")
def kubernetes() -> list[dict[str, Any]]:
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["resources"]
    return [one for name in listed for one in yaml.safe_load_all((KUBERNETES / name).read_text("utf-8"))]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows each on one line."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


def commanded(words: list[str]) -> None:
    """Parse words as the program does, without running anything."""
    command: click.Command = main
    context = click.Context(main, info_name="makeready", **main.context_settings)
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)  # type: ignore[assignment]
        context = click.Context(command, info_name=name, parent=context)
    command.parse_args(context, list(words))


# -- The image ---------------------------------------------------------------------------------------------------------


def ignored(name: str) -> bool:
    """Whether .dockerignore keeps a file from the build; the last rule that matches decides."""
    kept_out = False
    for rule in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if rule and not rule.startswith("#"):
            pattern = rule.removeprefix("!").removeprefix("**/")
            parts = Path(name).parts
            prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
            if any(fnmatch(prefix, pattern) for prefix in prefixes) or ("**" in rule and fnmatch(parts[-1], pattern)):
                kept_out = not rule.startswith("!")
    return kept_out


def copied() -> Iterator[Path]:
    """Files that the build copies from the checkout."""
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                place = ROOT / source
                assert place.exists(), source
                yield from (path for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file())


def test_the_image_has_the_very_wheel(built: dict[str, Path], tmp_path: Path) -> None:
    """The build context, and nothing else, is built as the Dockerfile does."""
    for path in copied():
        name = path.relative_to(ROOT)
        if not ignored(name.as_posix()):
            (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, tmp_path / "src" / name)
    assert any("hatchling build -t wheel" in rest for word, rest in instructions() if word == "RUN")
    wheel = build(tmp_path / "src", tmp_path / "dist", "wheel")[".whl"]
    with ZipFile(wheel) as ours, ZipFile(built[".whl"]) as theirs:
        assert {each.filename: each.CRC for each in ours.infolist()} == {
            each.filename: each.CRC for each in theirs.infolist()
        }


def test_secrets_and_data_stay_out_of_the_image() -> None:
    for name in (".env", ".git/config", "makeready-data/secret.key", ".venv/bin/python", "tests/conftest.py"):
        assert ignored(name)
    assert not ignored("src/makeready/cli.py")


def test_what_the_image_runs_is_there() -> None:
    words = dict(instructions())  # of each, the last
    assert json.loads(words["ENTRYPOINT"]) == ["makeready"]
    commanded(json.loads(words["CMD"]))
    user = words["USER"].split(":")
    assert all(part.isdecimal() and int(part) > 1000 for part in user)
    named = {name for word, rest in instructions() if word == "ENV" for name in re.findall(r"(MAKEREADY_\w+)=", rest)}
    assert named <= KNOWN
    for rest in (rest for word, rest in instructions() if word == "RUN"):
        for command in re.findall(r"/bin/makeready ([^&;|]+)", rest):
            commanded(command.replace("$MODELS", "isnet waifu2x").split())
        assert subprocess.run(["bash", "-n", "-c", rest], check=False).returncode == 0, rest


def test_weights_that_come_with_packages_can_be_used_where_nothing_can_be_written() -> None:
    """They are converted when they are first used, unless that was done when the image was built."""
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements/all.txt").read_text("utf-8"), re.MULTILINE))
    always = {
        name
        for word, rest in instructions()
        if word == "RUN" and "makeready models install" in rest
        for name in rest.partition("makeready models install")[2].partition("&&")[0].split()
    }
    assert always == {one.id for one in manifest.families() if one.source.package in pinned}


def test_the_port_can_be_another_one() -> None:
    """The image's own health check asks where the service answers, and sees when it does not."""
    words = re.sub(r"^.*? CMD ", "", dict(instructions())["HEALTHCHECK"])
    _, *rest = json.loads(words)

    def asked(port: int) -> int:
        command = [sys.executable, *rest]
        environment = {"MAKEREADY_PORT": str(port)}
        return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=60).returncode

    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert asked(server.server_port) == 0
        server.shutdown()
    assert asked(server.server_port) != 0


def test_everything_in_the_image_is_pinned_by_its_hash() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    for command in (part for rest in installs for part in rest.split("&&") if "pip install" in part):
        assert "--require-hashes" in command or "--no-index --no-deps" in command
    locked = (ROOT / "requirements/all.txt").read_text("utf-8")
    pins = re.findall(r"^[\w.\[\]-]+==", locked, re.MULTILINE)
    assert len(pins) > 50
    assert len(re.findall(r"^[\w.\[\],-]+==.*\\\n    --hash=sha256:", locked, re.MULTILINE)) == len(pins)


# -- compose.yaml ------------------------------------------------------------------------------------------------------


def test_services_are_told_settings_that_there_are(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        environment = compose["services"][name]["environment"]
        assert set(environment) <= KNOWN
        commanded(compose["services"][name]["command"])
        for variable, value in environment.items():
            monkeypatch.setenv(variable, str(value))
        settings = Settings.load(host="0.0.0.0")
        assert len(settings.secret()) >= 32
        assert settings.storage_options["redirect"] == "false"
        files.open_store(settings)  # raises where an option is unknown, or plain HTTP is not allowed to that host


def test_only_the_proxy_is_reached_from_outside(compose: dict[str, Any]) -> None:
    assert {name for name, one in compose["services"].items() if "ports" in one} == {"proxy"}
    assert compose["networks"]["inside"]["internal"] is True
    kept = {name for name, one in compose["services"].items() if one["networks"] == ["inside"]}
    assert kept == {"database", "cache", "storage", "bucket"}
    assert "web 8000" in (ROOT / "deploy/Caddyfile").read_text("utf-8")


def test_no_container_has_more_than_it_needs(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert not re.search(r":latest$|^[^:]+$", one["image"]), f"{name} is not pinned"
    for name in ("web", "database", "cache", "storage"):
        health = compose["services"][name].get("healthcheck") or (
            name == "web" and "HEALTHCHECK" in dict(instructions())
        )
        assert health, name


def test_processes_may_finish_what_they_have_begun(compose: dict[str, Any], kubernetes: list[dict[str, Any]]) -> None:
    from makeready.service.run import DRAIN_S
    from makeready.service.worker import Pace

    needed = {"web": DRAIN_S, "worker": Pace().drain}
    for name, seconds in needed.items():
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) > seconds
        pod = next(one for one in kubernetes if one["kind"] == "Deployment" and one["metadata"]["name"] == name)
        assert pod["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > seconds


def test_the_example_of_secrets_has_all_that_is_asked_for_and_no_secret() -> None:
    given = dotenv(ROOT / ".env.example")
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text("utf-8")))
    assert set(given) == asked
    assert not [name for name in given if re.search("KEY|PASSWORD", name) and given[name]]


# -- Kubernetes --------------------------------------------------------------------------------------------------------


def test_pods_are_told_settings_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    given = dotenv(KUBERNETES / "config.env") | dotenv(KUBERNETES / "secret.env.example")
    assert set(given) <= KNOWN
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.storage_options["endpoint"].startswith("https://")
    assert settings.public_url


def test_pods_hold_to_the_restricted_standard(kubernetes: list[dict[str, Any]]) -> None:
    pods = {one["metadata"]["name"]: one["spec"] for one in kubernetes if one["kind"] == "Deployment"}
    assert set(pods) == set(OURS)
    user = int(dict(instructions())["USER"].partition(":")[0])
    for pod in (spec["template"]["spec"] for spec in pods.values()):
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == user
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        commanded(container["args"])
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
        }  # fmt: skip
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}
        assert container["resources"]["limits"]["memory"]


def test_what_points_at_pods_finds_them(kubernetes: list[dict[str, Any]]) -> None:
    labels = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"]
        for one in kubernetes
        if one["kind"] == "Deployment"
    }
    for one in kubernetes:
        spec = one.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector")
        if selector is not None:
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= each.items() for each in labels.values()), one["metadata"]["name"]
    budgets = {one["metadata"]["name"] for one in kubernetes if one["kind"] == "PodDisruptionBudget"}
    assert budgets == set(OURS)


def test_kustomize_takes_it(tool: Callable[[str], str]) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed; the manifests were looked at one by one")
    done = subprocess.run(
        [tool("kubectl"), "kustomize", KUBERNETES], capture_output=True, text=True, check=True, timeout=60
    )
    whole = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert {one["metadata"].get("namespace", "makeready") for one in whole} == {"makeready"}
    images = {
        c["image"]
        for one in whole
        if one["kind"] == "Deployment"
        for c in one["spec"]["template"]["spec"]["containers"]
    }
    assert images == {yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["x-makeready"]["image"]}
