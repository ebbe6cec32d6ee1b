"""Pull requests: real git and a real remote, the forge's tool a script that remembers what it was told."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.forge import forge_of
from orchestrator.domain.errors import RefusedError, UsageError
from orchestrator.domain.task import Task
from orchestrator.landing.requests import answer_file, origin_of
from orchestrator.strict_yaml import read
from tests.e2e.nights import Ended
from tests.landing.site import ACCEPT, HEAD, Site

TOOL = """\
#!{python}
import json, os, pathlib, sys
here = pathlib.Path({here!r})
said = sys.argv[1:]
told = dict(argv=said, cwd=sorted(os.listdir(".")), key=os.environ.get("GH_TOKEN"))
told["model"] = os.environ.get("GEMINI_API_KEY")
if "--body-file" in said:
    told["body"] = pathlib.Path(said[said.index("--body-file") + 1]).read_text()
with (here / "told.jsonl").open("a") as log:
    log.write(json.dumps(told) + "\\n")
answers = json.loads((here / "answers.json").read_text())
for words, answer in answers.items():
    if " ".join(said).startswith(words):
        print(answer if isinstance(answer, str) else json.dumps(answer))
        sys.exit(0)
sys.exit("no such thing: " + " ".join(said))
"""
URL = "https://github.example.invalid/acme/small.git"


class FakeTool:
    """``gh`` or ``glab``, and the remote behind it."""

    def __init__(self, site: Site, folder: Path, name: str, url: str = URL) -> None:
        self.site, self.folder, self.name = site, folder, name
        folder.mkdir()
        program = folder / name
        program.write_text(TOOL.format(python=sys.executable, here=str(folder)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        site.git("init", "-q", "--bare", str(folder / "remote.git"))
        config = Path(site.place.environment["GIT_CONFIG_GLOBAL"])
        config.write_text(config.read_text() + f'[url "file://{folder}/remote.git"]\n\tinsteadOf = {url}\n')
        site.git("remote", "add", "origin", url)

    def answers(self, **answers: Any) -> None:
        """What it says to words (``_`` for a space)."""
        spoken = {words.replace("_", " "): answer for words, answer in answers.items()}
        (self.folder / "answers.json").write_text(json.dumps(spoken))

    def run(self, *argv: str) -> Ended:
        """The tool's own command, with that program in front."""
        path = f"{self.folder}:{self.site.place.environment['PATH']}"
        return self.site.place.orchestrate(*argv, PATH=path, GH_TOKEN="forge-key", GEMINI_API_KEY="model-key")

    def told(self) -> list[dict[str, Any]]:
        """Everything it was called with."""
        return [json.loads(line) for line in (self.folder / "told.jsonl").read_text().splitlines()]

    def remote(self, branch: str) -> str:
        """Where a branch stands there."""
        return self.site.git("ls-remote", str(self.folder / "remote.git"), f"refs/heads/{branch}").split("\t")[0]


@pytest.fixture
def gh(site: Site, tmp_path: Path) -> FakeTool:
    return FakeTool(site, tmp_path / "gh", "gh")


def test_a_request_for_each_branch_with_its_evidence(site: Site, gh: FakeTool) -> None:
    gh.answers(pr_list=[], pr_create="Creating...\nhttps://github.example.invalid/acme/small/pull/7")
    before = site.status(), site.head
    ended = gh.run("land", "top", "left", "--pr")
    assert ended.code == 0, ended.err
    assert "top: opened: https://github.example.invalid/acme/small/pull/7" in ended.out
    assert "orchestrate resume --from-pr 7" in ended.out
    for task in ("top", "left"):
        assert gh.remote(site.branch(task)) == site.git("rev-parse", site.branch(task))
    assert gh.remote("main") == ""  # nothing else was sent
    assert (site.status(), site.head) == before
    created = [told for told in gh.told() if told["argv"][:2] == ["pr", "create"]]
    first = created[0]["argv"]
    assert first[first.index("--repo") + 1] == "github.example.invalid/acme/small"
    assert first[first.index("--base") + 1] == "main"
    assert first[first.index("--head") + 1] == site.branch("top")
    assert "## Decision" in created[0]["body"]
    assert "## Gate" in created[0]["body"]
    assert "budget" in created[0]["body"]
    assert (created[0]["key"], created[0]["model"], created[0]["cwd"]) == ("forge-key", None, [])


def test_a_request_that_is_open_already_gets_the_branch_alone(site: Site, gh: FakeTool) -> None:
    url = "https://github.example.invalid/acme/small/pull/3"
    gh.answers(pr_list=[{"number": 3, "url": url, "headRefName": site.branch("top")}])
    ended = gh.run("land", "top", "--pr", "--json")
    assert json.loads(ended.out)["requests"] == [{"task": "top", "how": "open already", "url": url, "number": 3}]
    assert gh.remote(site.branch("top"))


def test_a_forge_that_refuses_says_so_and_changes_nothing_here(site: Site, gh: FakeTool) -> None:
    gh.answers()
    ended = gh.run("land", "top", "--pr")
    assert ended.code == 4
    assert "gh pr list: no such thing" in ended.err
    assert "hint: gh auth status" in ended.err
    assert site.status() == ""


