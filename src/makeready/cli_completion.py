"""Completion in shells: the command that prints a shell's script, and the words that options and arguments take.

A shell asks at every press of a key: words come from the declarations alone, and nothing that opens files is loaded.
Plug-ins count, as they do when the command is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
from click.shell_completion import CompletionItem, get_completion_class

from makeready.errors import UsageError

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
#: Shells that click writes for.
SHELLS = ("bash", "zsh", "fish")
#: What a shell sets when it asks for words.
_ASKING = "_MAKEREADY_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes makeready's commands, options, profiles, checks, fixes and models in a shell.

    \b
    makeready completion bash > ~/.local/share/bash-completion/completions/makeready
    makeready completion zsh  > ~/.zfunc/_makeready      (with fpath+=~/.zfunc before compinit in ~/.zshrc)
    makeready completion fish > ~/.config/fish/completions/makeready.fish

    To try it at once: eval "$(makeready completion bash)", in fish: makeready completion fish | source
    """
    writes = get_completion_class(shell)
    if writes is None:
        raise UsageError(f"There is no completion for {shell}.", f"There is one for {', '.join(SHELLS)}.")
    command = click.get_current_context().find_root().command
    click.echo(writes(command, {}, "makeready", _ASKING).source())


def one(*kinds: Callable[[], Iterator[CompletionItem]], files: bool = False) -> Complete:
    """Words of some kinds, one at a place; ``files`` leaves the shell to name files where no word fits."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        found = [item for kind in kinds for item in kind() if item.value.lower().startswith(begun.lower())]
        return found or ([CompletionItem(begun, type="file")] if files else [])

    return complete


def several(*kinds: Callable[[], Iterator[CompletionItem]]) -> Complete:
    """Words of some kinds with commas between them; the last one is completed."""
    last = one(*kinds)

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        before, comma, word = begun.rpartition(",")
        return [CompletionItem(before + comma + item.value, help=item.help) for item in last(ctx, param, word)]

    return complete


def first(word: Complete) -> Complete:
    """A word in the first place, and files in those after it."""

    def complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
        if ctx.params.get(param.name or ""):
            return [CompletionItem(begun, type="file")]
        return word(ctx, param, begun)

    return complete


def profiles() -> Iterator[CompletionItem]:
    """Profiles by name."""
    from makeready import preflight

    return map(CompletionItem, preflight.profile_names())


def codes() -> Iterator[CompletionItem]:
    """Checks by code, with what each says."""
    from makeready import preflight

    return (CompletionItem(check.code, help=check.title) for check in preflight.catalogue())


def settings() -> Iterator[CompletionItem]:
    """Settings of checks, as ``--set`` takes them."""
    from makeready import preflight

    for check in preflight.catalogue():
        for name, field in check.params.model_fields.items():
            yield CompletionItem(f"{check.code}.{name}=", help=field.description)


def fixes() -> Iterator[CompletionItem]:
    """Fixes and edits by name."""
    from makeready import fixes as mending

    return (CompletionItem(fix.id, help=fix.title) for fix in mending.catalogue())


def families() -> Iterator[CompletionItem]:
    """Models as they are installed: by family."""
    return _models("segment", "upscale", "detect")


def segmenters() -> Iterator[CompletionItem]:
    """What finds a subject, with the way that needs no model."""
    yield CompletionItem("flat", help="No model: logos and text on plain ground.")
    yield from _models("segment")


def upscalers() -> Iterator[CompletionItem]:
    """What enlarges: calculated, or by models."""
    from makeready.upscale.recipe import BEST, PLAIN

    yield from (CompletionItem(name, help=title) for name, title in PLAIN.items())
    yield CompletionItem(BEST, help="The best model that fits.")
    yield from _models("upscale")


def _models(*tasks: str) -> Iterator[CompletionItem]:
    from makeready.models import manifest

    return (CompletionItem(family.id, help=family.use) for family in manifest.families() if family.task in tasks)
