"""The night that is disturbed: a small repository, one to three tasks, and every fact that must come out the same."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.e2e.small import HEAD, adr, created

STATES = ("clean", "dirty", "merging")
"""What the user's checkout is like: nothing to see; staged, changed, untracked and stashed work; a merge half done."""

PROJECT = {
    "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    "shop/__init__.py": "",
    "shop/price.py": "def total(prices):\n    return sum(prices)\n",
    "tests/__init__.py": "",
    "tests/test_price.py": (
        "import unittest\n\nfrom shop.price import total\n\n\nclass Totals(unittest.TestCase):\n"
        "    def test_sum(self):\n        self.assertEqual(total([1, 2]), 3)\n"
    ),
}
_TEST = "sleep 300 & python -m unittest discover -t . -s tests"
"""A gate that leaves something running, as gates do."""
_GATE = f'gate: {{lint: ruff check --no-cache ., build: none, test: "{_TEST}"}}\n'
_QUICK_GATE = 'gate: {lint: "sleep 300 & true", build: none, test: none}\n'
_ACCEPT = "VERDICT: accept\nSUMMARY: It does what was asked.\nFINDINGS:\n\nINVARIANTS:\n"


_REJECT = "VERDICT: reject\nSUMMARY: Almost.\nFINDINGS:\n- shop/price.py:2: the number belongs first\n\nINVARIANTS:\n"


_OF_SIX = {"double": 12, "triple": 18, "halve": 3}


def new_files(name: str, body: str, *, head: str = "") -> dict[str, str]:
    """The module of a price function, and its test."""
    test = (
        f"import unittest\n\nfrom shop.{name} import {name}\n\n\nclass Case(unittest.TestCase):\n"
        f"    def test_{name}(self):\n        self.assertEqual({name}(6), {_OF_SIX[name]})\n"
    )
    return {f"shop/{name}.py": f"{head}def {name}(price):\n    return {body}\n", f"tests/test_{name}.py": test}


def _replaced(name: str, old: str, new: str) -> str:
    return f"shop/{name}.py\n```\n<<<<<<< SEARCH\n    return {old}\n=======\n    return {new}\n>>>>>>> REPLACE\n```\n"


def _answers() -> dict[str, str]:
    """An import too many, a red test, sent back by the review; right at once; sent back."""
    return {
        "double.plan.architect.1.1": adr(new_files("double", "")),
        "double.build.executor.1.1": created(new_files("double", "price * 2")),
        "double.deliver.reviewer.1.1": _ACCEPT,
        "triple.plan.architect.1.1": adr(new_files("triple", "")),
        "triple.build.executor.1.1": created(new_files("triple", "price * 4", head="import os\n\n\n")),
        "triple.build.executor.2.1": _replaced("triple", "price * 4", "price * 3"),
        "triple.deliver.reviewer.1.1": _REJECT,
        "triple.build.executor.3.1": _replaced("triple", "price * 3", "3 * price"),
        "triple.deliver.reviewer.2.1": _ACCEPT,
        "halve.plan.architect.1.1": adr(new_files("halve", "")),
        "halve.build.executor.1.1": created(new_files("halve", "price / 2")),
        "halve.deliver.reviewer.1.1": _REJECT,
        "halve.build.executor.2.1": _replaced("halve", "price / 2", "price // 2"),
        "halve.deliver.reviewer.2.1": _ACCEPT,
    }


TASKS = ("triple", "double", "halve")


@dataclass(frozen=True, slots=True)
class Variant:
    """One night: how many tasks and lanes, and how the user left the checkout."""

    tasks: int = 1
    lanes: int = 1
    state: str = "clean"
    quick: bool = False
    """Whether its gate only leaves something running: for what is about the program's own life."""

    def __str__(self) -> str:
        return f"{self.tasks} task{'s' * (self.tasks > 1)}, {self.lanes} lane{'s' * (self.lanes > 1)}, {self.state}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder where one night is run, disturbed or not."""

    folder: Path
    variant: Variant

    @property
    def repository(self) -> Path:
        """The user's checkout."""
        return self.folder / "shop"

    @property
    def state(self) -> Path:
        """The tool's records."""
        return self.folder / "runs"

    @property
    def requests(self) -> Path:
        """What the provider saw, written by the provider's side: it is not in the program's hands."""
        return self.folder / "requests.log"

    def run(self) -> list[str]:
        """The command of the night."""
        return [
            *("run", str(self.folder / "tasks.yaml"), "--models", f"replay:{self.folder / 'calls'}"),
            *("--sandbox", "none", "--workers", str(self.variant.lanes), "--state", str(self.state)),
        ]

    def resume(self) -> list[str]:
        """The command that goes on."""
        return ["resume", "--state", str(self.state)]

    def journals(self) -> list[Path]:
        """Those of all runs, oldest first."""
        return sorted(self.state.glob("*/journal.jsonl"))


def make_template(folder: Path, variant: Variant) -> Scene:
    """The night as it is before anything happened, to be copied for each scenario."""
    scene = Scene(folder, variant)
    for name, text in PROJECT.items():
        path = scene.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "calls").mkdir()
    for name, text in _answers().items():
        (folder / "calls" / f"{name}.md").write_text(HEAD + text)
    listed = "".join(
        f"  - {{id: {name}, title: The {name} of a price, files: [shop/{name}.py]}}\n"
        for name in TASKS[: variant.tasks]
    )
    gate = _QUICK_GATE if variant.quick else _GATE
    (folder / "tasks.yaml").write_text(f"version: 1\nrepo: shop\nbase: main\nsetup: []\n{gate}tasks:\n{listed}")
    (folder / "home").mkdir()
    (folder / "gitconfig").write_text("[user]\n\tname = Test\n\temail = test@example.invalid\n")
    _git(scene, "init", "-q", "-b", "main")
    _git(scene, "add", "-A")
    _git(scene, "commit", "-q", "-m", "Start")
    _leave(scene, variant.state)
    return scene


