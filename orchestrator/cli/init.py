"""``orchestrate init [FOLDER]``: looks at a repository, tries its gate on a copy, writes the first two files.

What is there already is kept unless ``--force`` is given. The gate is tried in a lane of the tool's own, as a run's is;
where the detected set-up or tests do not work, what CI does is tried as well, and what worked is written down.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.adapters.folder_tree import FolderTree
from orchestrator.cli.fitted import fitted
from orchestrator.cli.init_files import write_files
from orchestrator.cli.init_text import Looked, as_json, as_text
from orchestrator.cli.night import signals
from orchestrator.cli.options import sets_of
from orchestrator.domain.errors import ExitCode, OrchestrateError, PausedError, UsageError
from orchestrator.domain.gate import GateReport
from orchestrator.drafts.attempts import Tried, best, next_proposal, of_packages
from orchestrator.drafts.draft import Draft
from orchestrator.drafts.issues import issue_drafts
from orchestrator.drafts.project_file import Proposal, Seen
from orchestrator.drafts.survey import Survey, survey
from orchestrator.drafts.todo import remarks, todo_drafts
from orchestrator.gate.base_state import BaseWord, base_state
from orchestrator.gate.detect import make_plan
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.gate.tree import LaneTree, TreeReader
from orchestrator.intake import PROJECT_FILE, Project, load_project
from orchestrator.reports.inert import encodable, one_line
from orchestrator.wiring_gate import GateSite, open_gate_site

_REMARK_FILES = 20_000
"""Files that are looked through for TODO comments."""


def run(args: argparse.Namespace) -> int:
    """0: the files are there and the gate works, green or red; 1: the gate does not work yet."""
    folder = Path(args.folder).resolve()
    if not folder.is_dir():
        raise UsageError(f"there is no folder {args.folder}", hint="orchestrate init path/to/repository")
    issues = _issues(args.from_issues)
    with signals():
        looked = _look(folder, args, issues)
    written = write_files(folder, args.tasks, looked.seen, looked.proposal, looked.drafts, force=args.force)
    if args.json:
        print(json.dumps(as_json(looked, written), indent=2))
    else:
        text = "\n".join(as_text(looked, written)) + "\n"
        sys.stdout.write(encodable(fitted(text, sys.stdout), sys.stdout.encoding))
    state = looked.seen.state
    works = state is None or state.works or state.word is BaseWord.EMPTY
    return ExitCode.OK if works and not looked.trouble else ExitCode.TASKS_OPEN


def _issues(file: str | None) -> tuple[Draft, ...] | None:
    if file is None:
        return None
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file} cannot be read: {why}", hint="check the path", slug="no-file") from None
    return tuple(issue_drafts(text, source=file))


def _look(folder: Path, args: argparse.Namespace, issues: tuple[Draft, ...] | None) -> Looked:
    """In a lane where there is a commit to look at, else at the folder as it is."""
    try:
        with open_gate_site(_project(folder, args), before="init") as site:
            return _look_in(site, args, issues)
    except (UsageError, PausedError) as error:
        if (folder / PROJECT_FILE).exists() and error.slug == "bad-file":
            raise
        return _look_at(FolderTree(folder), args, issues, f"{error.message}; {error.hint}")
    except OrchestrateError as error:
        return _look_at(FolderTree(folder), args, issues, f"{error.message}; {error.hint}")


def _project(folder: Path, args: argparse.Namespace) -> Project:
    """The folder's gate: as its own ``orchestrate.yaml`` has it where that is kept, else all detected."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "tasks.yaml"
        entry = {"version": 1, "repo": str(folder), "tasks": [{"id": "init", "title": "The gate by hand"}]}
        path.write_text(json.dumps(entry), encoding="utf-8")
        kept = (folder / PROJECT_FILE).exists() and not args.force
        placed = folder / "tasks.yaml" if kept else None
        return load_project(path, environment=os.environ, sets=sets_of(args), placed=placed)


