"""The context pack: what matters first, within its budget, the same every time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.asking import estimate
from orchestrator.agents.context import EXCERPT_TOKENS, build_context, file_texts
from orchestrator.agents.skeleton import skeleton
from orchestrator.domain.task import Task
from tests.agents.material import DATES, TASK, Tree

PYTHON = '''"""Module."""
LIMIT: int = 3
names = ["a"]


class Parser(Base, metaclass=Meta):
    strict: bool

    def parse(self, text: str, *, strict: bool = True) -> "Date":
        """Body."""
        def inner(): ...
        return text

    async def load(self): return 1


def f(a, b=1, *args, **kw): pass
'''
SCRIPT = """import x from 'y'
export const LIMIT = 3
export default async function load(url: string): Promise<Date> {
  const local = 1
  if (url) {
  }
}
export class Store extends Base {
  private async fetch<T>(url: string): Promise<T> {
    return this.x(url)
  }
  get name() {
  }
}
interface Shape { a: number }
type Id = string
"""


def test_python_by_its_tree() -> None:
    assert skeleton("a.py", PYTHON) == (
        "2: LIMIT: int",
        "3: names = ...",
        "6: class Parser(Base, Meta):",
        "7:   strict: bool",
        "9:   def parse(self, text: str, *, strict: bool=True) -> 'Date'",
        "14:   async def load(self)",
        "17: def f(a, b=1, *args, **kw)",
    )


def test_script_by_its_lines() -> None:
    assert skeleton("a.ts", SCRIPT) == (
        "2: export const LIMIT = 3",
        "3: export default async function load(url: string): Promise<Date>",
        "8: export class Store extends Base",
        "9:   private async fetch<T>(url: string): Promise<T>",
        "12:   get name()",
        "15: interface Shape { a: number }",
        "16: type Id = string",
    )


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        (
            "a.go",
            "package a\nfunc Load(x int) error {\n}\ntype T struct {\n}\n",
            ("2: func Load(x int) error", "4: type T struct"),
        ),
        ("a.rs", "pub(crate) fn go() {\n}\n", ("1: pub(crate) fn go()",)),
        ("a.py", "def broken(:\n  class X: pass\n", ("1: def broken(:", "2:   class X: pass")),
        ("a.md", "# Title\n\n    def quoted(): ...\n", ()),
    ],
)
def test_the_rest_by_a_pattern(path: str, text: str, lines: tuple[str, ...]) -> None:
    assert skeleton(path, text) == lines


@given(st.sampled_from(["a.py", "a.ts", "a.c"]), st.text(max_size=200))
def test_no_text_makes_a_skeleton_raise(path: str, text: str) -> None:
    skeleton(path, text)


def test_deeply_nested_code_does_no_harm() -> None:
    skeleton("a.py", "(" * 5000 + ")" * 5000)
    skeleton("a.py", "x = " + "-" * 50_000 + "1")


def repository(noise: int) -> Tree:
    return Tree(
        {
            "src/dates.py": DATES.encode(),
            "src/calendar.py": b"from dates import parse_date\n\n\ndef day_of(text):\n    return parse_date(text)\n",
            "tests/test_dates.py": b"from dates import parse_date\n\n\ndef test_plain():\n    assert parse_date('1')\n",
            ".env": b"KEY=hunter2 parse_date offset\n",
            **{f"src/noise/n{number:04}.py": b"def unrelated():\n    pass\n" for number in range(noise)},
        }
    )


def test_hinted_files_are_whole_and_relatives_outlined() -> None:
    pack = build_context(repository(3), TASK)
    assert pack.full == ("src/dates.py", "tests/test_dates.py")  # the hint, and what the acceptance names
    assert f'<file path="src/dates.py">\n{DATES}</file>' in pack.text
    assert pack.outlined[0] == "src/calendar.py"
    assert "src/calendar.py\n4: def day_of(text)" in pack.text
    assert "unrelated" not in pack.text
    assert "hunter2" not in pack.text


def test_the_same_tree_gives_the_same_text() -> None:
    shuffled = Tree(dict(sorted(repository(50).content.items(), reverse=True)))
    assert build_context(repository(50), TASK) == build_context(shuffled, TASK)


@pytest.mark.parametrize("budget", [50, 300, 1000, 4000])
@pytest.mark.parametrize("noise", [0, 3000])
def test_the_budget_holds(budget: int, noise: int) -> None:
    tree = repository(noise)
    tree.content["src/dates.py"] += b"# parse the offset of a date\n" * 3000
    pack = build_context(tree, TASK, budget)
    assert estimate(pack.text) == pack.tokens <= budget + 10


def test_a_task_without_words_or_files_still_gets_the_list() -> None:
    pack = build_context(repository(0), Task(id="x", title="?"))
    assert pack.text.startswith("Tracked files:\n")
    assert build_context(Tree({}), Task(id="x", title="?")).tokens < 10


def test_the_executors_files() -> None:
    tree = Tree({"a.py": b"x = 1", "crlf.py": b"a\r\nb\r\n", "logo.png": b"\0", ".env": b"hunter2"})
    text = file_texts(tree, ["a.py", "crlf.py", "new.py", "logo.png", ".env", "a.py"])
    assert text == (
        '<file path="a.py">\nx = 1\n</file>\n<file path="crlf.py">\na\nb\n</file>\n<file path="new.py">(new)</file>\n'
        '<file path="logo.png">(binary)</file>\n<file path=".env">(not shown)</file>'
    )


def test_a_large_file_is_shown_in_spans_that_matter() -> None:
    lines = [f"def function_{number}():\n    return {number}\n" for number in range(3000)]
    lines[1700] = "def parse_offset(text):\n    return text\n"
    text = file_texts(Tree({"big.py": "\n".join(lines).encode()}), ["big.py"], about="parse the offset", budget=1500)
    assert "def parse_offset(text):\n    return text\n" in text
    assert "[from line 5101]" in text
    assert "function_17()" not in text
    assert estimate(text) < 1600


def test_files_named_in_the_task_are_shown_too() -> None:
    task = Task(
        id="x", title="New: calendar", description="See src/calendar.py. tests/test_dates.py says what it shall do."
    )
    assert build_context(repository(0), task).full == ("src/calendar.py", "tests/test_dates.py")
    about = "fails at tests/test_dates.py:5: see `src/calendar.py`, .env and nothing/else.py"
    text = file_texts(repository(0), ["src/dates.py"], about)
    assert text.count("<file ") == 3
    assert '<file for_reading_only path="tests/test_dates.py">\nfrom dates import' in text
    assert "hunter2" not in text


BAR = """import io


