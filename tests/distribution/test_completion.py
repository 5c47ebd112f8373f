"""Completion as shells ask for it: real ones where they are installed, and what they are told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from makeready import fixes, preflight
from makeready.cli import main
from makeready.models import manifest

posix = pytest.mark.skipif(os.name != "posix", reason="bash, zsh and fish are those of POSIX")
PROGRAM = Path(sys.executable).with_name("makeready")
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "LC_ALL": "C.UTF-8",
}


def offered(*words: str) -> list[str]:
    """What is offered for the last word, after the others."""
    *before, begun = words
    asked = ShellComplete(main, {}, "makeready", "_MAKEREADY_COMPLETE").get_completions(before, begun)
    return [item.value for item in asked]


@pytest.mark.parametrize("option", ["--profile", "-p"])
def test_profiles(option: str) -> None:
    assert offered("check", option, "") == list(preflight.profile_names())
    assert offered("fix", option, "pdfx") == ["pdfx-1a", "pdfx-3", "pdfx-4"]
    assert offered("profiles", "show", "post") == ["poster"]
    assert offered("profiles", "diff", "poster", "fly") == ["flyer"]


def test_codes_one_after_another() -> None:
    assert offered("check", "--only", "IMG10") == [f"IMG10{digit}" for digit in range(1, 10)]
    assert offered("check", "--skip", "FNT101,trn") == ["FNT101,TRN101", "FNT101,TRN102"]
    assert "IMG101.resolution=" in offered("watch", "--set", "IMG101.")


def test_fixes_in_the_first_place_and_files_behind() -> None:
    assert offered("apply", "add_b") == ["add_bleed"]
    assert {fix.id for fix in fixes.catalogue()} == set(offered("apply", ""))
    asked = ShellComplete(main, {}, "makeready", "_MAKEREADY_COMPLETE").get_completions(["apply", "add_bleed"], "a")
    assert [(item.type, item.value) for item in asked] == [("file", "a")]
    assert set(offered("explain", "")) >= {"IMG101", "add_bleed", "poster"}


def test_models_for_what_they_can_do() -> None:
    families = {family.id: family.task for family in manifest.families()}
    assert set(offered("models", "install", "")) == set(families)
    assert set(offered("upscale", "--model", "")) == {
        "lanczos", "backprojection", "ai", *(id for id, task in families.items() if task == "upscale")
    }  # fmt: skip
    assert "isnet" in offered("remove-background", "--model", "")
    assert "waifu2x" not in offered("remove-background", "--model", "")


def test_a_file_is_named_by_the_shell_where_no_word_fits() -> None:
    asked = ShellComplete(main, {}, "makeready", "_MAKEREADY_COMPLETE").get_completions(["check", "-p"], "./house")
    assert [(item.type, item.value) for item in asked] == [("file", "./house")]


@pytest.mark.parametrize("words", ["makeready check --profile ", "makeready check --only I", "makeready apply add"])
def test_asking_loads_nothing_that_opens_files(words: str) -> None:
    asking = {"_MAKEREADY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    told = subprocess.run(
        [sys.executable, "-X", "importtime", PROGRAM], capture_output=True, text=True, check=True, timeout=60,
        env=ENVIRONMENT | asking,
    )  # fmt: skip
    assert told.stdout.startswith("plain,")
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert "makeready" in loaded
    assert not loaded & {"PIL", "fastapi", "numpy", "onnxruntime", "pikepdf", "pymupdf", "pyvips", "rich", "sqlalchemy"}


def run(tool: Callable[[str], str], shell: str, script: str) -> list[str]:
    done = subprocess.run(
        [tool(shell), *(["--noprofile", "--norc"] if shell == "bash" else ["--no-config"]), "-c", script],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@posix
def test_bash(tool: Callable[[str], str]) -> None:
    script = """
        eval "$(makeready completion bash)"
        COMP_WORDS=(makeready check --profile gwg2022-web); COMP_CWORD=3
        $(complete -p makeready | sed 's/.*-F \\([^ ]*\\) .*/\\1/') makeready
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    told = run(tool, "bash", script)
    assert told == [name for name in preflight.profile_names() if name.startswith("gwg2022-web")]


@posix
def test_fish(tool: Callable[[str], str]) -> None:
    told = run(tool, "fish", 'makeready completion fish | source; complete -C "makeready check --profile pdfx"')
    assert [line.split("\t")[0] for line in told] == ["pdfx-1a", "pdfx-3", "pdfx-4"]


@posix
def test_zsh(tool: Callable[[str], str], tmp_path: Path) -> None:
    """A line editor is needed for it, and so a terminal: the word is typed and the key pressed."""
    import pty

    (tmp_path / "_makeready").write_text(
        subprocess.check_output(["makeready", "completion", "zsh"], env=ENVIRONMENT, text=True)
    )
    shell = tool("zsh")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(shell, ["zsh", "-f", "-i"], ENVIRONMENT | {"TERM": "dumb", "PS1": "> "})
    try:
        _type(
            terminal, f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -D -u; echo rea'dy'\n", b"ready\r\n"
        )
        _type(terminal, "makeready check --profile gwg2022-folding\t", b"gwg2022-folding-carton-corrugated-box")
    finally:
        os.write(terminal, b"\x03exit\n")
        os.close(terminal)
        os.waitpid(pid, 0)


def _type(terminal: int, keys: str, awaited: bytes) -> None:
    import select

    os.write(terminal, keys.encode())
    seen, until = b"", time.monotonic() + 30
    while awaited not in seen:
        assert time.monotonic() < until, seen
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 4096)
