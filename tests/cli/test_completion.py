"""``orchestrate completion``: the scripts know every command and flag, and bash completes with its own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli import commands, main
from orchestrator.cli.completion import Completed, bash, completed, fish, zsh

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


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("orchestrate do", ["doctor"]),
        ("orchestrate run --sandbox ", ["auto", "bwrap", "none"]),
        ("orchestrate run --max-", ["--max-tokens", "--max-cost"]),
        ("orchestrate run ta", ["tasks.yaml"]),
        ("orchestrate metrics su", ["summary"]),
        ("orchestrate metrics summary --un", ["--until"]),
        ("orchestrate completion ", ["bash", "zsh", "fish"]),
        ("orchestrate status ", ["20261121-0236-night"]),
        ("orchestrate run --max-cost ", []),
        ("orchestrate nonsense --", []),
    ],
)
def test_bash_offers_what_fits(tmp_path: Path, typed: str, offered: list[str]) -> None:
    (tmp_path / "tasks.yaml").write_text("")
    (tmp_path / "runs" / "20261121-0236-night").mkdir(parents=True)
    words = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    typing = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _orchestrate"
    asked = f'{bash(EVERY)}\n{typing}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.split() == offered


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "fish"]) == 0
    assert "complete -c orchestrate -n __fish_use_subcommand -a doctor" in capsys.readouterr().out
    assert main(["completion", "tcsh"]) == 2
