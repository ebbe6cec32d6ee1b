"""A coding command as executor, whole: the architect answers over the wire, a shell script does the work in a copy."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from tests.e2e.nights import Ended, Place, wait_until
from tests.fakes.loopback import Loopback, Reply, SeenRequest
from tests.fakes.repositories import Repo
from tests.system import needs

RECORD = """# Shout

Status: proposed
Date: 2026-11-21

## Context

Greetings are too quiet.

## Options

- capital letters
- a louder font

## Decision

`greet` answers in capital letters; what was in `old.py` goes.

## Rationale

It is one call.

## Files

- greet.py (modify): capital letters
- volume.py (create): how loud
- old.py (delete): nobody calls it
- tests/test_volume.py (create): its test

## Consequences

It is loud.
"""
TASKS = """\
version: 1
repo: ../app
gate:
  test: python3 -m unittest discover -v
tasks:
  - id: shout
    title: "Bug fix: greet loudly"
    complexity: simple
"""
KEY = "allowed-0123456789"
AGENT = r"""#!/bin/sh
# A coding command: it reads its orders, looks around, works in the folder it stands in.
cat > "$HOME/orders"
{
  env | sort
  echo "in: $(pwd)"
  echo "key: ${AGENT_KEY%-*}"
  echo "home: $(ls -A "$HOME" | tr '\n' ' ')"
  echo "config: $(cat "$HOME/.config/agent/settings" 2>&1)"
  echo "secret: $(cat SECRET_PATH 2>&1)"
  echo "checkout: $(ls CHECKOUT_PATH 2>&1)"
  echo "lane: $(ls LANE_PATH 2>&1)"
  echo "history: $(git rev-list --count HEAD) $(git log -1 --format=%s) $(git status --porcelain | wc -l)"
  python3 -c 'import socket; socket.create_connection(("127.0.0.1", PORT), 5).close(); print("network: there")'
} > seen.log 2>&1
cat seen.log
echo changed > "$HOME/.config/agent/settings"
if ! grep -q "You answered before" "$HOME/orders"; then
  echo "raise SystemExit(0)" > tests/test_greet.py
fi
sed -i 's/return text/return text.upper()/' greet.py
rm old.py
printf 'LEVEL = 11\n' > volume.py
cat > tests/test_volume.py <<'END'
import unittest

import volume


class Volume(unittest.TestCase):
    def test_level(self) -> None:
        self.assertEqual(volume.LEVEL, 11)
END
mkdir -p build __pycache__ && echo junk > build/out && echo junk > __pycache__/x.pyc
sleep 300 &
exit 0
"""


def _app(folder: Path) -> Repo:
    folder.mkdir(parents=True)
    repo = Repo(folder)
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Test")
    repo.git("config", "user.email", "test@example.invalid")
    repo.write("greet.py", "def greet(text: str) -> str:\n    return text\n")
    repo.write("old.py", "OLD = True\n")
    repo.write(".gitignore", "build/\n*.log\n")
    repo.write("tests/__init__.py", "")
    repo.write(
        "tests/test_greet.py",
        "import unittest\n\nfrom greet import greet\n\n\nclass Greet(unittest.TestCase):\n"
        "    def test_greets(self) -> None:\n        self.assertEqual(greet('hi').lower(), 'hi')\n",
    )
    repo.commit("First")
    repo.commit("Second", **{"README.md": "# Greet\n"})
    return repo


def architect(seen: SeenRequest) -> Reply:
    """The record, then a review; the executor must never be asked over the wire."""
    role = seen.call_id.split(".")[2]
    return Reply(text={"architect": RECORD, "reviewer": "VERDICT: accept\n\nAs recorded.\n"}[role])


def _place(folder: Path, server: Loopback, **provider: Any) -> Place:
    repo = _app(folder / "app")
    backlog = folder / "backlog"
    backlog.mkdir()
    (backlog / "tasks.yaml").write_text(TASKS)
    place = Place(folder, backlog / "tasks.yaml", {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": server.url})
    home = Path(place.environment["HOME"])
    (home / ".config/agent").mkdir(parents=True)
    (home / ".config/agent/settings").write_text("loud\n")
    (home / ".secret").write_text("never\n")
    agent = folder / "tools" / "bin" / "agent"
    agent.parent.mkdir(parents=True)
    text = AGENT.replace("SECRET_PATH", str(home / ".secret")).replace("CHECKOUT_PATH", str(repo.root))
    text = text.replace("LANE_PATH", str(folder / "cache/orchestrator")).replace("PORT", str(server.port))
    agent.write_text(text)
    agent.chmod(0o755)
    settings = {"command": str(agent), "pass_env": ["AGENT_KEY"], "config_dirs": ["~/.config/agent"]}
    settings |= {"cost_per_call": "0.05"} | provider
    (home / ".config/orchestrator").mkdir()
    (home / ".config/orchestrator/config.yaml").write_text(
        json.dumps({"models": {"providers": {"command": settings}, "roles": {"executor": {"provider": "command"}}}})
    )
    return place


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(architect) as started:
        yield started


def run(place: Place, *more: str) -> Ended:
    return place.orchestrate("run", str(place.tasks), *more, AGENT_KEY=KEY, OTHER_KEY="hidden")


def answers(place: Place) -> list[dict[str, Any]]:
    """The executor's, as recorded."""
    files = sorted((place.run_folder() / "calls").glob("shout.build.executor.*.json"))
    return [json.loads(file.read_text())["answer"] for file in files]


