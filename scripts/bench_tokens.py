"""``scripts/bench tokens``: what is sent for three tasks, counted by the provider's side, against the bars of P5.

A loopback server speaks both wire protocols and answers by a script; every text of every generating request is counted
(system prompts, messages, the declarations of look-ups as JSON) by the o200k vocabulary, from the npm package
gpt-tokenizer, which is fetched. What is answered is counted beside it. The real bug is one of click's, at a pinned
commit, told as its users told it: no file is named. Its repository is fetched, or given by ``--click FOLDER``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess  # noqa: TID251 - whole processes are measured from outside
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench

from tests.fakes.loopback import Loopback, Reply, SeenRequest

TOKENIZER = "gpt-tokenizer@4.0.0"
COUNT = """
const {encode} = require("gpt-tokenizer/encoding/o200k_base");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map(text => encode(text).length)));
"""
CLICK = "https://github.com/pallets/click"
BROKEN = "8b44edfff7d9"
BUG = """\
version: 1
repo: click
setup: []
gate: {lint: none, build: none, test: python -m pytest -q -p no:cacheprovider tests -k progress}
tasks:
  - id: halve
    title: "Bug fix: a progress bar ends short of its length"
    description: |
      With update_min_steps=3 and a length of 10 the bar stays at 90 % when the loop is over: the last step is never
      drawn. It has to end at 100 %, whatever update_min_steps is.
"""
BUG_ADR = """\
# The bar lands on its final position

## Context
`ProgressBar` gathers steps in `_completed_intervals` until they reach `update_min_steps`; what is left over when the
loop ends is never applied.
## Options
- apply the rest in `render_finish`
- apply it in `generator`
## Decision
`render_finish` applies pending steps (`make_step`), resets `_completed_intervals`, draws once more, before it returns
early for hidden bars.
## Rationale
It is the one place every use of the bar ends in.
## Files
- src/click/_termui_impl.py (modify): apply what is pending in render_finish
- tests/test_progress_end.py (create): a length that is no multiple of the steps
## Consequences
One more draw at the end.
### Invariant Compliance
None are given.
"""
BUG_CODE = """\
src/click/_termui_impl.py
```python
<<<<<<< SEARCH
    def render_finish(self) -> None:
=======
    def render_finish(self) -> None:
        if self._completed_intervals:
            self.make_step(self._completed_intervals)
            self._completed_intervals = 0
            self.render_progress()

>>>>>>> REPLACE
```

tests/test_progress_end.py
```python
<<<<<<< SEARCH
=======
import io

from click._termui_impl import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_ends_at_its_length():
    with ProgressBar(range(10), length=10, update_min_steps=3, file=Terminal()) as bar:
        for _ in bar:
            pass
    assert bar.pos == 10
>>>>>>> REPLACE
```
"""
WRONG = bench.CODE.replace("return number // 2\n>", "return number / 3\n>")
MEND = """\
doubling.py
```python
<<<<<<< SEARCH
    return number / 3
=======
    return number // 2
>>>>>>> REPLACE
```
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A task, what is answered, and the most that may be sent for it."""

    title: str
    tasks: str
    answers: Mapping[str, str]
    calls: int
    bar: int
    """Tokens sent, over all calls (issue "Fast and cheap", point 5)."""


SMALL = {f"halve.{name}.1.1": text for name, text in bench.ANSWERS.items()}
CASES = {
    "right": Case("a small task, right first time", bench.TASKS, SMALL, 3, 2_100),
    "retry": Case(
        "a small task, one retry",
        bench.TASKS,
        {**SMALL, "halve.build.executor.1.1": WRONG, "halve.build.executor.2.1": MEND},
        4,
        3_200,
    ),
    "click": Case(
        "a real bug in click, no file named",
        BUG,
        {
            "halve.plan.architect.1.1": BUG_ADR,
            "halve.build.executor.1.1": BUG_CODE,
            "halve.deliver.reviewer.1.1": bench.REVIEW,
        },
        3,
        5_000,
    ),
}


def texts_of(body: Any) -> Iterator[str]:
    """Every text a model reads of a request: strings of messages and systems, declarations of tools whole."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name in {"tools", "output_config", "toolConfig"}:
                yield json.dumps(value, ensure_ascii=False)
            elif name in {"system", "systemInstruction", "messages", "contents", "content", "parts", "text"} or (
                not isinstance(value, str)
            ):
                yield from texts_of(value)
    elif isinstance(body, list):
        for item in body:
            yield from texts_of(item)
    elif isinstance(body, str):
        yield body


