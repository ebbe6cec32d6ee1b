"""Landing with real git: what lands, what stops it, what stays as it was."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.nights import wait_until
from tests.landing.site import Site


def test_what_merges_lands_and_the_first_that_does_not_hold_stops_it(site: Site) -> None:
    base = site.head
    code, steps = site.steps("top", "bottom", "rival", "folder")
    assert code == 1
    assert [step["how"] for step in steps.values()] == ["fast-forward", "merged", "stopped", "not reached"]
    assert steps["rival"]["paths"] == ["shared.txt"]
    assert steps["rival"]["why"] == "it conflicts with top in shared.txt"
    assert (site.repo / "shared.txt").read_text() == "ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n"
    assert site.git("rev-list", "--first-parent", "--count", f"{base}..main") == "2"
    assert site.git("rev-parse", "main^2") == site.git("rev-parse", site.branch("bottom"))
    assert site.status() == ""
    assert site.git("fsck", "--no-dangling") == ""


def test_a_red_merge_of_two_green_branches_never_reaches_the_branch(site: Site) -> None:
    code, steps = site.steps("left", "right")
    assert code == 1
    assert steps["left"]["certified"] == "known"
    assert "left and right do not agree" in steps["right"]["why"]
    assert site.head == site.git("rev-parse", site.branch("left"))
    assert not (site.repo / "right.txt").exists()
    logs = site.place.folder / steps["right"]["hint"].rsplit(" ", 1)[-1]
    assert "do not agree" in (logs / "lint.log").read_text()


def test_each_landed_tree_has_its_certificate_and_is_gated_once(site: Site) -> None:
    assert site.land("top", "bottom").code == 0
    certificate = site.certificate(site.tree())
    assert certificate["tree"] == site.tree()
    assert certificate["commit"] == site.head
    assert certificate["landing"]["task"] == "bottom"
    assert site.land("--undo").code == 0
    code, steps = site.steps("top", "bottom", "--strategy", "squash")
    assert code == 0
    assert [step["certified"] for step in steps.values()] == ["known", "known"], "a squash of a certified tree counts"
    assert certificate["tree"] == site.tree()
    assert site.git("rev-list", "--merges", "--count", "main") == "0"
    message = site.git("log", "-1", "--format=%(trailers)").splitlines()
    assert "Orchestrate-Task: bottom" in message


def test_a_certificate_of_another_gate_does_not_count(site: Site) -> None:
    assert site.land("top", "bottom").code == 0
    assert site.land("--undo").code == 0
    tasks = site.place.run_folder() / "tasks.yaml"
    tasks.write_text(tasks.read_text().replace("lint: sh check.sh", "lint: sh ./check.sh"))
    code, steps = site.steps("top", "bottom")
    assert code == 0
    assert [step["certified"] for step in steps.values()] == ["gated", "gated"]


def test_a_forged_certificate_does_not_count(site: Site) -> None:
    site.git("switch", "-q", site.branch("top"))
    site.commit("Slipped in", README_md="# Something else\n")
    site.git("switch", "-q", "main")
    folder = site.place.run_folder() / "tasks" / "top"
    forged = json.loads((folder / "certificate.json").read_text()) | {"tree": site.tree(site.branch("top"))}
    (folder / "certificate.json").write_text(json.dumps(forged))
    by_tree = site.place.folder / "runs" / "certificates"
    by_tree.mkdir()
    (by_tree / f"{forged['tree']}.json").write_text(json.dumps(forged))
    code, steps = site.steps("top", "bottom")
    assert code == 1
    assert "no certificate" in steps["top"]["why"]
    assert site.git("log", "-1", "--format=%s", "main") == "Start"


def test_an_amended_message_keeps_the_certificate(site: Site) -> None:
    site.git("switch", "-q", site.branch("top"))
    site.git("commit", "-q", "--amend", "-m", "In my own words")
    site.git("switch", "-q", "main")
    code, steps = site.steps("top")
    assert (code, steps["top"]["how"]) == (0, "fast-forward")
    assert site.git("log", "-1", "--format=%s") == "In my own words"


@pytest.mark.parametrize("strategy", ["merge", "squash"])
def test_a_chain_brings_what_it_grew_out_of(site: Site, strategy: str) -> None:
    code, steps = site.steps("chain", "--strategy", strategy)
    assert (code, steps["chain"]["brought"]) == (0, ["top"])
    assert (site.repo / "shared.txt").read_text().startswith("ONE\nTWO\nthree\n")
    code, steps = site.steps("top")
    assert code == 0
    assert steps["top"]["how"] == "already there"


def test_a_chain_lands_link_by_link_squashed(site: Site) -> None:
    """git alone would see a conflict: the squashed first link and the branch that contains it change one line."""
    assert site.land("top", "--strategy", "squash").code == 0
    site.commit("Mine", README_md="# Mine\n")
    code, steps = site.steps("chain", "--strategy", "squash")
    assert (code, steps["chain"]["how"], steps["chain"]["brought"]) == (0, "squashed", [])
    assert (site.repo / "shared.txt").read_text().startswith("ONE\nTWO\nthree\n")


def test_all_takes_the_tested_order(site: Site) -> None:
    plan = json.loads(site.land("--all", "--plan", "--json").out)
    assert plan["clashes"] == [
        {"tasks": ["top", "rival"], "paths": ["shared.txt"]},
        {"tasks": ["rival", "chain"], "paths": ["shared.txt"]},
    ]
    assert plan["order"].index("top") < plan["order"].index("chain")
    assert [one["task"] for one in plan["left_out"]] == ["rival"]
    code, steps = site.steps("--all")
    assert code == 1
    assert [task for task in steps if task in plan["order"]] == plan["order"]
    assert next(step["task"] for step in steps.values() if step["how"] == "stopped") == "right"


def test_the_combined_gate_finds_the_pair_that_does_not_agree(site: Site) -> None:
    before = site.git("for-each-ref"), site.status()
    combined = json.loads(site.land("--all", "--plan", "--gate", "--json").out)["combined"]
    assert [one["task"] for one in combined["culprits"]] == ["right"]
    assert "left" in combined["culprits"][0]["after"]
    assert set(combined["green"]) == {"top", "bottom", "left", "chain", "folder"}
    assert combined["gates"] <= 5, "log2(6) for the culprit, one for the whole before and after"
    assert (site.git("for-each-ref"), site.status()) == before
    assert site.land(*combined["green"]).code == 0


def test_a_dirty_overlap_is_refused_with_the_command_that_mends_it(site: Site) -> None:
    head = site.head
    site.write("shared.txt", "mine\n")
    site.write("new/deep/a.txt", "mine as well\n")
    ended = site.land("top")
    assert ended.code == 6
    assert "shared.txt" in ended.err
    assert (site.head, (site.repo / "shared.txt").read_text()) == (head, "mine\n")
    command = next(line for line in ended.err.splitlines() if "stash push" in line).split("put them aside: ")[1]
    assert command == f"git -C {site.repo} stash push -- shared.txt"
    ended = site.land("folder")
    assert ended.code == 6
    assert "new/deep/a.txt" in ended.err
    command = next(line for line in ended.err.splitlines() if "stash push" in line).split("put them aside: ")[1]
    site.git(*command.split()[3:])
    assert site.land("folder", "top").code == 1, "shared.txt is not put aside yet"
    assert (site.repo / "shared.txt").read_text() == "mine\n"
    site.git("stash", "push", "-q", "--", "shared.txt")
    assert site.land("folder", "top").code == 0
    assert site.git("stash", "list").count("\n") == 1


def test_an_ignored_file_in_the_way_is_not_written_over(site: Site) -> None:
    (site.repo / ".git" / "info" / "exclude").write_text("new/\nleft.txt\n")
    site.write("left.txt", "my notes\n")
    ended = site.land("left")
    assert ended.code == 6
    assert "left.txt" in ended.err
    assert (site.repo / "left.txt").read_text() == "my notes\n"


def test_a_file_where_a_folder_comes_and_the_other_way_round(site: Site) -> None:
    site.write("new", "a file\n")
    assert "new" in site.land("folder").err
    site.write("left.txt/inside", "mine\n")
    ended = site.land("left")
    assert ended.code == 6
    assert "left.txt/inside" in ended.err
    assert (site.repo / "new").read_text() == "a file\n"


def test_a_file_git_was_told_not_to_watch_is_not_written_over(site: Site) -> None:
    site.git("update-index", "--assume-unchanged", "shared.txt")
    site.write("shared.txt", "kept from git\n")
    assert site.land("top").code == 6
    assert (site.repo / "shared.txt").read_text() == "kept from git\n"


def test_uncommitted_work_elsewhere_survives_byte_for_byte(site: Site) -> None:
    site.write("README.md", "# changed, not staged\n")
    site.write("staged.txt", "staged\n")
    site.git("add", "staged.txt")
    site.write("staged.txt", "staged, and changed since\n")
    site.git("rm", "-q", "--cached", "check.sh")
    site.write("notes/untracked.bin", "\0\r\n")
    before = site.status(), site.git("diff"), site.git("diff", "--cached", "--stat")
    inode = (site.repo / "README.md").stat().st_mtime_ns
    assert site.land("top", "bottom", "folder").code == 0
    assert (site.status(), site.git("diff"), site.git("diff", "--cached", "--stat")) == before
    assert (site.repo / "README.md").stat().st_mtime_ns == inode
    assert (site.repo / "notes" / "untracked.bin").read_bytes() == b"\0\r\n"
    assert site.land("--undo").code == 0
    assert (site.status(), site.git("diff"), site.git("diff", "--cached", "--stat")) == before


def test_undo_takes_back_the_whole_command_and_then_the_one_before(site: Site) -> None:
    base = site.head
    assert site.land("top").code == 0
    middle = site.head
    assert site.land("bottom", "folder").code == 0
    assert site.land("--undo").code == 0
    assert site.head == middle
    assert not (site.repo / "new").exists()
    assert site.status() == ""
    assert site.land("--undo").code == 0
    assert site.head == base
    assert site.land("--undo").code == 2
    assert site.git("rev-parse", "--verify", site.branch("folder"))
    assert site.land("top", "bottom", "folder").code == 0


def test_undo_is_refused_where_it_would_lose_something(site: Site) -> None:
    assert site.land("folder").code == 0
    site.write("new/deep/a.txt", "worked on since\n")
    ended = site.land("--undo")
    assert ended.code == 6
    assert "new/deep/a.txt" in ended.err
    assert "stash push" in ended.err
    assert (site.repo / "new/deep/a.txt").read_text() == "worked on since\n"
    landed = site.commit("On top")
    ended = site.land("--undo")
    assert ended.code == 6
    assert "no longer where the landing left it" in ended.err
    assert "revert" in ended.err
    assert site.head == landed


def test_not_on_a_detached_head_nor_in_the_middle_of_a_merge(site: Site) -> None:
    site.git("switch", "-q", "--detach")
    ended = site.land("top")
    assert (ended.code, "git switch" in ended.err) == (6, True)
    site.git("switch", "-q", "main")
    site.git("merge", "-q", "--no-commit", "--no-ff", site.branch("top"))
    ended = site.land("bottom")
    assert ended.code == 6
    assert "git merge --abort" in ended.err
    site.git("merge", "--abort")
    site.git("switch", "-q", site.branch("left"))
    assert "land-own-branch" in site.land("bottom").err


def test_not_over_conflicts_that_are_not_resolved(site: Site) -> None:
    site.write("shared.txt", "mine\n")
    site.git("stash", "-q")
    site.commit("Other", shared_txt="other\n")
    with pytest.raises(AssertionError):
        site.git("stash", "pop")
    ended = site.land("left")
    assert ended.code == 6
    assert "not resolved" in ended.err
    assert not (site.repo / "left.txt").exists()


def test_a_squash_says_what_the_branch_said(site: Site) -> None:
    assert site.land("chain", "--strategy", "squash").code == 0
    trailers = site.git("log", "-1", "--format=%(trailers)").splitlines()
    assert "Orchestrate-Task: chain" in trailers
    assert "Orchestrate-With: top" in trailers
    assert site.git("log", "-1", "--format=%s") == "Do chain"


def test_while_another_git_holds_the_index_nothing_lands(site: Site) -> None:
    (site.repo / ".git" / "index.lock").write_text("")
    ended = site.land("top")
    assert ended.code == 6
    assert "index.lock" in ended.err
    assert site.git("log", "-1", "--format=%s") == "Start"


def test_wrong_use_says_what_would_be_right(site: Site) -> None:
    for argv in ((), ("--all", "top"), ("--undo", "--all"), ("--all", "--gate")):
        ended = site.land(*argv)
        assert ended.code == 2
        assert "hint: orchestrate land" in ended.err
    ended = site.land("topp", "nothing")
    assert ended.code == 2
    assert "'topp'" in ended.err
    assert "bottom" in ended.err


def test_a_branch_that_is_gone_is_named_with_the_command_that_brings_it_back(site: Site) -> None:
    commit = site.git("rev-parse", site.branch("top"))
    site.git("branch", "-q", "-D", site.branch("top"))
    ended = site.land("top")
    assert ended.code == 1
    assert f"branch {site.branch('top')} {commit}" in ended.out
    assert site.land("--plan", "--all").code == 0
    site.git("branch", site.branch("top"), commit)
    assert site.land("top").code == 0


def test_a_squash_by_hand_is_seen_as_there(site: Site) -> None:
    site.git("merge", "-q", "--squash", site.branch("top"))
    site.git("commit", "-q", "-m", "By hand")
    code, steps = site.steps("top", "bottom")
    assert code == 0
    assert steps["top"]["how"] == "already there"
    assert steps["bottom"]["how"] == "merged"


def test_no_hook_runs_and_the_reflog_tells(site: Site) -> None:
    for name in ("post-merge", "post-checkout", "pre-merge-commit", "reference-transaction", "post-index-change"):
        hook = site.repo / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {site.place.folder}/fired-{name}\n")
        hook.chmod(0o755)
    site.git("config", "core.fsmonitor", str(site.repo / ".git" / "hooks" / "post-merge"))
    (site.place.folder / "fired-post-merge").unlink(missing_ok=True)
    assert site.land("top", "bottom").code == 0
    assert list(site.place.folder.glob("fired-*")) == []
    site.git("config", "--unset", "core.fsmonitor")
    assert f"orchestrate: landed {site.branch('bottom')} (merge)" in site.git("reflog", "-1")
    assert site.status() == ""
    assert list(site.place.folder.glob("fired-*")), "the control: plain git does run one of them"


def test_a_filter_of_the_repository_s_own_configuration_is_not_run(site: Site) -> None:
    site.git("config", "filter.shout.smudge", f"touch {site.place.folder}/fired; cat")
    (site.repo / ".git" / "info" / "attributes").write_text("shared.txt filter=shout\n")
    ended = site.land("top")
    assert ended.code == 6
    assert "shared.txt" in ended.err
    assert not (site.place.folder / "fired").exists()
    assert site.land("folder").code == 0


def test_line_ends_come_over_as_the_user_has_them(site: Site) -> None:
    site.git("config", "core.autocrlf", "true")
    assert site.land("folder").code == 0
    assert (site.repo / "new/deep/a.txt").read_bytes() == b"a\r\n"
    assert site.status() == ""


def test_two_landings_at_once_the_second_names_the_first(site: Site) -> None:
    tasks = site.place.run_folder() / "tasks.yaml"
    tasks.write_text(tasks.read_text().replace("lint: sh check.sh", "lint: 'sleep 1; sh check.sh'"))
    with site.place.started("land", "top", "bottom") as first:
        wait_until((site.place.run_folder() / "land.jsonl").exists, 150)
        second = site.land("left")
        assert second.code == 6
        assert str(first.pid) in second.err
        first.communicate(timeout=60)
        assert first.returncode == 0


def test_a_branch_that_moves_meanwhile_is_left_alone(site: Site) -> None:
    tasks = site.place.run_folder() / "tasks.yaml"
    tasks.write_text(
        tasks.read_text().replace("lint: sh check.sh", f"lint: 'touch {site.place.folder}/gating; sleep 2'")
    )
    with site.place.started("land", "top", "--sandbox", "none") as process:
        wait_until((site.place.folder / "gating").exists, 150)
        mine = site.commit("Meanwhile", README_md="# Mine\n")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 6, out + err
    assert "moved meanwhile" in err
    assert site.head == mine
    assert site.status() == ""
    assert site.land("top").code == 0


def test_ctrl_c_in_the_gate_leaves_what_landed_and_nothing_else(site: Site) -> None:
    tasks = site.place.run_folder() / "tasks.yaml"
    tasks.write_text(
        tasks.read_text().replace("lint: sh check.sh", f"lint: 'touch {site.place.folder}/gating; exec sleep 60'")
    )
    with site.place.started("land", "top", "--sandbox", "none") as process:
        wait_until((site.place.folder / "gating").exists, 150)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert site.git("log", "-1", "--format=%s") == "Start"
    assert site.status() == ""
    assert not list(Path(site.repo / ".git").glob("index.*"))
