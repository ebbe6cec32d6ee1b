"""``scripts/bench index``: the symbol index on made trees, beside one ``git grep -wF -f`` for the same symbols.

A tree is half TypeScript, half Python, with words and imports as in large repositories, about 5 kB a file. Look-ups are
timed inside fresh processes with a warm page cache, from nothing to the last answer; the interpreter's start and the
imports are the row of ``start``. Processor time is shown beside wall time: on a busy machine only that is the work's.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess  # noqa: TID251 - fresh processes are what is measured
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

SIZES = (5_000, 17_000)
SYMBOLS = 50
# fmt: off
_SYLLABLES = (
    "ac", "ban", "cor", "del", "en", "far", "gro", "hol", "im", "jun", "kel", "lor", "men", "nor", "op", "par", "qua",
    "ris", "sen", "tor", "ul", "ver", "win", "xan", "yel", "zor",
)
# fmt: on
BARS = {5_000: (3.0, 0.1), 17_000: (10.2, 0.3)}
"""Seconds for the full index (3 s a 5,000 files) and the first 50 symbols; an edit: ``EDIT_BAR``."""
EDIT_BAR = 0.005
_MEASURE = """\
import json, sys, time
from pathlib import Path
from orchestrator.failures.index import SymbolIndex
from orchestrator.failures.view import RepositoryView
root, listing, mode, store = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
symbols = json.loads(sys.argv[5])
files = tuple(listing.read_text().split("\\n"))
began, busy = time.perf_counter(), time.process_time()
index = SymbolIndex(RepositoryView(root, files), store=Path(store) if store else None)
found = 0
if mode == "full":
    index.build()
elif mode == "one":
    found = sum(len(index.definitions(name, language)) for language, names in symbols.items() for name in names)
else:
    for language, names in symbols.items():
        found += sum(map(len, index.definitions_of(names, language).values()))
if mode == "edit":
    path = files[int(sys.argv[6]) % len(files)]
    new = f"edited{time.monotonic_ns()}"
    with (root / path).open("a") as stream:
        stream.write(f"\\n\\ndef {new}(): ...\\n" if path.endswith(".py") else f"\\nexport const {new} = 1;\\n")
    began, busy = time.perf_counter(), time.process_time()
    index.refresh([path])
    found = len(index.definitions(new, "python" if path.endswith(".py") else "javascript"))