def benches(place: Place) -> list[Path]:
    return list((place.folder / "cache").rglob("bench-*"))


@needs("bwrap")
def test_a_command_works_in_a_copy_and_its_changes_are_delivered(tmp_path: Path, server: Loopback) -> None:
    place = _place(tmp_path, server)
    before = (place.folder / "app/greet.py").read_text()
    ended = run(place)
    assert ended.code == 0, ended.out + ended.err
    assert server.problems == []
    assert place.statuses() == {"shout": "delivered"}

    branch = f"orchestrate/{place.run_folder().name}/shout"
    changed = place.git("diff", "--name-status", "main", branch, repo="app").splitlines()
    assert changed == ["M\tgreet.py", "D\told.py", "A\ttests/test_volume.py", "A\tvolume.py"]
    assert "text.upper()" in place.git("show", f"{branch}:greet.py", repo="app")
    assert (place.folder / "app/greet.py").read_text() == before

    refused = [entry["faults"] for entry in place.entries() if entry["type"] == "edits:refused"]
    assert len(refused) == 1
    assert refused[0][0].startswith("tests/test_greet.py")
    first, second = answers(place)
    assert "tests/test_greet.py" in first["text"]
    assert "tests/test_greet.py" not in second["text"]
    assert "build/out" not in first["text"] + second["text"]

    _saw_only_what_was_allowed(place, second["raw"]["stdout"])
    assert benches(place) == []
    home = Path(place.environment["HOME"])
    assert (home / ".config/agent/settings").read_text() == "loud\n"
    assert not (home / "orders").exists()

    answered = [e for e in place.entries() if e["type"] == "call:answer" and e["role"] == "executor"]
    assert [(entry["estimated"], entry["cost_usd"]) for entry in answered] == [(True, "0.05")] * 2
    _replays(place, server, branch)


def _saw_only_what_was_allowed(place: Place, stdout: str) -> None:
    seen = dict(line.partition("=")[::2] for line in stdout.splitlines() if "=" in line)
    told = dict(line.split(": ", 1) for line in stdout.splitlines() if ": " in line and "=" not in line.split(": ")[0])
    assert seen["AGENT_KEY"].startswith("[hidden:AGENT_KEY#")
    assert told["key"] == KEY[:7]
    assert {"OTHER_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"}.isdisjoint(seen)
    assert "hidden" not in stdout.replace(seen["AGENT_KEY"], "")
    assert (seen["HOME"], seen["XDG_CACHE_HOME"]) == ("/home/lane", "/tmp/cache/xdg")
    assert told["home"].split() == [".config", ".orchestrate-started", "orders"]
    assert told["config"] == "loud"
    assert "never" not in stdout
    assert "No such file" in told["secret"]
    assert "No such file" in told["checkout"]
    assert told["in"].endswith("/tree")
    assert told["lane"].split() == [next((place.folder / "cache/orchestrator").glob("app-*")).name]
    assert told["history"] == "1 The tree as it stands 0"
    assert told["network"] == "there"


def _replays(place: Place, server: Loopback, branch: str) -> None:
    """The same tree again, without command, network and keys."""
    tree = place.git("rev-parse", f"{branch}^{{tree}}", repo="app")
    asked, calls = server.count, place.run_folder() / "calls"
    (place.folder / "tools/bin/agent").unlink()
    ended = place.orchestrate(
        "run", str(place.tasks), "--models", f"replay:{calls}", "--strict", ANTHROPIC_API_KEY="", ANTHROPIC_BASE_URL=""
    )
    assert ended.code == 0, ended.out + ended.err
    again = f"orchestrate/{place.run_folder().name}/shout"
    assert again != branch
    assert place.git("rev-parse", f"{again}^{{tree}}", repo="app") == tree
    assert server.count == asked
    assert [entry for entry in place.entries() if entry["type"] == "replay:drift"] == []


