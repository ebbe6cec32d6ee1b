"""Small repositories with recorded answers: one task, an ADR, an edit and a review, each written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.nights import Place

FEW_PLUGINS = "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTEST_PLUGINS=pytest_cov"
"""Before a gate's pytest: it loads what the gate needs of this environment, not all there is, and starts in half the
time."""
HEAD = "---\norigin: hand-written\nreason: end\n---\n"
PROJECT = {
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n",
    "src/shop/__init__.py": "",
    "src/shop/price.py": "def total(prices):\n    if not prices:\n        return 0\n    return sum(prices)\n",
    "tests/test_price.py": (
        "from shop.price import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
}
DOUBLED = {
    "src/shop/doubled.py": "def doubled(price):\n    return price + price\n",
    "tests/test_doubled.py": (
        "from shop.doubled import doubled\n\n\ndef test_doubled():\n    assert doubled(2) == 4\n"
    ),
}
"""What the executor writes."""
ACCEPT = "VERDICT: accept\nSUMMARY: It does what was asked.\nFINDINGS:\n\nINVARIANTS:\n"


def adr(files: Mapping[str, str], invariants: tuple[str, ...] = ()) -> str:
    """An accepted record that names those files as created."""
    listed = "\n".join(f"- {path} (create): as asked" for path in files)
    kept = "\n".join(f"- {name}: kept as it is." for name in invariants) or "None."
    return (
        "# Double a price\n\nStatus: accepted\nDate: 2026-11-21\n\n## Context\n\nWanted.\n\n## Options\n\n- Add\n\n"
        f"## Decision\n\nA function.\n\n## Rationale\n\nShort.\n\n## Files\n\n{listed}\n\n## Consequences\n\nNone.\n\n"
        f"### Invariant Compliance\n\n{kept}\n"
    )


def created(files: Mapping[str, str]) -> str:
    """An executor's answer that creates those files."""
    blocks = [f"{path}\n```\n<<<<<<< SEARCH\n=======\n{text}>>>>>>> REPLACE\n```\n" for path, text in files.items()]
    return "\n".join(blocks)


def place_of(
    folder: Path,
    project: Mapping[str, str],
    answers: Mapping[str, str],
    *,
    tasks: str = "",
    shared: str = "",
    gate: str = f"gate: {{lint: none, test: {FEW_PLUGINS} python -m pytest -q}}\n",
) -> Place:
    """A repository ``tally`` with its tasks file and answers. ``answers``: by ``task.phase.role.iteration.turn``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in project.items():
        path = folder / "tally" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "calls").mkdir()
    for name, text in answers.items():
        (folder / "calls" / f"{name}.md").write_text(HEAD + text)
    tasks = tasks or "  - {id: double, title: Double a price, files: [src/shop/doubled.py]}\n"
    (folder / "tasks.yaml").write_text(f"version: 1\nrepo: tally\nsetup: []\n{gate}{shared}tasks:\n{tasks}")
    place = Place(folder, folder / "tasks.yaml", {"GIT_CONFIG_GLOBAL": str(folder / "gitconfig")})
    (folder / "gitconfig").write_text("[user]\n\tname = Test\n\temail = test@example.invalid\n")
    for argv in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "Start")):
        place.git(*argv)
    return place


def doubling(*executor: Mapping[str, str], review: str = ACCEPT, invariants: tuple[str, ...] = ()) -> dict[str, str]:
    """The answers of the task ``double``: one executor's answer an iteration."""
    answers = {"double.plan.architect.1.1": adr(DOUBLED, invariants), "double.deliver.reviewer.1.1": review}
    for number, files in enumerate(executor or (DOUBLED,), 1):
        answers[f"double.build.executor.{number}.1"] = created(files)
    return answers


def several(folder: Path, *names: str) -> Place:
    """Tasks that depend on nothing, each with its answers."""
    answers: dict[str, str] = {}
    tasks = ""
    for name in names:
        files = {path.replace("doubled", name): text.replace("doubled", name) for path, text in DOUBLED.items()}
        answers |= {f"{name}.plan.architect.1.1": adr(files), f"{name}.build.executor.1.1": created(files)}
        answers[f"{name}.deliver.reviewer.1.1"] = ACCEPT
        tasks += f"  - {{id: {name}, title: Add {name}, files: [src/shop/{name}.py]}}\n"
    return place_of(folder, PROJECT, answers, tasks=tasks)


def run(place: Place, *more: str) -> tuple[int, str]:
    """The night, without a sandbox (tests may run in one); exit code and what was said."""
    ended = place.orchestrate(
        "run", str(place.tasks), "--models", f"replay:{place.folder / 'calls'}", "--sandbox", "none", *more
    )
    return ended.code, ended.err + ended.out
