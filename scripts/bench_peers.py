"""``scripts/bench overhead --peers FOLDER``: what a coding CLI itself costs for a task that creates one file.

The same loopback server answers at once; each CLI that stands in the folder (``npm install @openai/codex
@anthropic-ai/claude-code`` there, then its ``node_modules/.bin``) is started as a user would, once to warm up and then
for each task. Its work is one shell command; no clone, no gate, no commit, no review, which ours are with. One that is
not there is named as left out.
"""

from __future__ import annotations

import os
import resource
import subprocess  # noqa: TID251 - whole processes are measured from outside
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.loopback import Loopback, Reply, SeenRequest
from tests.fakes.loopback_shell import working

LIMIT_S = 300.0
TASKS = 3


@dataclass(frozen=True, slots=True)
class Peer:
    """A CLI, and how it is started with a prompt on its standard input."""

    name: str
    program: str
    line: str
    """A shell line; ``$SERVER`` is the loopback server's address."""


PEERS = (
    Peer(
        "Codex",
        "codex",
        "codex exec --json --skip-git-repo-check -s danger-full-access -m gpt-6.1-terra -c model_provider=lo -c "
        '"model_providers.lo={name=\\"lo\\",base_url=\\"$SERVER/v1\\",env_key=\\"OPENAI_API_KEY\\",'
        'wire_api=\\"responses\\"}" -',
    ),
    Peer(
        "Claude Code",
        "claude",
        "claude -p --output-format json --model claude-sonnet-5-5 --permission-mode acceptEdits "
        '--allowedTools "Bash Edit Write Read"',
    ),
)


def peers(folder: Path, programs: Path) -> None:
    """A row for each."""
    print("\nbeside others, a task that creates one file")
    for peer in PEERS:
        if not (programs / peer.program).exists():
            print(f"  {peer.name:<58} left out: no {peer.program} in {programs}")
            continue
        walls, cpus = zip(*(once(peer, folder, programs, number) for number in range(TASKS + 1)), strict=True)
        wall, cpu = min(walls[1:]), min(cpus[1:])
        print(f"  {peer.name + ': processor time a task':<58} {cpu:>10.2f} s   wall {wall:.2f} s", flush=True)


def once(peer: Peer, folder: Path, programs: Path, number: int) -> tuple[float, float]:
    """(seconds, processor seconds of the whole tree) of one task."""
    home, tree = folder / f"home-{peer.program}", folder / f"tree-{peer.program}-{number}"
    for made in (home, tree):
        made.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", str(tree)], check=True)

    def script(seen: SeenRequest) -> Reply:
        return working(seen, ["echo made > made.txt"], "made.txt is made.")

    with Loopback(script) as server:
        environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",
            "SERVER": server.url,
            "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_API_KEY": "bench",
            "OPENAI_API_KEY": "bench",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        before, began = _used(), time.perf_counter()
        ended = subprocess.run(
            ["sh", "-c", peer.line],
            cwd=tree,
            env=environment,
            input="Make made.txt.\n",
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        wall, cpu = time.perf_counter() - began, _used() - before
    if ended.returncode != 0 or not (tree / "made.txt").exists():
        raise SystemExit(
            f"{peer.name} did not make the file ({ended.returncode}):\n{ended.stdout}{ended.stderr}"[-3000:]
        )
    return wall, cpu


def _used() -> float:
    """Processor seconds of all children that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
