"""``orchestrate completion``: the scripts know every command and flag, and each shell completes with its own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli import commands, main
from orchestrator.cli.completion import Completed, bash, completed, fish, zsh
from tests.system import needs

EVERY = list(completed())


def places() -> list[Completed]:
    return [place for one in EVERY for place in (one, *one.actions)]


@pytest.mark.parametrize("shell", [bash, zsh, fish])
def test_every_command_action_and_flag_is_known_to_each_shell(shell: object) -> None:
    assert [one.words[0] for one in EVERY] == list(commands.COMMANDS)
    text = shell(EVERY)  # type: ignore[operator]
    for place in places():
        for flag in place.flags:
            for name in flag.names:
                wanted = f"-l {name[2:]}" if shell is fish and name.startswith("--") else name.lstrip("-")
                assert re.search(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", text) or name in text, name
    assert text.count("'") % 2 == 0


OFFERED = {
    "orchestrate do": ["doctor"],
    "orchestrate run --sandbox ": ["auto", "bwrap", "none"],
    "orchestrate run --max-": ["--max-cost", "--max-tokens"],
    "orchestrate run ta": ["tasks.yaml"],
    "orchestrate metrics su": ["summary"],
    "orchestrate metrics summary --un": ["--until"],
    "orchestrate completion ": ["bash", "fish", "zsh"],
    "orchestrate status ": ["20261121-0236-night"],
    "orchestrate run --max-cost ": [],
    "orchestrate nonsense --": [],
}
"""What was typed -> what fits, sorted."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a tasks file and a run are."""
    (tmp_path / "tasks.yaml").write_text("")
    (tmp_path / "runs" / "20261121-0236-night").mkdir(parents=True)
    return tmp_path


def printed(folder: Path, *argv: str) -> str:
    """What a shell printed, in that folder, with a home of its own."""
    around = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "TERM": "dumb", "LANG": "C.UTF-8"}
    done = subprocess.run(argv, cwd=folder, env=around, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("typed", OFFERED)
def test_bash_offers_what_fits(folder: Path, typed: str) -> None:
    words = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    typing = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _orchestrate"
    asked = f'{bash(EVERY)}\n{typing}; printf "%s\n" "${{COMPREPLY[@]}}"'
    assert sorted(printed(folder, "bash", "--norc", "-c", asked).split()) == OFFERED[typed]


@needs("fish")
def test_fish_offers_what_fits(folder: Path) -> None:
    (folder / "orchestrate.fish").write_text(fish(EVERY))
    asked = "; ".join(f"echo '> {typed}'; complete -C'{typed}'" for typed in OFFERED)
    out = printed(folder, "fish", "--no-config", "-c", f"source orchestrate.fish; {asked}")
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        if line.startswith("> "):
            found[line[2:]] = offered = []
        else:
            offered.append(line.split("\t")[0])
    assert {typed: sorted(names) for typed, names in found.items()} == OFFERED


ZSH_INSIDE = r"""
PROMPT=
fpath=($PWD/functions $fpath)
autoload -Uz compinit; compinit -D -u
bindkey '^I' complete-word
mark () { echo -E - $'\0' }
compprefuncs=(mark); comppostfuncs=(mark exit)
zstyle ':completion:*' insert-tab false
compadd () {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
  typeset -a hits; builtin compadd -A hits "$@"; [[ -n $hits ]] || return 1
  print -rl -- $hits
}
echo ready
"""
"""Completion as an interactive zsh does it, every match printed between two marks instead of put on the line."""
ZSH_OUTSIDE = r"""
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner source inside.zsh
repeat 20; do zpty -r inner line; [[ $line == *ready* ]] && break; done
zpty -w inner "$TYPED"$'\t'
integer marks=0
while zpty -r inner; do :; done | while IFS= read -r line; do
  if [[ $line == *$'\0\r' ]]; then (( marks++ )) && break || continue; fi
  (( marks )) && print -r -- ${line%$'\r'}
done
exit 0
"""


@needs("zsh")
@pytest.mark.parametrize("typed", ["orchestrate do", "orchestrate metrics su", "orchestrate status "])
def test_zsh_offers_what_fits(folder: Path, typed: str) -> None:
    (folder / "functions").mkdir()
    (folder / "functions" / "_orchestrate").write_text(zsh(EVERY))
    (folder / "inside.zsh").write_text(ZSH_INSIDE)
    out = printed(folder, "zsh", "-f", "-c", f"TYPED='{typed}'\n{ZSH_OUTSIDE}")
    assert sorted(out.split()) == OFFERED[typed]


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish"]) == 0
    assert "complete -c orchestrate -n __fish_use_subcommand -a doctor" in capsys.readouterr().out
    assert main(["completion", "tcsh"]) == 2