class Counter:
    """Tokens by the o200k vocabulary, counted by Node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        install = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", TOKENIZER]
        (folder / "package.json").write_text("{}")
        subprocess.run(install, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    def count(self, texts: list[str]) -> list[int]:
        """Of each text."""
        given = json.dumps(texts)
        done = subprocess.run(
            ["node", "-e", COUNT], cwd=self._folder, input=given, capture_output=True, text=True, check=True
        )
        return [int(number) for number in json.loads(done.stdout)]


def requests_of(case: Case, place: bench.Place) -> list[SeenRequest]:
    """What a run of the case asks, in its order; ends the script where the task is not delivered."""

    def script(seen: SeenRequest) -> Reply:
        return Reply(text=case.answers[seen.call_id])

    (place.folder / "tasks.yaml").write_text(case.tasks, encoding="utf-8")
    with Loopback(script) as server:
        variables = {
            "ANTHROPIC_API_KEY": "bench",
            "GEMINI_API_KEY": "bench",
            "NO_PROXY": "127.0.0.1",
            "ANTHROPIC_BASE_URL": server.url,
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "XDG_CACHE_HOME": str(place.folder / f"cache-{case.bar}"),
        }
        place.timed((*bench.ORCHESTRATE, "run", "tasks.yaml", "--sandbox", "none", "--no-input"), **variables)
        return [seen for seen in server.requests if seen.operation == "generate"]


def show(case: Case, requests: list[SeenRequest], counter: Counter) -> bool:
    """A row for each call and one for all; whether the bar holds."""
    sent = [sum(counter.count(list(texts_of(seen.body)))) for seen in requests]
    answered = counter.count([case.answers[seen.call_id] for seen in requests])
    print(f"{case.title:<52} {'sent':>7} {'answered':>9}")
    for seen, tokens, back in zip(requests, sent, answered, strict=True):
        print(f"  {seen.call_id:<50} {tokens:>7,} {back:>9,}")
    holds = sum(sent) <= case.bar and len(requests) <= case.calls
    print(
        f"  {'all':<50} {sum(sent):>7,} {sum(answered):>9,}   "
        f"bar {case.bar:,} in {case.calls} calls: {'holds' if holds else 'MISSED'}\n",
        flush=True,
    )
    return holds


def click_at(place: bench.Place, source: str) -> None:
    """The pinned commit, checked out."""
    target = place.folder / "click"
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", source, str(target)], check=True)
    named = ("config user.name Bench", "config user.email bench@example.invalid")
    for line in (f"checkout --quiet -B main {BROKEN}", *named):
        subprocess.run(["git", "-C", str(target), *line.split()], check=True)


def main() -> int:
    """0 where every bar holds."""
    parser = argparse.ArgumentParser(prog="scripts/bench tokens", description=__doc__)
    parser.add_argument("--click", default=CLICK, metavar="FOLDER", help="a clone of click, instead of fetching it")
    parser.add_argument("--case", choices=tuple(CASES), action="append", help="only this one; repeatable")
    parser.add_argument("--show", metavar="FOLDER", help="write each request's texts into this folder")
    args = parser.parse_args()
    holds = True
    for name in args.case or CASES:
        with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as folder:
            (Path(folder) / "count").mkdir()
            place, counter = bench.Place(Path(folder)), Counter(Path(folder) / "count")
            if name == "click":
                click_at(place, args.click)
            requests = requests_of(CASES[name], place)
            if args.show:
                _keep(Path(args.show) / name, requests)
            holds = show(CASES[name], requests, counter) and holds
    return 0 if holds else 1


def _keep(folder: Path, requests: list[SeenRequest]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seen in requests:
        (folder / f"{seen.call_id}.txt").write_text("\n----\n".join(texts_of(seen.body)), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
