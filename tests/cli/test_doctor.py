"""``orchestrate doctor``: planted troubles, each found by its name with its mend; a healthy repository is a GO.

Everything is real: git with its hooks and configuration, loopback servers behind the real SDKs, gates in processes. The
parts that take seconds (the gate) are rehearsed only where the trouble is theirs.
"""

from __future__ import annotations

import base64
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.settings.load import load_settings
from tests.fakes.loopback import Loopback, Reply, status
from tests.fakes.repositories import Repo, unborn
from tests.system import needs

PASSES = (
    "import os, socket, unittest\n\n\nclass Sum(unittest.TestCase):\n    def test_sum(self):\n"
    "        self.assertEqual(1 + 1, 2)\n"
)
TASKS = """\
version: 1
setup: []
gate: {lint: none, build: none, test: python -m unittest -v}
tasks:
  - {id: first, title: Reject prices below zero, acceptance: [a test shows it], files: [shop/price.py]}
  - {id: second, title: Round half up, acceptance: [a test shows it], files: [data/big.bin], depends_on: []}
  - {id: third, title: Name the currency, acceptance: [a test shows it], depends_on: [second]}
"""
KEY = "sk-test-0123456789abcdef"


@dataclass
class Site:
    """A repository with its tasks file, and the two providers behind one loopback server."""

    repo: Repo
    server: Loopback
    monkeypatch: pytest.MonkeyPatch
    flags: list[str] = field(default_factory=list)

    def ask(self, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, dict[str, Any]]:
        """Exit code and what was printed."""
        code = main(["doctor", str(self.repo.root / "tasks.yaml"), "--json", *self.flags, *flags])
        captured = capsys.readouterr()
        assert captured.out, captured.err
        return code, json.loads(captured.out)


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback(lambda _: Reply(text="ready"), key=KEY) as made:
        yield made


@pytest.fixture
def site(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    server.reset(lambda _: Reply(text="ready"))
    server.models = None
    server.headers.clear()
    variables = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "ANTHROPIC_BASE_URL": server.url,
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": KEY,
        "GEMINI_API_KEY": KEY,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "gitconfig").write_text("")
    repo = unborn(tmp_path / "tally")
    repo.commit("Start", **{"shop/price.py": "", "tasks.yaml": TASKS, "test_sum.py": PASSES, "data/big.bin": "x"})
    return Site(repo, server, monkeypatch)