class Bar:
    def __init__(self, update_min_steps):
        self.update_min_steps = update_min_steps
        self.pending = 0

    @property
    def share(self):
        return 1.0

    def render_finish(self):
        self.file.write("end")

""" + "".join(f"    def other_{number}(self):\n        return {number}\n\n" for number in range(700))


def test_what_the_record_spells_out_is_shown_whole() -> None:
    """The one function to change shares no word with its task; the record names it."""
    text = file_texts(
        Tree({"bar.py": BAR.encode()}), ["bar.py"], "update_min_steps is ignored; `render_finish` does it"
    )
    assert '    def render_finish(self):\n        self.file.write("end")\n' in text
    assert "        self.update_min_steps = update_min_steps\n" in text
    assert "def other_7(" not in text.split("[from line", 1)[1]
    assert estimate(text) < EXCERPT_TOKENS


def test_lines_a_failure_points_at_are_shown() -> None:
    line = BAR.split("\n").index("        return 555") + 1
    text = file_texts(Tree({"bar.py": BAR.encode()}), ["bar.py"], f"bar.py:{line}: assert 555 == 1")
    assert "        return 555\n" in text
    assert "        return 300\n" not in text


def test_a_source_comes_before_its_tests_and_texts() -> None:
    names = "def test_update_min_steps(): ...\n\n\ndef test_bar_steps(): ...\n\n\ndef test_bar_update(): ...\n"
    tree = Tree(
        {
            "docs/bar.md": b"update_min_steps of a bar\n\n    def bar_steps(update_min_steps): ...\n",
            "src/impl.py": BAR.encode(),
            "tests/test_bar.py": names.encode(),
        }
    )
    pack = build_context(tree, Task(id="x", title="Bug fix: a bar ignores update_min_steps"))
    assert pack.outlined[0] == "src/impl.py"
    assert '<file path="src/impl.py" lines=' in pack.text
    assert "        self.update_min_steps = update_min_steps" in pack.text
    assert "docs/bar.md\n" not in pack.text.split("\n\n", 1)[1]


def test_an_outline_says_what_it_leaves_out() -> None:
    task = Task(id="x", title="Bug fix: other_3 is wrong", files=("tests/test_a.py",))
    tree = Tree(
        {"bar.py": BAR.encode(), "tests/test_a.py": b"import bar\n", "src/a.py": b"import bar\nbar.other_3()\n"}
    )
    pack = build_context(tree, task)
    assert "def other_3(self)" in pack.text
    assert "more)" in pack.text
