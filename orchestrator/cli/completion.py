"""``orchestrate completion bash|zsh|fish``: what a shell can complete, made from the commands' own parsers.

eval "$(orchestrate completion bash)"                       # in ~/.bashrc
orchestrate completion zsh > "${fpath[1]}/_orchestrate"     # in a folder of $fpath
orchestrate completion fish > ~/.config/fish/completions/orchestrate.fish
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.cli import commands
from orchestrator.domain.errors import ExitCode

_FOLDERS = frozenset({"DIR", "FOLDER", "REPO"})
_RUNS = "RUN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One option."""

    names: tuple[str, ...]
    takes: str = ""
    """What its value is: words separated by blanks, or one of :data:`FILES`, :data:`FOLDERS`; empty: it has none."""
    does: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command, or an action of one, as a shell completes it."""

    words: tuple[str, ...]
    """``("metrics", "summary")``."""
    does: str
    flags: tuple[Flag, ...] = ()
    operands: str = ""
    """What stands where no flag does, as :attr:`Flag.takes`."""
    actions: tuple[Completed, ...] = field(default=())


FILES = "@files"
FOLDERS = "@folders"
ANYTHING = "@anything"
RUNS = "@runs"


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    makers = {"bash": bash, "zsh": zsh, "fish": fish}
    print(makers[args.shell](list(completed())), end="")
    return ExitCode.OK


def completed() -> Iterator[Completed]:
    """Every command of the table."""
    for name, command in commands.COMMANDS.items():
        yield _of(commands.parser(name), (name,), command.does)


def _of(parser: argparse.ArgumentParser, words: tuple[str, ...], does: str) -> Completed:
    flags: list[Flag] = []
    actions: list[Completed] = []
    operands = ""
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to ask a parser what it takes
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - as above
            actions = [_of(one, (*words, name), helps.get(name, "")) for name, one in action.choices.items()]
        elif action.option_strings:
            takes = "" if action.nargs == 0 else _value(action)
            flags.append(Flag(names=tuple(action.option_strings), takes=takes, does=_plain(action.help)))
        else:
            operands = operands or _value(action)
    return Completed(words=words, does=_plain(does), flags=tuple(flags), operands=operands, actions=tuple(actions))


def _value(action: argparse.Action) -> str:
    """What a value may be."""
    if action.choices is not None:
        return " ".join(str(choice) for choice in action.choices)
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if metavar in _FOLDERS:
        return FOLDERS
    if metavar == _RUNS:
        return RUNS
    return FILES if "FILE" in metavar or ".yaml" in metavar else ANYTHING


def _plain(text: str | None) -> str:
    """A description without what any of the shells would read: no quotes, brackets, colons."""
    return re.sub(r"[^\w .,;+/|=<>-]", "", (text or "").replace("%%", "%").replace(":", " -"))


def _all(every: Sequence[Completed]) -> Iterator[Completed]:
    for one in every:
        yield one
        yield from one.actions


_BASH_VALUES = {
    FILES: 'COMPREPLY=($(compgen -f -- "$cur"))',
    FOLDERS: 'COMPREPLY=($(compgen -d -- "$cur"))',
    RUNS: 'COMPREPLY=($(compgen -W "$(ls runs 2>/dev/null)" -- "$cur"))',
    ANYTHING: "COMPREPLY=()",
}


def _bash_words(words: str) -> str:
    return f"COMPREPLY=($(compgen -W '{words}' -- \"$cur\"))"


def _bash_value(takes: str) -> str:
    return _BASH_VALUES.get(takes) or _bash_words(takes)


def bash(every: Sequence[Completed]) -> str:
    """For ``eval`` in ``~/.bashrc``; no other package is needed."""
    values, words = [], []
    for one in _all(every):
        place = " ".join(one.words)
        values += [
            f"    '{place} {name}') {_bash_value(flag.takes)}; return ;;"
            for flag in one.flags
            if flag.takes
            for name in flag.names
        ]
        flags = " ".join(name for flag in one.flags for name in flag.names)
        operands = " ".join(action.words[-1] for action in one.actions)
        rest = _bash_words(operands) if operands else _bash_value(one.operands or ANYTHING)
        words.append(f"    '{place}') if [[ $cur == -* ]]; then {_bash_words(flags)}; else {rest}; fi ;;")
    names = " ".join(one.words[0] for one in every)
    with_actions = "|".join(one.words[0] for one in every if one.actions)
    lines = [
        "# orchestrate completion bash",
        "_orchestrate() {",
        "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} place=${COMP_WORDS[1]}",
        f"  if ((COMP_CWORD == 1)); then {_bash_words(f'{names} --help --version')}; return; fi",
        f'  case $place in {with_actions}) ((COMP_CWORD > 2)) && place+=" ${{COMP_WORDS[2]}}" ;; esac',
        '  case "$place $prev" in',
        *values,
        "  esac",
        "  case $place in",
        *words,
        "  esac",
        "}",
        "complete -o filenames -o bashdefault -F _orchestrate orchestrate",
    ]
    return "\n".join(lines) + "\n"


_ZSH_VALUES = {FILES: "_files", FOLDERS: "_files -/", RUNS: "($(ls runs 2>/dev/null))", ANYTHING: " "}


def _zsh_value(takes: str) -> str:
    return _ZSH_VALUES.get(takes) or f"({takes})"


def zsh(every: Sequence[Completed]) -> str:
    """For a folder of ``$fpath``, or ``source`` after ``compinit``."""
    lines = ["#compdef orchestrate", "_orchestrate() {", "  local -a commands", "  commands=("]
    lines += [f"    '{one.words[0]}:{one.does}'" for one in every]
    lines += ["  )", "  if ((CURRENT == 2)); then _describe command commands; return; fi"]
    lines += ["  local place=$words[2]", "  case $place in"]
    for one in every:
        lines.append(f"  {one.words[0]})")
        if one.actions:
            named = " ".join(f"'{action.words[-1]}:{action.does}'" for action in one.actions)
            lines.append(f"    if ((CURRENT == 3)); then local -a actions; actions=({named})")
            lines.append("      _describe action actions; return; fi")
            lines.append("    case $words[3] in")
            lines += [f"    {action.words[-1]}) _arguments {_zsh_arguments(action, 2)} ;;" for action in one.actions]
            lines.append("    esac ;;")
        else:
            lines.append(f"    _arguments {_zsh_arguments(one, 1)} ;;")
    lines += ["  esac", "}", 'if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _orchestrate "$@"']
    lines += ["else compdef _orchestrate orchestrate; fi"]
    return "\n".join(lines) + "\n"


def _zsh_arguments(one: Completed, skipped: int) -> str:
    """The specifications of ``_arguments``; the words of the command itself come first."""
    specs = [f"'{number}: :'" for number in range(1, skipped + 1)]
    for flag in one.flags:
        value = f":value:{_zsh_value(flag.takes)}" if flag.takes else ""
        specs += [f"'*{name}[{flag.does}]{value}'" for name in flag.names]
    specs.append(f"'*:operand:{_zsh_value(one.operands or ANYTHING)}'")
    return " ".join(specs)


_FISH_VALUES = {FILES: "-rF", FOLDERS: "-xa '(__fish_complete_directories)'", RUNS: "-xa '(ls runs 2>/dev/null)'"}


def fish(every: Sequence[Completed]) -> str:
    """For ``~/.config/fish/completions/orchestrate.fish``."""
    lines = ["# orchestrate completion fish", "complete -c orchestrate -f"]
    lines += [f"complete -c orchestrate -n __fish_use_subcommand -a {one.words[0]} -d '{one.does}'" for one in every]
    for one in _all(every):
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in one.words)
        when = f"complete -c orchestrate -n '{seen}'"
        lines += [f"{when} -a {action.words[-1]} -d '{action.does}'" for action in one.actions]
        for flag in one.flags:
            names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in flag.names)
            value = _FISH_VALUES.get(flag.takes) or ("-x" if flag.takes == ANYTHING else f"-xa '{flag.takes}'")
            lines.append(f"{when} {names} {value if flag.takes else ''} -d '{flag.does}'".replace("  ", " "))
        if one.operands == FILES:
            lines.append(f"{when} -F")
        elif one.operands and one.operands != ANYTHING:
            value = (_FISH_VALUES.get(one.operands) or f"-xa '{one.operands}'").removeprefix("-x").removeprefix("-r")
            lines.append(f"{when} {value if value.startswith('-') else f'-{value}'}")
    return "\n".join(lines) + "\n"