print(json.dumps([time.perf_counter() - began, time.process_time() - busy, found]))
"""


@dataclass(slots=True)
class Tree:
    """A made tree under git, and the symbols asked for."""

    root: Path
    listing: Path
    symbols: dict[str, list[str]]


def make(folder: Path, count: int, seed: int = 7) -> Tree:
    """Write ``count`` files and stage them."""
    chance = random.Random(seed)
    words = [
        "".join(part.title() if number else part for number, part in enumerate(chance.choices(_SYLLABLES, k=3)))
        for _ in range(12_000)
    ]
    root = folder / f"tree-{count}"
    defined: dict[str, list[tuple[str, str]]] = {"python": [], "javascript": []}
    paths = []
    for number in range(count):
        language = "python" if number % 2 else "javascript"
        suffix = ".py" if number % 2 else chance.choice((".ts", ".ts", ".tsx"))
        package, module = f"area_{number % 97}", f"module_{number}"
        path = f"{package}/part_{number % 11}/{module}{suffix}"
        own = [f"{chance.choice(words)}{chance.choice(words).title()}{number}" for _ in range(6)]
        writer = _python if number % 2 else _typescript
        taken = chance.sample(defined[language], min(8, len(defined[language])))
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(writer(chance, words, own, taken)) + "\n", encoding="utf-8")
        paths.append(path)
        stem = path.rsplit(".", 1)[0]
        defined[language].extend((name, stem if language == "javascript" else stem.replace("/", ".")) for name in own)
    for line in ("init -q -b main", "add -A"):
        subprocess.run(["git", "-C", str(root), *line.split()], check=True)
    listing = folder / f"listing-{count}"
    listing.write_text("\n".join(sorted(paths)), encoding="utf-8")
    half = SYMBOLS // 2
    symbols = {language: [name for name, _ in chance.sample(names, half - 5)] for language, names in defined.items()}
    for names in symbols.values():
        names.extend(chance.sample(words, 3))  # everyday words: in many files, defined in few
        names.extend(f"nowhere{chance.randrange(10**6)}" for _ in range(2))
    return Tree(root, listing, symbols)


def _python(chance: random.Random, words: list[str], own: list[str], taken: list[tuple[str, str]]) -> Iterator[str]:
    yield '"""A module."""\n\nfrom __future__ import annotations\n\nimport json\nfrom pathlib import Path\n'
    yield from (f"from {module} import {name}" for name, module in taken)
    yield f"\n{chance.choice(words).upper()} = {{{', '.join(repr(word) for word in chance.choices(words, k=6))}}}"
    for number, name in enumerate(own):
        if not number % 3:
            yield f'\n\nclass {name}:\n    """Holds {" ".join(chance.choices(words, k=6))}."""\n'
            for method in chance.choices(words, k=2):
                yield f"    def {method}(self, value: int) -> int:"
                yield from _python_body(chance, words, taken, "        ")
        else:
            yield f"\n\ndef {name}({', '.join(dict.fromkeys(chance.choices(words, k=3)))}):"
            yield from _python_body(chance, words, taken, "    ")


def _python_body(chance: random.Random, words: list[str], taken: list[tuple[str, str]], indent: str) -> Iterator[str]:
    for _ in range(3):
        first, second, third = chance.choices(words, k=3)
        used = chance.choice(taken)[0] if taken else second
        yield f"{indent}{first} = {used}({second}, {third}={chance.randrange(99)})"
        yield f"{indent}if {first}.{third} is not None:\n{indent}    return {first}.{second}[{third!r}]  # {second}"


def _typescript(chance: random.Random, words: list[str], own: list[str], taken: list[tuple[str, str]]) -> Iterator[str]:
    yield from (f"import {{ {name} }} from '../../{module}';" for name, module in taken)
    yield f"\nconst {chance.choice(words)} = [{', '.join(repr(word) for word in chance.choices(words, k=6))}];"
    for number, name in enumerate(own):
        first, second, third = chance.choices(words, k=3)
        if not number % 3:
            yield f"\nexport interface {name} {{\n  {first}: string;\n  {second}?: number;\n  {third}: {name}[];\n}}"
            continue
        yield f"\n/** {' '.join(chance.choices(words, k=8))} */"
        yield f"export function {name}({first}: string, {second} = 0) {{"
        for _ in range(4):
            first, second, third = chance.choices(words, k=3)
            used = chance.choice(taken)[0] if taken else second
            yield f"  const {first} = {used}({second}, {{ {third}: {chance.randrange(99)} }});"
            yield f"  if ({first}.{third} !== undefined) {{\n    return {first}.{second}; // {third}\n  }}"
        yield "}"


@dataclass(slots=True)
class Row:
    """One line of the table: seconds of wall and of processor time, one of each a round."""

    name: str
    mode: str
    store: bool
    bar: float | None = None
    wall: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    found: set[int] = field(default_factory=set)


def index(folder: Path, rounds: int) -> None:
    """Measure each size and print its table."""
    for size in SIZES:
        tree = make(folder, size)
        full, first = BARS[size]
        rows = [
            Row(f"git grep -wF -f, {SYMBOLS} symbols", "grep", store=False),
            Row("full index written", "full", store=True, bar=full),
            Row(f"first {SYMBOLS} symbols, index on disk", "each", store=True, bar=first),
            Row("  the same, asked one by one", "one", store=True, bar=first),
            Row("an edit taken up and found", "edit", store=True, bar=EDIT_BAR),
            Row(f"{SYMBOLS} symbols, nothing on disk, together", "each", store=False),
            Row("  the same, asked one by one", "one", store=False),
        ]
        for number in range(rounds):
            for row in rows:
                _once(tree, row, number)
        _print(size, rows, rounds)


def _once(tree: Tree, row: Row, number: int) -> None:
    if row.mode == "grep":
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        argv = ["git", "-C", str(tree.root), "grep", "-lwF", "-f", "-"]
        words = "\n".join(name for names in tree.symbols.values() for name in names)
        subprocess.run(argv, input=words, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        row.wall.append(time.perf_counter() - began)
        row.busy.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return
    store = str(tree.listing.with_suffix(".index")) if row.store else ""
    argv = [sys.executable, "-c", _MEASURE, str(tree.root), str(tree.listing), row.mode, store]
    ended = subprocess.run(
        [*argv, json.dumps(tree.symbols), str(number * 977)], stdout=subprocess.PIPE, text=True, check=True
    )
    wall, busy, found = json.loads(ended.stdout)
    row.wall.append(wall)
    row.busy.append(busy)
    row.found.add(found)


def _print(size: int, rows: list[Row], rounds: int) -> None:
    answers = {found for row in rows if row.mode in {"one", "each"} for found in row.found}
    if len(answers) != 1 or next(row.found for row in rows if row.mode == "edit") != {1}:
        raise SystemExit(f"the ways do not answer alike: {[(row.name, row.found) for row in rows]}")
    floor = rows[0]
    print(f"{f'index, {size} files':<46} {'min':>9} {'median':>9} {'busy':>9} {'x grep':>7} {'bar':>9}")
    for row in rows:
        bar = f"{row.bar * 1000:>6.0f} ms" if row.bar is not None else ""
        times = f"{min(row.wall) * 1000:>6.1f} ms {median(row.wall) * 1000:>6.1f} ms {min(row.busy) * 1000:>6.1f} ms"
        print(f"  {row.name:<44} {times} {min(row.wall) / min(floor.wall):>7.2f} {bar:>9}")
    print(f"  {rounds} rounds, in turns; {answers.pop()} definitions each way\n", flush=True)
