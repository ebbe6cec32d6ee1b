"""The flags of what one types first: ``init``, ``doctor``, ``pilot``, ``completion``."""

from __future__ import annotations

from orchestrator.cli.flags import as_json, sandbox, settings, state

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from argparse import ArgumentParser


def init(parser: ArgumentParser) -> None:
    """``orchestrate init [FOLDER]``."""
    parser.description = (
        "Looks at a repository (languages, package managers, lint, types, tests, packages, what CI runs), tries its\n"
        "gate on a copy, and writes orchestrate.yaml and a first tasks file. What is there already is kept."
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=".", help="the repository (default: here)")
    parser.add_argument("--from-todo", action="store_true", help="draft a task for each TODO and FIXME comment")
    parser.add_argument("--from-issues", metavar="FILE", help="draft tasks from GitHub's or GitLab's issues in JSON")
    parser.add_argument("--tasks", metavar="FILE", default="tasks.yaml", help="the tasks file (default: tasks.yaml)")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--no-gate", action="store_true", help="do not try the gate")
    sandbox(parser)
    settings(parser)
    as_json(parser, "what was found as one JSON object")


def doctor(parser: ArgumentParser) -> None:
    """``orchestrate doctor [TASKS.yaml]``."""
    parser.description = (
        "Rehearses a night with the real parts: keys and models by the free model list, git identity, signing,\n"
        "hooks, submodules, large files, the gate on the base inside the sandbox and outside, disk, sleep, clock,\n"
        "and whether the tasks fit before the morning. GO (0), GO without these tasks (1), NO-GO (6), each mend named."
    )
    parser.add_argument("tasks", metavar="TASKS.yaml", nargs="?", help="the tasks file (default: tasks.yaml here)")
    parser.add_argument("--until", metavar="HH:MM", help="when the night must be over, by the clock of this place")
    parser.add_argument("--call", action="store_true", help="also ask each model for one word: shows quota and billing")
    parser.add_argument("--quick", action="store_true", help="without running the gate")
    sandbox(parser)
    state(parser)
    settings(parser)
    as_json(parser, "the findings as one JSON object")


def pilot(parser: ArgumentParser) -> None:
    """``orchestrate pilot``."""
    parser.add_argument("--dir", metavar="DIR", default="runs/pilot", help="folder made anew (default runs/pilot)")
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), default="auto", help="as for run")
    as_json(parser, "events as JSON lines on stdout")


def completion(parser: ArgumentParser) -> None:
    """``orchestrate completion SHELL``."""
    parser.description = (
        'Prints what a shell needs to complete commands and flags. bash: eval "$(orchestrate completion bash)" in\n'
        "~/.bashrc; zsh: as _orchestrate into a folder of $fpath; fish: as orchestrate.fish into\n"
        "~/.config/fish/completions."
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="whose script")