def _look_in(site: GateSite, args: argparse.Namespace, issues: tuple[Draft, ...] | None) -> Looked:
    lane = site.gate.lane
    tree = LaneTree(lane, lane.tree_of(site.commit))
    found = survey(tree, shipped_toolchains())
    drafts, count_ = _drafts(tree, args, issues)
    if args.no_gate:
        plan = make_plan(tree, site.gate.batch.gate, (), site.gate.settings.gate, shipped_toolchains())
        seen = Seen(survey=found, plan=plan)
        return Looked(seen=seen, proposal=Proposal(), drafts=drafts, remarks=count_)
    _say(f"trying the gate on a copy of {site.commit[:12]} (sandbox {site.sandbox}); your files stay as they are")
    trial = _Trial(site=site, tree=tree, survey=found, given=site.gate.batch.gate != ())
    tried = trial.run()
    chosen = best(tried)
    if chosen is not tried[-1]:
        trial.plan, trial.report = GatePlan(checks=()), None
    trouble = chosen.refused or ("; ".join(chosen.state.broken) if chosen.state and not chosen.state.works else "")
    seen = Seen(survey=found, plan=trial.plan, setup=trial.setup, state=chosen.state)
    return Looked(
        seen=seen,
        proposal=chosen.proposal,
        drafts=drafts,
        report=trial.report,
        tried=len(tried),
        trouble=trouble,
        remarks=count_,
    )


def _look_at(tree: FolderTree, args: argparse.Namespace, issues: tuple[Draft, ...] | None, trouble: str) -> Looked:
    """Without a commit, or without a sandbox: what the files say, and nothing tried."""
    chains = shipped_toolchains()
    drafts, count_ = _drafts(tree, args, issues)
    limits = _project(tree.root, args).loaded.settings.gate
    seen = Seen(survey=survey(tree, chains), plan=make_plan(tree, (), (), limits, chains))
    trouble = "" if args.no_gate else f"the gate was not tried: {trouble}"
    return Looked(seen=seen, proposal=Proposal(), drafts=drafts, trouble=trouble, remarks=count_)


def _drafts(
    tree: TreeReader, args: argparse.Namespace, issues: tuple[Draft, ...] | None
) -> tuple[tuple[Draft, ...] | None, int]:
    """The drafts that were asked for, about files that are there; and how many TODO comments the code has."""
    texts = ((path, tree.read(path) or "") for path in list(tree.files)[:_REMARK_FILES] if _is_code(path))
    found = list(remarks(texts)) if args.from_todo or issues is None else []
    drafts = [*(todo_drafts(found) if args.from_todo else ()), *(issues or ())]
    there = set(tree.files)
    placed = tuple(replace(draft, files=tuple(file for file in draft.files if file in there)) for draft in drafts)
    return (placed if args.from_todo or issues is not None else None), len(found)


def _is_code(path: str) -> bool:
    skipped = {"node_modules", "vendor", "third_party", "dist", "build", ".git"}
    minified = path.endswith((".min.js", ".lock", ".map", ".svg", ".json", ".md", ".rst", ".txt"))
    return not minified and not skipped.intersection(path.split("/"))


@dataclass(slots=True, kw_only=True)
class _Trial:
    """Attempts in one lane, until the gate works or nothing else is known."""

    site: GateSite
    tree: LaneTree
    survey: Survey
    given: bool
    """The gate is the user's own: nothing else is tried."""
    plan: GatePlan = GatePlan(checks=())  # noqa: RUF009 - frozen, empty
    report: GateReport | None = None
    setup: str = ""

    def run(self) -> list[Tried]:
        batch = self.site.gate.batch
        wanted: Proposal | None = Proposal(setup=batch.setup, gate=batch.gate)
        tried: list[Tried] = []
        while wanted is not None:
            tried.append(self._once(wanted))
            wanted = None if self.given else next_proposal(tried, self.survey)
            if wanted is not None:
                state = tried[-1].state
                why = f" ({one_line('; '.join(state.broken), limit=300)})" if state is not None and state.broken else ""
                _say(f"that did not work{why}; next: {'; '.join(wanted.setup or ()) or wanted.why}")
        return tried

    def _once(self, proposal: Proposal) -> Tried:
        gate = self.site.gate
        gate.batch = replace(gate.batch, setup=proposal.setup, gate=proposal.gate)
        try:
            commit = gate.prepare(self.site.commit)
        except PausedError as error:
            _say(one_line(error.message, limit=300))
            return Tried(proposal=proposal, refused=one_line(error.message, limit=600))
        if not gate.plan.tests_expected and not proposal.gate and self.survey.packages:
            packages = of_packages(self.tree, self.survey, shipped_toolchains())
            if packages:
                why = "The top has no tests of its own; these are its packages'."
                proposal = replace(proposal, gate=packages, why=why)
                gate.batch = replace(gate.batch, gate=packages)
                commit = gate.prepare(self.site.commit)
        self.setup = next((note for note in gate.environment.notes if note.startswith("setup detected")), "")
        self.report = gate.run(commit)
        self.plan = gate.plan
        return Tried(proposal=proposal, state=base_state(gate.plan, self.report))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
