"""A lane with real git: exact trees, safe writing, nothing left over, repeatable commits (decisions 1-9)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.adapters.git import Git, programs
from orchestrator.adapters.lane import GitLane
from orchestrator.adapters.lane_files import UnsafePathError
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.domain.edit import FileChange
from orchestrator.domain.errors import GitError
from orchestrator.ports import EnvironmentInfo, Lane, Shell
from tests.fakes import repositories as made

AT = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)


def change(path: str, content: bytes | None = b"x = 1\n", *, executable: bool = False) -> FileChange:
    return FileChange(path=path, content=content, executable=executable)


def on_disk(root: Path) -> dict[str, tuple[str, bytes]]:
    """Files and links of a work tree: kind and content."""
    found: dict[str, tuple[str, bytes]] = {}
    for parent, folders, files in os.walk(root):
        for name in [*files, *(f for f in folders if (Path(parent) / f).is_symlink())]:
            path = Path(parent) / name
            key = str(path.relative_to(root))
            if path.is_symlink():
                found[key] = ("link", os.fsencode(path.readlink()))
            elif path.is_file():
                found[key] = ("x" if path.stat().st_mode & 0o100 else "-", path.read_bytes())
            else:
                found[key] = ("special", b"")
    return found


def test_a_checkout_is_exactly_the_tree(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.odd_files(tmp_path / "app")
    _, lane, base = open_lane(repo)
    expected = {path: entry for path, entry in on_disk(repo.root).items() if not path.startswith(".git/")}
    assert on_disk(lane.root) == expected
    assert set(lane.files(base)) == set(expected)
    assert {"crlf.txt", "odd/line\nbreak.txt"} <= set(expected)


def test_it_is_a_lane(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.plain(tmp_path / "app"))
    port: Lane = lane
    assert port.root.name == "tree"
    assert port.git_dir == port.root.parent / "git"
    assert not (port.root / ".git").exists()


def test_it_stands_on_its_own_objects(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    _, lane, base = open_lane(repo)
    assert not (lane.git_dir / "objects/info/alternates").exists()
    shared = {path.stat().st_ino for path in (repo.root / ".git/objects").rglob("*") if path.is_file()}
    assert not shared & {path.stat().st_ino for path in (lane.git_dir / "objects").rglob("*") if path.is_file()}
    assert lane.read(base, "README.md") == b"# App\n"


def test_refreshing_brings_new_commits_and_tags_and_drops_gone_tags(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    _, lane, base = open_lane(repo)
    packs = len(list((lane.git_dir / "objects/pack").glob("*.pack")))
    lane.refresh([base])
    assert len(list((lane.git_dir / "objects/pack").glob("*.pack"))) == packs, "what is there is not copied again"
    repo.git("tag", "-d", "v1.0")
    repo.git("tag", "-a", "v1.0/final", "-m", "renamed")
    repo.git("tag", "elsewhere", repo.git("commit-tree", "-m", "unrelated", "HEAD^{tree}"))
    new = repo.commit("More", **{"more.py": "m = 1\n"})
    lane.refresh([new])
    lane.checkout(new)
    assert (lane.root / "more.py").read_text() == "m = 1\n"
    packed = (lane.git_dir / "packed-refs").read_text()
    assert "refs/tags/v1.0/final" in packed
    assert "refs/tags/v1.0\n" not in packed
    assert "elsewhere" not in packed


def test_a_commit_nobody_has_is_named(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.plain(tmp_path / "app"))
    with pytest.raises(GitError, match="0123456789"):
        lane.refresh(["0123456789" * 4])
    with pytest.raises(GitError, match="holds no tree or commit"):
        lane.checkout("0123456789" * 4)


def test_between_tasks_dependency_folders_stay_and_all_else_goes(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repo.write("pkg/node_modules/kept.js", "tracked\n")
    repo.git("add", "-f", "pkg")
    repo.commit("vendored")
    _, lane, base = open_lane(repo)
    root = lane.root
    for path in (
        "node_modules/a/index.js",
        "tests/.venv/bin/python",
        "gone/.venv/x",
        "src/__pycache__/app.pyc",
        "build/out",
        "x.log",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("left over")
    (root / "pkg/node_modules/planted.js").write_text("beside a tracked file")
    (root / "src/app.py").write_text("changed")
    (root / "empty/deep").mkdir(parents=True)
    lane.checkout(base)
    left = set(on_disk(root)) - set(lane.files(base))
    assert left == {"node_modules/a/index.js", "tests/.venv/bin/python"}
    assert (root / "src/app.py").read_bytes() == lane.read(base, "src/app.py")
    assert not (root / "empty").exists()


def test_switching_trees_removes_what_the_other_had(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    before = repo.head
    after = repo.commit("turn", **{"only/after.py": "a\n"})
    _, lane, _ = open_lane(repo)
    lane.checkout(before)
    assert not (lane.root / "only").exists()
    lane.checkout(lane.tree_of(after))
    assert (lane.root / "only/after.py").exists()
    assert (lane.git_dir / "HEAD").read_text().strip() == before, "a tree alone does not move HEAD"


def test_staging_records_exactly_the_changes(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.odd_files(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    (lane.root / "stray.py").write_text("not ours")
    (lane.root / "README.md").write_text("changed behind our back")
    tree = lane.stage(
        [
            change("crlf.txt", b"one\r\nTWO\r\n"),
            change("bom.py", made.BOM + b"x = 2\n"),
            change("no-newline.txt", b"END"),
            change("run.sh", b"#!/bin/sh\necho bye\n", executable=True),
            change("new/deep/tool", b"#!/bin/sh\n", executable=True),
            change("binary.bin", None),
            change("odd/with space.py", None),
            change("empty", b""),
        ]
    )
    assert [(line.path, line.status) for line in lane.changes(base, tree)] == [
        ("binary.bin", "D"),
        ("bom.py", "M"),
        ("crlf.txt", "M"),
        ("new/deep/tool", "A"),
        ("no-newline.txt", "M"),
        ("odd/with space.py", "D"),
        ("run.sh", "M"),
    ]
    assert lane.read(tree, "crlf.txt") == b"one\r\nTWO\r\n"
    assert lane.read(tree, "bom.py") == made.BOM + b"x = 2\n"
    assert lane.read(tree, "no-newline.txt") == b"END"
    assert lane.read(tree, "README.md") == b"# App\n"
    commit = lane.commit(tree=tree, parents=[base], message="m", at=AT)
    repository.receive(lane.git_dir, "orchestrate/r/t", commit)
    modes = repo.git("ls-tree", "-r", "orchestrate/r/t", "run.sh", "new/deep/tool", "bom.py").splitlines()
    assert [line.split()[0] for line in modes] == ["100644", "100755", "100755"]


def test_a_file_gives_way_to_a_folder_and_back(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    tree = lane.stage([change("README.md", None), change("README.md/part.md", b"p\n")])
    assert "README.md/part.md" in lane.files(tree)
    back = lane.stage([change("README.md/part.md", None), change("README.md", b"# App\n")])
    assert back == lane.tree_of(base)


def test_line_ends_follow_the_users_configuration(tmp_path: Path, home: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    with (home / ".gitconfig").open("a") as file:
        file.write("[core]\n\tautocrlf = true\n")
    _, lane, base = open_lane(repo)
    assert (lane.root / "README.md").read_bytes() == b"# App\r\n" == lane.read(base, "README.md")
    assert lane.stage([change("README.md", b"# App\r\n")]) == lane.tree_of(base), "stored as before"


def test_line_ends_follow_the_trees_attributes(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repo.commit("attributes", **{".gitattributes": "*.bat text eol=crlf\n", "run.bat": "echo\n"})
    _, lane, base = open_lane(repo)
    assert (lane.root / "run.bat").read_bytes() == b"echo\r\n" == lane.read(base, "run.bat")


def test_the_users_lfs_filter_works_in_the_lane(
    tmp_path: Path, home: Path, open_lane: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git-lfs"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec tr a-zA-Z n-za-mN-ZA-M\n")  # a stand-in: what is stored is not what is seen
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    programs.cache_clear()
    with (home / ".gitconfig").open("a") as file:
        file.write(
            '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\trequired = true\n'
        )
    repo = made.plain(tmp_path / "app")
    repo.commit("large", **{".gitattributes": "*.bin filter=lfs\n", "large.bin": "hello"})
    assert repo.git("show", "HEAD:large.bin") == "uryyb"
    (repo.root / ".git/lfs/objects").mkdir(parents=True)
    repository, lane, base = open_lane(repo)
    assert (lane.root / "large.bin").read_bytes() == b"hello" == lane.read(base, "large.bin")
    assert lane.stage([change("large.bin", b"hello")]) == lane.tree_of(base)
    assert lane.settle(base) == ()
    assert repository.uncommitted(base) == ()
    assert (lane.git_dir / "lfs/objects").resolve() == repo.root / ".git/lfs/objects"


HOSTILE = [
    "", "/etc/passwd", "../out", "a/../../out", "./a", "a//b", "a/", "..\\out", "a\\b", "a\0b",
    ".git", ".git/config", "sub/.git/config", ".GIT/hooks/x", ".git./config", ".git /config", "git~1/config", "GIT~2",
    ".git::$INDEX_ALLOCATION/config", "gi7d29~1/x", ".g\u200cit/config", "\u200d.git/config", ".gi\ufefft/x",
    ".\u206agit/x", ".G\u0131T/config", "con", "src/NUL.txt", "com1",
    "outside/passwd", "folder-link/app.py", "link/x", "link",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_are_refused_and_nothing_of_the_set_is_written(
    path: str, tmp_path: Path, open_lane: Callable
) -> None:
    _, lane, base = open_lane(made.odd_files(tmp_path / "app"))
    before = on_disk(lane.root)
    with pytest.raises(UnsafePathError):
        lane.stage([change("src/app.py", b"changed\n"), change(path)])
    after = on_disk(lane.root)
    assert {p: e for p, e in after.items() if p != "src/app.py"} == {
        p: e for p, e in before.items() if p != "src/app.py"
    }
    lane.checkout(base)
    assert on_disk(lane.root) == before


@pytest.mark.parametrize("kind", ["link to a file", "dangling link", "fifo", "folder", "linked folder"])
def test_what_gate_code_planted_is_not_written_through(kind: str, tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.plain(tmp_path / "app"))
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "victim.py"
    victim.write_text("precious")
    target = lane.root / "src" / "new.py"
    if kind == "link to a file":
        target.symlink_to(victim)
    elif kind == "dangling link":
        target.symlink_to(outside / "created.py")
    elif kind == "fifo":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
        (target / "x").touch()
    else:
        (lane.root / "src").rename(lane.root / "moved")
        (lane.root / "src").symlink_to(outside)
    with pytest.raises(UnsafePathError):
        lane.stage([change("src/new.py")])
    assert [path.name for path in outside.iterdir()] == ["victim.py"]
    assert victim.read_text() == "precious"


def test_a_planted_hard_link_is_not_written_through(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, _ = open_lane(made.plain(tmp_path / "app"))
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (lane.root / "README.md").unlink()
    os.link(victim, lane.root / "README.md")
    lane.stage([change("README.md", b"new\n")])
    assert victim.read_text() == "precious"


def test_recording_takes_files_as_a_fixer_left_them(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    (lane.root / "src/app.py").write_text("fixed = 1\n")
    (lane.root / "README.md").write_text("not asked for\n")
    tree = lane.record(["src/app.py"])
    assert [line.path for line in lane.changes(base, tree)] == ["src/app.py"]
    (lane.root / "src/app.py").unlink()
    assert "src/app.py" not in lane.files(lane.record(["src/app.py"]))
    (lane.root / "src").mkdir(exist_ok=True)
    (lane.root / "src/app.py").symlink_to("/etc/passwd")
    with pytest.raises(UnsafePathError, match="no plain file"):
        lane.record(["src/app.py"])


def test_settling_puts_back_and_removes_and_says_so(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    _, lane, base = open_lane(repo)
    tree = lane.stage([change("src/new.py")])
    assert lane.settle(tree) == ()
    root = lane.root
    (root / "src/app.py").write_text("tampered\n")
    (root / "src/new.py").unlink()
    (root / "README.md").chmod(0o755)
    (root / "left.txt").write_text("left")
    (root / "deep/er").mkdir(parents=True)
    (root / "deep/er/left.txt").write_text("left")
    (root / "debug.log").write_text("ignored")
    (root / "node_modules/a").mkdir(parents=True)
    (root / "node_modules/a/index.js").write_text("dependency")
    (root / "sub/.git").mkdir(parents=True)
    (root / "sub/.git/config").write_text("[core]\n\tfsmonitor = evil\n")
    (root / ".git").write_text("gitdir: /elsewhere\n")
    (root / "src/.gitignore").write_text("*\n")
    (root / "src/hidden.py").write_text("planted behind an ignore file\n")
    (root / ".cache").mkdir()
    (root / ".cache/.gitignore").write_text("*\n")
    (root / ".cache/data").write_text("a tool's own cache\n")
    os.mkfifo(root / "pipe")
    notes = lane.settle(tree)
    assert set(notes) == {
        "put back src/app.py", "put back src/new.py", "put back README.md", "removed left.txt",
        "removed deep/er/left.txt",
        "removed planted sub/.git", "removed planted .git", "removed planted src/.gitignore", "removed src/hidden.py",
        "removed pipe",
    }  # fmt: skip
    expected = {*lane.files(tree), "debug.log", "node_modules/a/index.js", ".cache/.gitignore", ".cache/data"}
    assert set(on_disk(root)) == expected
    assert {path: lane.read(tree, path) for path in lane.files(tree)} == {
        path: (root / path).read_bytes() for path in lane.files(tree)
    }
    assert stat.S_IMODE((root / "README.md").stat().st_mode) & 0o111 == 0
    assert lane.settle(tree) == ()
    lane.checkout(base)
    assert set(on_disk(root)) == {*lane.files(base), "node_modules/a/index.js"}


def test_settling_sees_a_change_hidden_by_size_and_time(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    target = lane.root / "src/app.py"
    before = target.stat()
    target.write_bytes(target.read_bytes().replace(b"a + b", b"a - b"))
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert lane.settle(lane.tree_of(base)) == ("put back src/app.py",)
    assert b"a + b" in target.read_bytes()


def test_settling_undoes_a_folder_swapped_for_a_link(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    outside = tmp_path / "outside"
    (lane.root / "src").rename(outside)
    (lane.root / "src").symlink_to(outside)
    notes = lane.settle(base)
    assert "removed planted src" in notes
    assert not (lane.root / "src").is_symlink()
    assert (lane.root / "src/app.py").exists()
    assert (outside / "app.py").exists(), "what the link led to is not ours to remove"


def test_settling_after_modes_were_taken_away(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))
    (lane.root / "src").chmod(0o500)
    (lane.root / "left").mkdir()
    (lane.root / "left/file").touch()
    (lane.root / "left").chmod(0)
    lane.settle(base)
    assert not (lane.root / "left").exists()
    assert stat.S_IMODE((lane.root / "src").stat().st_mode) & 0o700 == 0o700


def test_the_same_commit_twice_is_one_commit(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    tree = lane.stage([change("a.py")])
    message = "Add a\n\nOrchestrate-Run: r\nOrchestrate-Task: ü\n"
    first = lane.commit(tree=tree, parents=[base], message=message, at=AT)
    assert first == lane.commit(tree=tree, parents=[base], message=message, at=AT)
    repository.receive(lane.git_dir, "orchestrate/r/t", first)
    shown = repo.git("log", "-1", "--format=%an|%ae|%at|%ct|%B", first)
    assert shown.startswith(f"Test|test@example.invalid|{int(AT.timestamp())}|{int(AT.timestamp())}|Add a\n\n")
    assert repo.git("log", "-1", "--format=%(trailers:key=Orchestrate-Task,valueonly)", first).strip() == "ü"


def test_merging_touches_nothing(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.plain(tmp_path / "app"))

    def side(*changes: FileChange) -> str:
        lane.checkout(base)
        return lane.commit(tree=lane.stage(changes), parents=[base], message="side", at=AT)

    one, two = side(change("one.py")), side(change("two.py"))
    three = side(change("one.py", b"y = 2\n"), change("src/app.py", b"z\n"))
    before = on_disk(lane.root)
    merged = lane.merge(one, two)
    assert merged.tree is not None
    assert {"one.py", "two.py"} <= set(lane.files(merged.tree))
    clash = lane.merge(one, three)
    assert (clash.tree, clash.conflicts) == (None, ("one.py",))
    assert on_disk(lane.root) == before


def test_a_diff_shows_what_attributes_would_hide(tmp_path: Path, open_lane: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repo.commit("hide", **{".gitattributes": "*.py -diff\n"})
    _, lane, base = open_lane(repo)
    tree = lane.stage([change("src/app.py", b"evil = 1\n"), change("b.bin", b"\0\1")])
    text = lane.diff(base, tree)
    assert "+evil = 1" in text
    assert f"index {'0' * 40}.." in text
    assert "Binary files /dev/null and b/b.bin differ" in text
    assert [(line.path, line.insertions, line.deletions) for line in lane.changes(base, tree)] == [
        ("b.bin", 0, 0),
        ("src/app.py", 1, 2),
    ]
    assert lane.diff(base, tree, context=0).count("\n ") == 0


def test_reading_takes_no_links_and_no_folders(tmp_path: Path, open_lane: Callable) -> None:
    _, lane, base = open_lane(made.odd_files(tmp_path / "app"))
    assert lane.read(base, "link") is None
    assert lane.read(base, "outside/passwd") is None
    assert lane.read(base, "src") is None
    assert lane.read(base, "absent") is None
    assert lane.read(base, "odd/line\nbreak.txt") == b"line\nbreak.txt\n"
    assert lane.read(base, "latin.txt") == "größe\n".encode("latin-1")


def test_a_scan_reads_what_single_reads_do_in_a_fraction_of_the_processes(
    tmp_path: Path, open_lane: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = made.odd_files(tmp_path / "app")
    odd = {
        "a b": "space",
        " leading": "x",
        "new\nline": "y",
        "crlf": "one\ntwo\n",
        "large": "z" * (2 << 20),
        "empty": "",
    }
    for name, text in odd.items():
        repo.write(f"odd/{name}.py", text)
    for number in range(60):
        repo.write(f"many/{number:02}.py", f"number = {number}\n")
    repo.write(".gitattributes", "odd/crlf.py eol=crlf\n")
    repo.commit("More")
    repository, lane, base = open_lane(repo)
    paths = lane.files(base)
    backwards = {path: lane.read(base, path) for path in reversed(paths)}  # never in order: each by itself
    assert backwards["odd/crlf.py"] == b"one\r\ntwo\r\n"
    repository.close()
    _, fresh, _ = open_lane(repo)
    started: list[object] = []
    launch = Git._launch
    monkeypatch.setattr(Git, "_launch", lambda *given: (started.append(given), launch(*given))[1])
    assert {path: fresh.read(base, path) for path in paths} == backwards
    assert len(started) < len(paths) / 2


def test_what_a_killed_run_left_is_cleared(tmp_path: Path, open_lane: Callable, open_repository: Callable) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    paths: LanePaths = lane.paths
    repository.close()
    (paths.home / "index.lock").touch()
    (paths.git_dir / "HEAD.lock").touch()
    (paths.git_dir / "packed-refs.lock").touch()
    (paths.git_dir / "refs/orchestrate").mkdir(parents=True, exist_ok=True)
    (paths.git_dir / "refs/orchestrate/x.lock").touch()
    (paths.home / "git.new-1/objects").mkdir(parents=True)
    paths.index.write_bytes(b"DIRC torn")
    (paths.root / ".orchestrate-0011").touch()
    again: GitLane = open_repository(repo).lane(1)
    again.refresh([base])
    again.checkout(base)
    assert set(on_disk(again.root)) == set(again.files(base))
    assert [path.name for path in paths.home.rglob("*.lock")] == []
    assert not (paths.home / "git.new-1").exists()


def test_a_lane_without_its_git_folder_is_made_again(tmp_path: Path, open_lane: Callable, open_repository) -> None:
    repo = made.plain(tmp_path / "app")
    repository, lane, base = open_lane(repo)
    repository.close()
    (lane.git_dir / "HEAD").unlink()
    again = open_repository(repo).lane(1)
    again.refresh([base])
    again.checkout(base)
    assert set(on_disk(again.root)) == set(again.files(base))


def test_setup_runs_on_the_base_and_what_it_left_comes_back(tmp_path: Path, open_lane: Callable) -> None:
    def set_up(paths: LanePaths, shell: Shell, setup: Sequence[str] | None) -> EnvironmentInfo:
        assert setup == ["make"]
        (paths.root / "src/app.py").write_text("changed by setup\n")
        (paths.root / "app.egg-info").mkdir()
        (paths.root / "app.egg-info/PKG-INFO").write_text("Name: app\n")
        (paths.products / "app.egg-info").mkdir()
        (paths.products / "app.egg-info/PKG-INFO").write_text("Name: app\n")
        return EnvironmentInfo(digest="d", lock_hash="l")

    _, lane, base = open_lane(made.plain(tmp_path / "app"), provide=set_up)
    assert lane.provide(base, ["make"]).digest == "d"
    product = lane.root / "app.egg-info/PKG-INFO"
    assert product.read_text() == "Name: app\n"
    assert b"a + b" in (lane.root / "src/app.py").read_bytes()
    assert lane.settle(base) == ()
    product.write_text("Name: evil\n")
    lane.checkout(base)
    assert product.read_text() == "Name: app\n"
    product.unlink()
    lane.settle(base)
    assert product.read_text() == "Name: app\n"
    assert "app.egg-info/PKG-INFO" not in lane.files(lane.stage([change("a.py")]))


def test_many_packs_are_tidied_and_nothing_is_lost(tmp_path: Path, open_lane: Callable, monkeypatch) -> None:
    from orchestrator.adapters import lane_clone

    repo = made.plain(tmp_path / "app")
    _, lane, base = open_lane(repo)
    unreferenced = lane.commit(tree=lane.stage([change("a.py")]), parents=[base], message="m", at=AT)
    monkeypatch.setattr(lane_clone, "_MANY_PACKS", 0)
    lane.refresh([base])
    assert len(list((lane.git_dir / "objects/pack").glob("*.pack"))) == 1
    assert lane.tree_of(unreferenced)
    assert lane.read(unreferenced, "a.py") == b"x = 1\n"
