"""The canary repository: each key of git that runs a program, and each hook, touches a file of its own (promise I9).

In plain git they do fire (``adapters/git/test_git.py`` shows it); in the program's git none may.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.fakes import repositories as made


def canary(folder: Path, fired: Path, project: Mapping[str, str] = {}) -> made.Repo:
    """The repository, with ``project`` committed before its configuration turns evil; ``fired`` is made, and empty."""
    fired.mkdir()
    repo = made.plain(folder)
    repo.commit("project", **project)
    repo.write(".gitattributes", "*.py filter=evil diff=evil merge=evil\n*.md filter=lfs diff=evil\n")
    repo.write("src/app.py", "def add(a, b):\n    return a - b\n")
    repo.commit("attributes")

    def touch(name: str) -> str:
        script = folder / ".git" / f"canary-{name}"
        script.write_text(f'#!/bin/sh\ntouch "{fired}/{name}"\ncat\n')
        script.chmod(0o755)
        return str(script)

    for key in (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass",
        "core.alternateRefsCommand", "diff.external", "sequence.editor", "gpg.program", "credential.helper",
        "filter.evil.clean", "filter.evil.smudge", "filter.lfs.clean", "filter.lfs.smudge", "diff.evil.textconv",
        "diff.evil.command", "merge.evil.driver", "uploadpack.packObjectsHook", "remote.origin.uploadpack",
        "hook.evil.command", "pager.status", "pager.log", "interactive.diffFilter", "gc.recentObjectsHook",
        "receive.procReceiveRefs", "trailer.evil.command", "submodule.lib.update",
    ):  # fmt: skip
        repo.git("config", key, touch(key.replace(".", "-")))
    for key, value in (
        ("alias.status", "!" + touch("alias-status")), ("alias.rev-parse", "!" + touch("alias-rev")),
        ("hook.evil.event", "reference-transaction"), ("commit.gpgSign", "true"), ("filter.evil.required", "true"),
        ("remote.origin.url", str(folder)), ("remote.origin.promisor", "true"),
        ("url.ext::sh -c touch% x.insteadOf", "/"), ("protocol.ext.allow", "always"), ("gc.auto", "1"),
        ("gc.autoPackLimit", "1"), ("maintenance.auto", "true"),
        ("core.hooksPath", str(folder / ".git" / "evil-hooks")),
    ):  # fmt: skip
        repo.git("config", key, value)
    for hooks in (folder / ".git" / "hooks", folder / ".git" / "evil-hooks"):
        hooks.mkdir(exist_ok=True)
        for name in (
            "pre-commit", "post-commit", "reference-transaction", "post-checkout", "post-merge", "post-index-change",
            "pre-auto-gc", "post-rewrite", "commit-msg", "prepare-commit-msg", "fsmonitor-watchman",
        ):  # fmt: skip
            script = hooks / name
            script.write_text(f'#!/bin/sh\ntouch "{fired}/hook-{name}"\n')
            script.chmod(0o755)
    return repo
