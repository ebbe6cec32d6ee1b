"""A real program as executor: what it changed in its copy of the tree comes back as an answer that can be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.adapters.models.command_llm import CommandLlm, CommandRun, prompt_text
from orchestrator.adapters.models.tree_changes import describe, snapshot
from orchestrator.agents.answer import parse
from orchestrator.domain.call import Deadlines, FinishReason, Message, Request, Speaker
from orchestrator.domain.edit import Create, Delete, Rename, Replace
from orchestrator.domain.errors import ModelError, ModelFault
from tests.adapters.models.common import KEY, LONG


def asked(text: str = "Do it.") -> Request:
    """A request for a command."""
    return Request(
        key=KEY,
        provider="my-cli",
        model="any",
        system="Rules.",
        messages=(Message(speaker=Speaker.USER, text=text),),
        max_output_tokens=1,
    )


def shell(prompt: str, tree: Path, timeout_s: float, model: str, *, line: str) -> CommandRun:
    """A real shell, as the wiring's sandboxed runner would start it."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tree,
            env=os.environ | {"ORCHESTRATE_MODEL": model},
            input=prompt,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return CommandRun(exit_code=-1, stdout="", stderr="", seconds=time.monotonic() - started, timed_out=True)
    return CommandRun(
        exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr, seconds=time.monotonic() - started
    )


class Bench:
    """A tree, and disposable copies of it."""

    def __init__(self, tmp_path: Path) -> None:
        self.tree = tmp_path / "tree"
        self.tree.mkdir()
        self.copies = tmp_path / "copies"

    def write(self, **files: str | bytes) -> None:
        for name, text in files.items():
            path = self.tree / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    @contextmanager
    def copy(self, _: Request) -> Iterator[Path]:
        shutil.copytree(self.tree, self.copies, symlinks=True)
        try:
            yield self.copies
        finally:
            shutil.rmtree(self.copies)

    def llm(self, line: str, **fields: object) -> CommandLlm:
        return CommandLlm(
            run=lambda prompt, tree, timeout_s, model: shell(prompt, tree, timeout_s, model, line=line),
            workbench=self.copy,
            provider="my-cli",
            command=line,
            **fields,  # type: ignore[arg-type]
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_changes_become_edits(bench: Bench) -> None:
    bench.write(src__a="x = 1\ny = 2\n", gone="old\n", moved__from="same bytes\n", untouched="u\n")
    before = dict(snapshot(bench.tree))
    script = """
        sed -i 's/x = 1/x = 3/' src/a
        rm gone
        mv moved/from moved/to
        printf 'new\\n' > src/b
        mkdir -p __pycache__ && echo junk > __pycache__/c.pyc
        echo done
    """
    answer = bench.llm(script).ask(asked(), LONG)
    parsed = parse(answer.text)
    assert parsed.faults == ()
    assert set(parsed.edits) == {
        Replace(path="src/a", search="x = 1\ny = 2", replace="x = 3\ny = 2"),
        Create(path="src/b", content="new\n"),
        Delete(path="gone"),
        Rename(path="moved/from", target="moved/to"),
    }
    assert answer.usage is None
    assert answer.reason is FinishReason.END
    assert answer.raw["stdout"] == "done\n"
    assert dict(snapshot(bench.tree)) == before  # the copy was changed, and is gone
    assert not bench.copies.exists()


def test_the_prompt_is_on_standard_input(bench: Bench) -> None:
    answer = bench.llm("cat > prompt.txt").ask(asked("Fix src/a."), LONG)
    assert parse(answer.text).edits == (Create(path="prompt.txt", content="Rules.\n\nFix src/a.\n"),)


def test_earlier_turns_are_told() -> None:
    said = (
        Message(speaker=Speaker.USER, text="Fix it."),
        Message(speaker=Speaker.MODEL, text="Done."),
        Message(speaker=Speaker.USER, text="The gate failed."),
    )
    request = Request(key=KEY, provider="p", model="m", system="", messages=said, max_output_tokens=1)
    assert prompt_text(request) == "Fix it.\n\nYou answered before:\n\nDone.\n\nThe gate failed.\n"


def test_without_a_change_its_words_are_the_answer(bench: Bench) -> None:
    bench.write(a="x\n")
    answer = bench.llm("echo 'NEED src/b.py: it holds the caller'").ask(asked(), LONG)
    assert [need.path for need in parse(answer.text).needs] == ["src/b.py"]


def test_its_words_are_never_read_as_edits_beside_real_ones(bench: Bench) -> None:
    answer = bench.llm("echo 'DELETE src/a.py'; echo x > b").ask(asked(), LONG)
    assert parse(answer.text).edits == (Create(path="b", content="x\n"),)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Title\n=======\n\ntext\n", "Title\n=======\n\nmore\n"),
        ("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", "<<<<<<< SEARCH\na\n=========\nc\n>>>>>>> REPLACE\n"),
        ("```python\nx\n```\n", "````\n```python\ny\n```\n````\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("no newline at the end", "none here either"),
        ("\ufeffbom\n", "\ufeffBOM\n"),
        ("all\n", ""),
        ("", "filled\n"),
        ("ü\u2028x\x0cy\n", "ü\u2028x\x0cz\n"),
    ],
)
def test_any_text_survives_the_format(tmp_path: Path, old: str, new: str) -> None:
    """What is written down parses back into one edit with both texts (line endings are the edit rules' business)."""
    path = tmp_path / "file.txt"
    path.write_bytes(old.encode())
    before = snapshot(tmp_path)
    path.write_bytes(new.encode())
    text, notes = describe(before, snapshot(tmp_path))
    parsed = parse(text)
    assert (parsed.faults, notes) == ((), ())
    [edit] = parsed.edits

    def plain(content: str) -> str:
        return content.removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n")

    if isinstance(edit, Create):
        assert (old, edit.content.removesuffix("\n")) == ("", plain(new))
    else:
        assert isinstance(edit, Replace)
        assert (edit.search, edit.replace) == (plain(old), plain(new))


