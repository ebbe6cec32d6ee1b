"""Pull requests through the forge's own command line tool: GitHub's ``gh``, GitLab's ``glab``.

The tool runs in an empty folder, told the repository by its address: a checkout's configuration never reaches it (I9).
It gets the variables it authenticates with and no others; what it prints is data.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any, Protocol

from orchestrator.adapters import processes
from orchestrator.domain.errors import ExitCode, OrchestrateError, RefusedError, UsageError

TIMEOUT_S = 120.0
"""Of one call: a forge that does not answer ends the command, not the morning (I12)."""
BODY_CHARACTERS = 60_000
"""GitHub takes 65,536 characters of a body."""
_PASSED = re.compile(
    r"(HOME|USER|LOGNAME|LANG|LC_ALL|TMPDIR|XDG_\w+|GH_\w+|GITHUB_\w+|GLAB_\w+|GITLAB_\w+|SSH_AUTH_SOCK"
    r"|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|SSL_CERT_\w+)"
)
_QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_PROMPT": "1", "NO_COLOR": "1"}
_ADDRESS = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/]+@)?(?P<host>[^/:]+)(?::\d+)?/|(?:[^@/]+@)?(?P<scp>[^/:]+):(?!/))"
    r"(?P<path>.+?)(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A pull request (GitLab: a merge request) that is open."""

    number: int
    url: str
    head: str
    """Its branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What a reviewer wrote."""

    text: str
    path: str = ""
    """The file it stands at; empty: at the whole."""
    line: int = 0


class Forge(Protocol):
    """Where reviews happen."""

    def find(self, head: str) -> Request | None:
        """The open request of that branch."""

    def open(self, *, head: str, base: str, title: str, body: str) -> Request:
        """Ask for ``head`` to be merged into ``base``."""

    def read(self, number: int) -> tuple[Request, tuple[Comment, ...]]:
        """A request and what its reviewers wrote, oldest first."""


def forge_of(address: str, environment: Mapping[str, str]) -> Forge:
    """The forge of a remote's address: GitLab where the host says so, else GitHub.

    ``UsageError`` where the address names no host, ``RefusedError`` where the tool is not installed.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UsageError(f"{address} is on no forge", hint="name another remote: --remote NAME", slug="no-forge")
    host, path = found["host"] or found["scp"], found["path"]
    gitlab = "gitlab" in host.lower()
    tool = _Tool("glab" if gitlab else "gh", environment)
    return GitLab(tool, host, path) if gitlab else GitHub(tool, host, path)


class _Tool:
    """One command line tool."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        program = which(name, path=environment.get("PATH", os.defpath))
        if program is None:
            where = {"gh": "https://cli.github.com", "glab": "https://gitlab.com/gitlab-org/cli"}[name]
            hint = f"see {where}, then: {name} auth login"
            raise RefusedError(f"{name} is not installed", hint=hint, slug="no-forge")
        self.name, self._program = name, program
        passed = {key: value for key, value in environment.items() if _PASSED.fullmatch(key)}
        self._environment = {**passed, "PATH": environment.get("PATH", os.defpath), **_QUIET}

    def say(self, *argv: str) -> str:
        """What it prints; ``OrchestrateError`` with its own words where it fails."""
        with tempfile.TemporaryDirectory() as folder:
            ended = processes.run(
                processes.Process(
                    argv=(self._program, *argv), cwd=Path(folder), environment=self._environment, timeout_s=TIMEOUT_S
                )
            )
        if ended.exit_code != 0:
            why = "no answer in time" if ended.timed_out else " ".join(ended.stderr.split())[-500:] or "no message"
            raise ForgeError(f"{self.name} {' '.join(argv[:2])}: {why}", hint=f"{self.name} auth status")
        return ended.stdout

    def data(self, *argv: str) -> Any:
        """What it prints, as JSON."""
        said = self.say(*argv)
        try:
            return json.loads(said or "null")
        except ValueError:
            raise ForgeError(
                f"{self.name} {' '.join(argv[:2])}: answered with no JSON: {said[:200]!r}",
                hint=f"is {self.name} up to date?",
            ) from None