def _leave(scene: Scene, state: str) -> None:
    """The checkout as its user left it in the evening."""
    price = scene.repository / "shop/price.py"
    if state == "dirty":
        price.write_text("# thought better of\n")
        _git(scene, "stash", "push", "-q", "-m", "later")
        price.write_text(price.read_text() + "# staged\n")
        _git(scene, "add", "shop/price.py")
        price.write_text(price.read_text() + "# and not\n")
        (scene.repository / "notes.txt").write_text("mine\n")
    elif state == "merging":
        _git(scene, "switch", "-q", "-c", "side")
        price.write_text("def total(prices):\n    return sum(prices, 0)\n")
        _git(scene, "commit", "-q", "-am", "Side")
        _git(scene, "switch", "-q", "-c", "other", "main")
        price.write_text("def total(prices):\n    return sum(prices, start=0)\n")
        _git(scene, "commit", "-q", "-am", "Other")
        _git(scene, "merge", "-q", "side", check=False)
        assert (scene.repository / ".git/MERGE_HEAD").exists()


def copy_of(template: Scene, folder: Path) -> Scene:
    """A scene of its own."""
    shutil.copytree(template.folder, folder, symlinks=True)
    return replace(template, folder=folder)


def environment(scene: Scene, tools: str) -> dict[str, str]:
    """What the program finds: nothing of the machine's but what programs need to start; no keys."""
    return {
        "PATH": tools,
        "HOME": str(scene.folder / "home"),
        "XDG_CACHE_HOME": str(scene.folder / "cache"),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": str(scene.folder / "gitconfig"),
        "GIT_CEILING_DIRECTORIES": str(scene.folder),
    }


@dataclass(frozen=True, slots=True)
class Result:
    """All of a finished night that must not depend on how often it died."""

    statuses: Mapping[str, str]
    trees: Mapping[str, str]
    messages: Mapping[str, str]
    iterations: Mapping[str, int]
    bought: Mapping[str, int]
    """Call -> tokens charged for its answer."""


def result_of(scene: Scene) -> Result:
    """Read from what is on disk: the newest run's records, and the branches by plain git."""
    folder = scene.journals()[-1].parent
    summary = json.loads((folder / "summary.json").read_text())
    entries = list(entries_of(folder / "journal.jsonl"))
    lines = _git(scene, "for-each-ref", "--format=%(refname) %(objectname) %(tree)", "refs/heads/orchestrate")
    refs = [line.split() for line in lines.splitlines()]
    return Result(
        statuses={task["id"]: task["status"] for task in summary["tasks"]},
        iterations={task["id"]: task["iterations"] for task in summary["tasks"]},
        trees={name.rsplit("/", 1)[-1]: tree for name, _, tree in refs},
        messages={
            name.rsplit("/", 1)[-1]: _git(scene, "log", "--format=%B%P", "main.." + commit).replace(folder.name, "RUN")
            for name, commit, _ in refs
        },
        bought={
            entry["call"]: entry["input_tokens"] + entry["output_tokens"]
            for entry in entries
            if entry["type"] == "call:answer"
        },
    )


def entries_of(journal: Path) -> Iterator[dict[str, Any]]:
    """Plain reading, by nothing of the program's."""
    for line in journal.read_bytes().split(b"\n")[:-1]:
        yield json.loads(line)


def untouched(scene: Scene) -> str:
    """Digest of everything in the user's checkout that is not the tool's to write (I1), by nothing of the program's."""
    digest = hashlib.sha256()
    ours = (".git/objects", ".git/refs/heads/orchestrate", ".git/logs/refs/heads/orchestrate")
    for path in sorted(scene.repository.rglob("*")):
        name = path.relative_to(scene.repository).as_posix()
        if name.startswith(ours):
            continue
        stat = path.lstat()
        digest.update(f"{name} {stat.st_mode} ".encode())
        if path.is_symlink():
            digest.update(os.fsencode(path.readlink()))
        elif path.is_file():
            digest.update(path.read_bytes())
    digest.update(_git(scene, "stash", "list").encode())
    return digest.hexdigest()


def commits_made(scene: Scene) -> Counter[str]:
    """Task -> commit objects that carry its trailer, in the user's store, whether a branch names them or not."""
    listing = _git(scene, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    found = [line.split()[0] for line in listing.splitlines() if line.endswith(" commit")]
    made: Counter[str] = Counter()
    for commit in found:
        message = _git(scene, "log", "-1", "--format=%(trailers:key=Orchestrate-Task,valueonly)", commit).strip()
        made[message] += bool(message)
    return +made


def _git(scene: Scene, *argv: str, check: bool = True) -> str:
    path = os.environ.get("PATH", "/usr/bin:/bin")
    command = ["git", "-C", str(scene.repository), *argv]
    environ = {**environment(scene, path), "GIT_OPTIONAL_LOCKS": "0"}
    return subprocess.run(command, check=check, capture_output=True, text=True, env=environ).stdout
