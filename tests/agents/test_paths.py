"""Ways out of the clone, refused by their spelling alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.paths import folds_to_git, normalise, path_fault

HOSTILE = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "//etc/passwd",
    "../x",
    "a/../../x",
    "a/..",
    "a/./b",
    "a//b",
    "a/",
    "~/x",
    "~root/x",
    "C:/x",
    "c:x",
    "C:\\x",
    "\\\\host\\share\\x",
    "a\\b",
    "..\\x",
    "\\x",
    "a\0b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x1b[31mb",
    "a\x7fb",
    ".git",
    ".git/config",
    ".git/hooks/pre-commit",
    "sub/.git/config",
    ".GIT/config",
    ".Git/HEAD",
    ".gIt",
    ".git./x",
    ".git /x",
    ".git../x",
    ".git. . /x",
    "git~1/config",
    "GIT~1/hooks/x",
    "git~2",
    "a/GiT~1/x",
    ".git::$INDEX_ALLOCATION/x",
    ".git:stream",
    "a.txt:stream",
    ".g\u200cit/config",
    ".gi\u200dt/x",
    "\ufeff.git/x",
    ".git\u200e/x",
    ".\u2060git/x",
    ".g\u00adit/x",
    ".\uff47\uff49\uff54/config",
    "\uff0egit/x",
    ".g\u0131t/x",
    ".gi\u0301t/x",
    ".g\u202eit/x",
    "CON",
    "nul",
    "aux.txt",
    "src/COM1",
    "LPT9.log",
    "con .txt",
    "a./b",
    "a /b",
    "trailing.",
    "trailing ",
    "-rf",
    "--config=x",
    "src/-x.py",
    "a\u2028b",
    "\ud800",
    "x" * 300,
    "d/" * 600 + "x",
    "a\u200bb",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_it_is_refused_with_a_reason(path: str) -> None:
    assert path_fault(path)


def test_there_are_sixty_spellings() -> None:
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize(
    "path",
    [
        "src/a.py",
        "README.md",
        ".gitignore",
        ".github/workflows/ci.yml",
        "a b/c d.txt",
        "app/[id]/(x)/page.tsx",
        "ünïcödé/日本.py",
        "a..b/c...d",
        "Makefile",
        "gitlab/x",
        "x.git",
        "my.git.py",
        "digit~1",
        "console/aux_.py",
        "contract.md",
        "@types/x.d.ts",
        "a'b\"c",
        "$x/{y}",
        "...a",
        ".gitattributes",
    ],
)
def test_honest_paths_pass(path: str) -> None:
    assert path_fault(path) is None


@pytest.mark.parametrize(
    ("written", "meant"), [("./src/a.py", "src/a.py"), (" a.py ", "a.py"), (".//a", "a"), ("a/./b", "a/./b")]
)
def test_what_models_like_to_write(written: str, meant: str) -> None:
    assert normalise(written) == meant


@given(st.text(max_size=30))
def test_no_text_makes_it_raise(path: str) -> None:
    path_fault(path)
    path_fault(normalise(path))


@given(st.lists(st.sampled_from("\u200c\u200d\u200e\u202a\ufeff"), max_size=3), st.integers(0, 4), st.booleans())
def test_ignorable_characters_do_not_hide_git(ignorable: list[str], at: int, upper: bool) -> None:
    name = ".GIT" if upper else ".git"
    assert folds_to_git(name[:at] + "".join(ignorable) + name[at:])