@needs("git", "bwrap")
def test_a_healthy_repository_is_a_go(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = site.ask(capsys, "--call")
    assert (code, told["verdict"]) == (0, "GO"), told
    assert {row["weight"] for row in told["findings"]} == {"ok"}, told
    assert {"sandbox", "git", "identity", "models", "call", "clock", "gate", "disk", "night"} <= {
        row["topic"] for row in told["findings"]
    }
    assert site.repo.git("status", "--porcelain") == ""
    assert site.repo.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def token(ends: datetime) -> str:
    """A JSON web token that ends then."""
    parts = [{"alg": "none"}, {"exp": int(ends.timestamp())}, {"sig": 1}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def no_key(site: Site) -> None:
    site.monkeypatch.delenv("GEMINI_API_KEY")


def refused_key(site: Site) -> None:
    site.monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-expired-0123456789")


def ending_token(site: Site) -> None:
    site.monkeypatch.setenv("CORP_LOGIN", token(datetime.now(UTC) + timedelta(minutes=3)))
    site.flags += ["--set", "models.providers.google.key_env=[GEMINI_API_KEY, CORP_LOGIN]"]


def unknown_model(site: Site) -> None:
    site.flags += ["--set", "models.roles.executor.model=gemini-0-none", "--set", "caps.max_cost_usd=null"]
    models = load_settings(environment={}).settings.models
    site.server.models = [name for each in models.providers.values() for name in each.tiers.values()]


def used_up(site: Site) -> None:
    site.server.reset(lambda _: Reply(fault=status(402, message="your credit balance is too low")))
    site.flags += ["--call"]


def nothing_left(site: Site) -> None:
    site.server.headers["anthropic-ratelimit-tokens-remaining"] = "0"


def wrong_clock(site: Site) -> None:
    site.server.headers["date"] = format_datetime(datetime.now(UTC) - timedelta(minutes=20), usegmt=True)


def nobody(site: Site) -> None:
    for key in ("user.name", "user.email"):
        site.repo.git("config", "--unset", key)


def signed(site: Site) -> None:
    site.repo.git("config", "commit.gpgsign", "true")


def hooked(site: Site) -> None:
    site.repo.write(".git/hooks/commit-msg", "#!/bin/sh\nexit 1\n", executable=True)


def held_env(site: Site) -> None:
    site.repo.write(".env", "TOKEN=never-read\n").chmod(0)


def lost_submodule(site: Site) -> None:
    other = unborn(site.repo.root.parent / "other")
    other.commit("Start", a="a")
    site.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "data/parts")
    site.repo.commit("With a part")
    rest = site.repo.root / ".git/modules"
    rest.rename(site.repo.root.parent / "modules-gone")


def lost_lfs(site: Site) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    site.repo.commit("Kept elsewhere", **{".gitattributes": "*.bin filter=lfs\n", "data/big.bin": pointer})


def full_disk(site: Site) -> None:
    """Of the file's size this process may write, only a little is left: as a quota's end is met."""
    site.monkeypatch.setattr(site, "ask", _limited(site.ask))


def _limited(ask: Callable[..., Any]) -> Callable[..., Any]:
    def asked(*arguments: Any) -> Any:
        with file_size(1 << 20):
            return ask(*arguments)

    return asked


@contextmanager
def file_size(most: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def short_night(site: Site) -> None:
    here = datetime.now().astimezone() + timedelta(minutes=1)
    site.flags += ["--until", f"{here:%H:%M}"]


def no_price(site: Site) -> None:
    site.flags += ["--set", "models.roles.executor.model=gemini-9-new"]


def low_caps(site: Site) -> None:
    site.flags += ["--set", "caps.max_tokens=400000"]


QUICK = [
    ([(no_key, "provider-authentication", "_API_KEY=")], 6),
    ([(refused_key, "provider-authentication", "")], 6),
    ([(used_up, "provider-quota", "")], 6),
    ([(nobody, "no-identity", "git config --global user.name")], 6),
    ([(full_disk, "disk-full", "df -h")], 6),
    ([(short_night, "night-too-short", "--workers 2"), (unknown_model, "provider-not-found", "tiers")], 6),
    (
        [
            (ending_token, "credential-ends", "sign in again"),
            (nothing_left, "quota-empty", "raise the account's limit"),
            (wrong_clock, "clock-skew", "set-ntp"),
            (no_price, "unknown-price", "models.prices"),
        ],
        6,
    ),
    (
        [
            (lost_submodule, "submodule-missing", "git submodule update --init -- data/parts"),
            (signed, "signing-asked", "commit --amend --no-edit -S"),
            (hooked, "hooks-not-run", "check: pre-commit run"),
            (held_env, "env-file", "export what tests need"),
        ],
        0,
    ),
    ([(lost_lfs, "lfs-missing", "git lfs pull"), (low_caps, "caps-too-low", "raise --max-tokens")], 1),
]
"""Troubles by the slug they are told by and a part of the mend; several at once where they do not hide each other: a
rehearsal goes on after the first. Then the exit code."""


@needs("git", "bwrap")
@pytest.mark.parametrize(
    ("planted", "code"), QUICK, ids=["-".join(plant.__name__ for plant, _, _ in row[0]) for row in QUICK]
)
def test_a_planted_trouble_is_found_by_its_name(
    site: Site, capsys: pytest.CaptureFixture[str], planted: list[tuple[Callable[[Site], None], str, str]], code: int
) -> None:
    for plant, _, _ in planted:
        plant(site)
    ended, told = site.ask(capsys, "--quick")
    mends = {row["slug"]: row["mend"] for row in told["findings"] if row["slug"]}
    assert set(mends) == {slug for _, slug, _ in planted}, told  # each by its name, and nothing else
    for _, slug, mend in planted:
        assert mend in mends[slug]
    assert ended == code, told
    assert "never-read" not in json.dumps(told)
    if lost_lfs in [plant for plant, _, _ in planted]:  # what builds on a task that is left out is left out as well
        assert (told["verdict"], told["without"]) == ("GO without", ["second", "third"])


NETWORK = PASSES + (
    "\n    def test_network(self):\n"
    '        socket.create_connection(("127.0.0.1", int(open("port.txt").read())), 2).close()\n'
)
GATES = [
    ({"test_red.py": PASSES.replace("2)", "3)")}, TASKS, "gate-red", 0, "blocks no task"),
    ({}, TASKS.replace("python -m unittest -v", "no-such-runner"), "gate-broken", 6, "setup:"),
    ({}, TASKS.replace("setup: []", "setup: ['false']"), "gate-setup", 6, "mend `setup:`"),
    ({"test_sum.py": NETWORK}, TASKS, "gate-differs", 0, "gate: {allow: [network]}  # in orchestrate.yaml"),
]


@needs("git", "bwrap")
@pytest.mark.parametrize(("files", "tasks", "slug", "code", "mend"), GATES, ids=[row[2] for row in GATES])
def test_a_gate_that_would_not_do_is_told_with_the_line_that_mends_it(
    site: Site,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    tasks: str,
    slug: str,
    code: int,
    mend: str,
) -> None:
    site.repo.commit("Planted", **{"port.txt": str(site.server.port), "tasks.yaml": tasks, **files})
    ended, told = site.ask(capsys)
    found = [row for row in told["findings"] if row["slug"] == slug]
    assert found, told
    assert mend in found[0]["mend"]
    assert ended == code, told