class ForgeError(OrchestrateError):
    """The forge refused, or its tool failed. Nothing in the repository has changed."""

    slug = "forge"
    exit_code = ExitCode.PROVIDER


class GitHub:
    """Through ``gh``."""

    def __init__(self, tool: _Tool, host: str, path: str) -> None:
        self._tool, self._host, self._path = tool, host, path
        self._where = ("--repo", f"{host}/{path}")

    def find(self, head: str) -> Request | None:
        """The open one of that branch."""
        found = self._tool.data(
            "pr", "list", *self._where, "--head", head, "--state", "open", "--json", "number,url,headRefName"
        )
        return _github(found[0]) if found else None

    def open(self, *, head: str, base: str, title: str, body: str) -> Request:
        """A new one."""
        with tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8") as file:
            file.write(body[:BODY_CHARACTERS])
            file.flush()
            words = ("--head", head, "--base", base, "--title", title, "--body-file", file.name)
            url = self._tool.say("pr", "create", *self._where, *words).strip().splitlines()[-1]
        return Request(number=_number(url), url=url, head=head)

    def read(self, number: int) -> tuple[Request, tuple[Comment, ...]]:
        """Reviews, then comments on lines, then comments on the whole."""
        fields = "number,url,headRefName,reviews,comments"
        seen = self._tool.data("pr", "view", str(number), *self._where, "--json", fields)
        lines = self._tool.data(
            "api", "--hostname", self._host, "--paginate", f"repos/{self._path}/pulls/{number}/comments"
        )
        texts = [*(seen.get("reviews") or ()), *(seen.get("comments") or ())]
        whole = [Comment(text=str(one["body"])) for one in texts if str(one.get("body") or "").strip()]
        placed = [
            Comment(text=str(one["body"]), path=str(one.get("path") or ""), line=_line(one.get("line")))
            for one in lines or ()
            if str(one.get("body") or "").strip()
        ]
        return _github(seen), (*placed, *whole)


class GitLab:
    """Through ``glab``; its requests are merge requests."""

    def __init__(self, tool: _Tool, host: str, path: str) -> None:
        self._tool = tool
        self._where = ("--repo", f"https://{host}/{path}")
        self._project = path.replace("/", "%2F")
        self._host = ("--hostname", host)

    def find(self, head: str) -> Request | None:
        """The open one of that branch."""
        found = self._tool.data("mr", "list", *self._where, "--source-branch", head, "--output", "json")
        return _gitlab(found[0]) if found else None

    def open(self, *, head: str, base: str, title: str, body: str) -> Request:
        """A new one."""
        words = ("--source-branch", head, "--target-branch", base, "--title", title)
        said = self._tool.say("mr", "create", *self._where, *words, "--description", body[:BODY_CHARACTERS], "--yes")
        url = re.findall(r"https?://\S+/merge_requests/\d+", said)
        if not url:
            raise ForgeError("glab mr create: named no merge request", hint="glab mr list")
        return Request(number=_number(url[-1]), url=url[-1], head=head)

    def read(self, number: int) -> tuple[Request, tuple[Comment, ...]]:
        """Notes that people wrote, oldest first."""
        at = f"projects/{self._project}/merge_requests/{number}"
        seen = self._tool.data("api", *self._host, at)
        notes = self._tool.data("api", *self._host, f"{at}/notes?sort=asc&per_page=100")
        comments = []
        for note in notes or ():
            if note.get("system") or not str(note.get("body") or "").strip():
                continue
            place = note.get("position") or {}
            path, line = str(place.get("new_path") or ""), _line(place.get("new_line"))
            comments.append(Comment(text=str(note["body"]), path=path, line=line))
        return _gitlab(seen), tuple(comments)


def _github(data: Mapping[str, Any]) -> Request:
    return Request(number=int(data["number"]), url=str(data["url"]), head=str(data["headRefName"]))


def _gitlab(data: Mapping[str, Any]) -> Request:
    return Request(number=int(data["iid"]), url=str(data["web_url"]), head=str(data["source_branch"]))


def _number(url: str) -> int:
    last = url.rstrip("/").rsplit("/", 1)[-1]
    return int(last) if last.isdigit() else 0


def _line(stated: object) -> int:
    return stated if isinstance(stated, int) else 0