@pytest.mark.parametrize(
    ("provider", "code", "words"),
    [
        ({"cost_per_call": None}, 2, "hint: give it: models.providers.command.cost_per_call: USD"),
        ({"command": "no-such-agent --yes"}, 4, "command: no-such-agent: not found"),
        ({"command": None}, 4, "set models.providers.command.command in ~/.config/orchestrator/config.yaml"),
        ({"config_dirs": ["~/.agent"]}, 2, "~/.agent: does not exist"),
    ],
)
def test_what_cannot_work_is_said_before_the_first_task(
    tmp_path: Path,
    server: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    provider: dict[str, Any],
    code: int,
    words: str,
) -> None:
    place = _place(tmp_path, server, **provider)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["run", str(place.tasks), "--sandbox", "none"]) == code
    assert words in capsys.readouterr().err
    assert server.count == 0
    assert not (tmp_path / "backlog/runs").exists()


FAILING = r"""#!/bin/sh
if grep -q 'task id="shout"'; then
  echo "no quota left for $AGENT_KEY" >&2
  exit 3
fi
printf 'LEVEL = 11\n' > volume.py
sed -i 's/return text/return text.upper()/' greet.py
echo "$HOME" > home.log
echo "asked: $ORCHESTRATE_MODEL" >&2
cat <<'END'
PRINTED
END
"""
PRINTED = json.loads((Path(__file__).parents[1] / "adapters/models/cli_outputs.json").read_text())
"""What real coding CLIs printed."""


def test_a_command_that_fails_ends_its_task_alone_and_one_that_tells_its_use_is_charged_that(
    tmp_path: Path, server: Loopback
) -> None:
    tells = {"output": "claude-code", "tokens_per_call": 50_000, "tiers": {"2": "deep-thought"}}
    place = _place(tmp_path, server, pass_env=["AGENT_KEY"], **tells)
    place.tasks.write_text(f'{TASKS}  - id: again\n    title: "Bug fix: greet loudly again"\n    complexity: simple\n')
    (tmp_path / "tools/bin/agent").write_text(FAILING.replace("PRINTED", PRINTED["claude-done"]["stdout"]))
    ended = run(place, "--sandbox", "none")
    assert ended.code == 1, ended.out + ended.err
    assert place.statuses() == {"shout": "failed", "again": "delivered"}
    [failed] = [entry for entry in place.entries() if entry["type"] == "call:failed"]
    assert failed["message"].startswith("command: exit code 3: no quota left for [hidden:AGENT_KEY#")
    assert (failed["fault"], failed["billed"], failed["cost_usd"]) == ("unknown", True, "0.05")
    [told] = [entry for entry in place.entries() if entry["type"] == "call:answer" and entry["role"] == "executor"]
    assert (told["input_tokens"], told["output_tokens"], told["cached_tokens"]) == (2000, 40, 600)
    assert (told["estimated"], told["cost_usd"]) == (False, "0.0032600000000000003")
    assert (told["model"], told["answered_by"]) == ("deep-thought", "claude-sonnet-5-5")
    record = json.loads((place.run_folder() / f"calls/{told['call']}.json").read_text())
    assert record["answer"]["raw"]["stderr"] == "asked: deep-thought"
    held = [e for e in place.entries() if e["type"] == "call:intent" and e["role"] == "executor"]
    assert min(entry["worst_input_tokens"] for entry in held) > 50_000
    defined = next(entry for entry in place.entries() if entry["type"] == "task:defined")
    assert "100,000 for the command's own turns" in next(x["how"] for x in defined["limits"] if x["phase"] == "build")
    assert KEY not in (place.run_folder() / "report.md").read_text()
    assert benches(place) == []


@needs("bwrap")
def test_a_stop_ends_the_command_and_resume_asks_it_again(tmp_path: Path, server: Loopback) -> None:
    place = _place(tmp_path, server)
    agent = tmp_path / "tools/bin/agent"
    real = agent.read_text()
    agent.write_text("#!/bin/sh\nsleep 300 &\necho $HOME > started\nwait\n")
    with place.started("run", str(place.tasks), AGENT_KEY=KEY) as process:
        wait_until(lambda: list((place.folder / "cache/orchestrator").glob("*/lane-*/bench-*/tree/started")))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=45)
    assert process.returncode == 130, err
    assert benches(place) == []
    agent.write_text(real)
    ended = place.orchestrate("resume", "--state", str(tmp_path / "backlog/runs"), AGENT_KEY=KEY)
    assert ended.code == 0, ended.out + ended.err
    assert place.statuses() == {"shout": "delivered"}
    assert server.count == 2, "the architect and the reviewer, each once"
    lost = [entry for entry in place.entries() if entry["type"] == "note" and "lost in flight" in entry["text"]]
    assert len(lost) == 1
    executor = [e for e in place.entries() if e["type"].startswith("call:") and e.get("role") == "executor"]
    charged = [entry["cost_usd"] for entry in executor if entry.get("cost_usd") is not None]
    assert charged == ["0.05"] * 3, "the lost call, and the two of the session that went on"
