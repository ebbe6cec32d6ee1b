"""A gate tool that remembers what it said of a tree: ``pytest`` and ``mypy`` of the soaked nights.

What is soaked is the program that starts tools and reads them, a hundred times; not the tools. So each of them works
once for each tree, and says the same the next time it is asked about it. It is started, confined, timed and ended as
any other; only its own work is done once. Standard library alone: it is installed as the tool itself (:func:`install`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TOOLS = ("pytest", "mypy")


def install(folder: Path, real: Path) -> Path:
    """Put the remembering tools into ``folder``, before the real ones of ``real``; the folder."""
    folder.mkdir(parents=True)
    for tool in TOOLS:
        made = folder / tool
        text = Path(__file__).read_text(encoding="utf-8")
        made.write_text(f"#!{sys.executable} -IS\n{text}\nsys.exit(answer({str(real / tool)!r}))\n", encoding="utf-8")
        made.chmod(0o755)
    return folder


def answer(tool: str) -> int:
    """Say what the tool says of what is here; its exit code."""
    cache, scratch = Path(os.environ["XDG_CACHE_HOME"]), Path(os.environ["ORCHESTRATE_SCRATCH"])
    kept = cache / "remembered" / _key(cache, scratch)
    if not (kept / "said.json").exists():
        _remember(tool, kept, cache, scratch)
    said = json.loads((kept / "said.json").read_text(encoding="utf-8"))
    for name, place in (("scratch", scratch), ("cache", cache)):
        if (kept / name).is_dir():
            shutil.copytree(kept / name, place, dirs_exist_ok=True)
    sys.stdout.write(said["out"])
    sys.stderr.write(said["err"])
    return int(said["code"])


def _remember(tool: str, kept: Path, cache: Path, scratch: Path) -> None:
    """Let the real one work, and keep its words, its reports and what it left in its cache."""
    shutil.rmtree(kept, ignore_errors=True)
    before = {name: set(_files(place)) for name, place in (("scratch", scratch), ("cache", cache))}
    done = subprocess.run([tool, *sys.argv[1:]], capture_output=True, text=True, errors="replace", check=False)
    for name, place in (("scratch", scratch), ("cache", cache)):
        for path in set(_files(place)) - before[name]:
            target = kept / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / path, target)
    kept.mkdir(parents=True, exist_ok=True)
    said = {"out": done.stdout, "err": done.stderr, "code": done.returncode}
    (kept / "said.json").write_text(json.dumps(said), encoding="utf-8")


def _key(cache: Path, scratch: Path) -> str:
    """By what the tool is asked, how, and of which tree."""
    digest = hashlib.sha256(json.dumps(sys.argv).encode())
    for name, value in sorted(os.environ.items()):
        if name not in {"HOME", "TMPDIR"}:  # a command's own, empty when it begins
            digest.update(f"{name}={value.replace(str(scratch), 'SCRATCH')}\n".encode())
    for place in (Path(), cache):
        for path in sorted(_files(place)):
            digest.update(b"%s\0" % os.fsencode(path) + (place / path).read_bytes())
    return digest.hexdigest()[:32]


def _files(place: Path) -> Iterator[str]:
    """Files below a folder, but for git's and what is remembered."""
    for folder, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name not in {".git", "remembered"}]
        yield from (os.path.relpath(os.path.join(folder, name), place) for name in files)  # noqa: PTH118 - startup