def test_what_the_format_cannot_carry_is_named(bench: Bench) -> None:
    bench.write(binary=b"\0\1", script="#!/bin/sh\n", latin=b"\xe4\n", crlf="a\r\n")
    script = r"""
        printf '\000\002' > binary; chmod +x script; printf '\344\344\n' > latin
        ln -s /etc/passwd link; printf 'a\n' > crlf; echo t > text
    """
    answer = bench.llm(script).ask(asked(), LONG)
    assert parse(answer.text).edits == (Create(path="text", content="t\n"),)
    for name in ("binary", "script", "latin", "link", "crlf"):
        assert name in answer.detail
    assert "root:" not in answer.text


def test_a_link_to_a_folder_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s\n")
    answer = bench.llm(f"ln -s {outside} here; echo x > b").ask(asked(), LONG)
    assert "secret" not in answer.text
    assert parse(answer.text).edits == (Create(path="b", content="x\n"),)


def test_names_that_stand_on_no_line_are_named_instead(bench: Bench) -> None:
    answer = bench.llm("echo x > 'a`b'; echo x > ' c'; echo x > 'with blank.py'; echo x > \"$(printf 'd\\033')\"").ask(
        asked(), LONG
    )
    assert parse(answer.text).edits == (Create(path="with blank.py", content="x\n"),)
    assert answer.detail.count("its name cannot stand on a line") == 3


def test_new_files_the_repository_ignores_do_not_count(bench: Bench) -> None:
    bench.write(tracked__log="1\n")
    llm = bench.llm(
        "echo 2 > tracked/log; echo x > build.log; echo y > kept.py",
        keep=lambda _, paths: [path for path in paths if not path.endswith(".log")],
    )
    edits = parse(llm.ask(asked(), LONG).text).edits
    assert edits == (Create(path="kept.py", content="y\n"), Replace(path="tracked/log", search="1", replace="2"))


@pytest.mark.parametrize(
    ("line", "fault", "words"),
    [
        ("no-such-program-here", ModelFault.NOT_FOUND, "not found"),
        ("echo broken >&2; exit 3", ModelFault.UNKNOWN, "exit code 3: broken"),
        ("sleep 30", ModelFault.TIMEOUT, "not finished in time"),
    ],
)
def test_a_command_that_fails(bench: Bench, line: str, fault: ModelFault, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        bench.llm(line).ask(asked(), Deadlines(first_byte_s=1, idle_s=1, total_s=0.3))
    assert caught.value.fault is fault
    assert words in caught.value.message
    assert caught.value.hint
    assert not bench.copies.exists()


def test_check_looks_for_the_program(bench: Bench) -> None:
    bench.llm("KEY=1 sh -c true", which=shutil.which).check(["any"])
    with pytest.raises(ModelError, match="no-such-program: not found"):
        bench.llm("no-such-program --yes", which=shutil.which).check([])
    with pytest.raises(ModelError, match="no command is set"):
        bench.llm("", which=shutil.which).check([])