def test_a_hook_does_not_run_when_a_branch_is_sent(site: Site, gh: FakeTool) -> None:
    hook = site.repo / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {gh.folder}/ran\n")
    hook.chmod(0o755)
    site.git("push", "-q", "origin", "main:refs/heads/by-hand")
    assert (gh.folder / "ran").exists()  # the control: it does run for its user
    (gh.folder / "ran").unlink()
    gh.answers(pr_list=[], pr_create="https://github.example.invalid/acme/small/pull/7")
    assert gh.run("land", "top", "--pr").code == 0
    assert not (gh.folder / "ran").exists()


def test_reviewers_comments_come_back_as_a_task(site: Site, gh: FakeTool) -> None:
    """From the reviewed commit, told every comment with its place; the new branch grows out of the old one."""
    head = site.branch("left")
    view = {
        "number": 9,
        "url": "https://github.example.invalid/acme/small/pull/9",
        "headRefName": head,
        "reviews": [{"body": "Nearly."}, {"body": ""}],
        "comments": [{"body": "Say where it is."}],
    }
    inline = [{"body": "Which left?", "path": "left.txt", "line": 1}]
    gh.answers(pr_view=view, api=inline)
    calls = site.place.folder / "answers"
    calls.mkdir()
    changed = "left.txt\n```\n<<<<<<< SEARCH\nleft\n=======\nleft, of the door\n>>>>>>> REPLACE\n```\n"
    adr = "# Say which\n\n" + "".join(f"## {name}\nSo.\n" for name in ("Context", "Options", "Decision", "Rationale"))
    adr += "## Files\n- left.txt (modify): say which\n## Consequences\nNone.\n### Invariant Compliance\nNone given.\n"
    for name, text in {"plan.architect": adr, "build.executor": changed, "deliver.reviewer": ACCEPT}.items():
        (calls / f"left-pr-9.{name}.1.1.md").write_text(HEAD + text)
    run = site.place.run_folder().name
    ended = gh.run("resume", run, "--from-pr", "9", "--models", f"replay:{calls}", "--sandbox", "none")
    assert ended.code == 0, ended.err + ended.out
    told = read((site.place.folder / "runs" / run / "pr-9.yaml").read_text(), source="pr").data
    description = told["tasks"][0]["description"]
    assert "- left.txt:1: Which left?\n- Nearly.\n- Say where it is.\n" in description
    assert told["base"] == site.git("rev-parse", head)
    new = site.git("for-each-ref", "--format=%(refname:short)", "refs/heads/orchestrate/*/left-pr-9")
    assert site.git("rev-parse", f"{new}^") == site.git("rev-parse", head)
    assert site.git("show", f"{new}:left.txt") == "left, of the door"
    assert f"left-pr-9:{head}" in ended.out


def test_a_merge_request_by_glab(site: Site, tmp_path: Path) -> None:
    glab = FakeTool(site, tmp_path / "glab", "glab", "git@gitlab.example.invalid:acme/deep/small.git")
    url = "https://gitlab.example.invalid/acme/deep/small/-/merge_requests/4"
    glab.answers(mr_list=[], mr_create=f"!4 Do top\n {url}\n")
    ended = glab.run("land", "top", "--pr")
    assert f"top: opened: {url}" in ended.out, ended.err
    created = glab.told()[-1]["argv"]
    assert created[created.index("--repo") + 1] == "https://gitlab.example.invalid/acme/deep/small"
    assert created[created.index("--target-branch") + 1] == "main"


def test_comments_on_a_merge_request(tmp_path: Path) -> None:
    tool = tmp_path / "glab"
    tool.write_text(TOOL.format(python=sys.executable, here=str(tmp_path)))
    tool.chmod(0o755)
    at = "api --hostname gitlab.com projects/acme%2Fsmall/merge_requests/4"
    notes = [
        {"body": "changed the milestone", "system": True},
        {"body": "Why?", "position": {"new_path": "a.py", "new_line": 3}},
    ]
    seen = {"iid": 4, "web_url": "https://gitlab.com/x/4", "source_branch": "orchestrate/r/t"}
    (tmp_path / "answers.json").write_text(json.dumps({f"{at}/notes": notes, at: seen}))
    forge = forge_of("https://gitlab.com/acme/small.git", {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    request, comments = forge.read(4)
    assert request.head == "orchestrate/r/t"
    assert [(one.path, one.line, one.text) for one in comments] == [("a.py", 3, "Why?")]


def test_what_cannot_be_asked_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="gh is not installed"):
        forge_of("https://github.com/acme/small", {"PATH": str(tmp_path)})
    with pytest.raises(UsageError, match="is on no forge"):
        forge_of("/srv/git/small.git", {})
    with pytest.raises(UsageError, match="was not delivered by a run"):
        origin_of("feature/mine")
    assert origin_of("orchestrate/20261121-0236-pilot/fix-a").task == "fix-a"
    with pytest.raises(UsageError, match="nobody has commented"):
        answer_file({}, Task(id="a", title="A"), number=1, commit="c" * 40, remarks=())
