"""The index on disk and the look-up of many names at once answer as a plain search does, also after edits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.failures.index import Definition, SymbolIndex, python_names
from orchestrator.failures.index.store import read_store, state_of
from orchestrator.failures.index.toplevel import names_of
from orchestrator.failures.view import RepositoryView
from tests.failures.trees import PYTHON, TYPESCRIPT, write

NAMES = (
    "Cart",
    "Money",
    "plus",
    "zero",
    "total",
    "$store",
    "größe",
    "lines",
    "sum",
    "nowhere",
    "a.b",
    "",
    "default",
    "x",
)
LANGUAGES = ("python", "javascript")
_PIECES = st.sampled_from(
    [
        "Cart", "Money", "plus", "zero", "größe", "$store", "x", " ", "\n", "\n", "    ", "def ", "class ", "import ",
        "from a import ", "export const ", "export { ", " }", "(", ")", ":", " = 1", "'''", '"""', "\\\n", "\r\n", "\f",
        ", ", "async ", "return x", "function ", "{", "if x:", "@x\n", "# ", "// ", "/*", "*/", "...", "xCart", "Cart_",
    ]
)  # fmt: skip
_SOURCES = st.lists(_PIECES, max_size=40).map("".join)


def settle(root: Path) -> None:
    """Age every file, so that none counts as written while it was read."""
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(10**18, 10**18))


@pytest.fixture(autouse=True)
def _no_racy_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.failures.index.store.RACY_NS", -(10**12))  # made a moment ago, and left alone


def answers(index: SymbolIndex) -> dict[tuple[str, str], tuple[tuple[str, ...], tuple[Definition, ...]]]:
    """Each name asked for by itself."""
    return {
        (name, language): (index.holding(name, language), index.definitions(name, language))
        for language in LANGUAGES
        for name in NAMES
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_SOURCES, min_size=1, max_size=4), st.lists(_SOURCES, min_size=1, max_size=4))
def test_all_ways_answer_alike(tmp_path_factory: pytest.TempPathFactory, python: list[str], script: list[str]) -> None:
    root = tmp_path_factory.mktemp("tree")
    files = {f"p{number}.py": text for number, text in enumerate(python)}
    files |= {f"s{number}.ts": text for number, text in enumerate(script)}
    view = RepositoryView(write(root, files), tuple(sorted(files)))
    store = tmp_path_factory.mktemp("store")
    plain = answers(SymbolIndex(view))
    together = SymbolIndex(view)
    SymbolIndex(view, store=store).build()
    for language in LANGUAGES:
        expected = {name: plain[name, language][1] for name in NAMES}
        assert together.definitions_of(NAMES, language) == expected
        assert SymbolIndex(view, store=store).definitions_of(NAMES, language) == expected
    assert answers(together) == plain
    assert answers(SymbolIndex(view, store=store)) == plain


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_SOURCES)
def test_top_level_names_are_those_of_the_whole_parse(text: str) -> None:
    whole = python_names.summarise("m.py", text.encode(), deep=False)
    found = names_of("m.py", text.encode())
    if not whole.broken:
        assert found == whole.names


def test_top_level_names_of_the_standard_library() -> None:
    folder = Path(os.__file__).parent
    for path in sorted(folder.glob("*.py"))[::4]:
        data = path.read_bytes()
        assert names_of("m.py", data) == python_names.summarise("m.py", data, deep=False).names, path


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    '''\nfake = 1\n'''\nreal = 2\n",
        'def f():\n    """a\nclass Fake: pass\n    """\nreal = 2\n',
        "def f(\n    a,\n) -> int:\n    return a\nreal = 2\n",
        "def f():\n    x = (1,\n2)\nreal = 2\n",
        "class A(\n    B,\n):\n    x = 1\nreal = 2\n",
        "def f():\n    return 1 + \\\n1\nreal = 2\n",
        "if x:\n    def f(): ...\nelse:\n    from y import f\n",
    ],
)
def test_bodies_that_end_elsewhere(source: str) -> None:
    whole = python_names.summarise("m.py", source.encode(), deep=False)
    assert not whole.broken
    assert names_of("m.py", source.encode()) == whole.names


class Shop:
    """A tree and a place for its index."""

    def __init__(self, tmp_path: Path) -> None:
        files = {**PYTHON, **TYPESCRIPT}
        self.root = write(tmp_path / "shop", files)
        settle(self.root)
        self.view = RepositoryView(self.root, tuple(sorted(files)))
        self.store = tmp_path / "store"

    def index(self) -> SymbolIndex:
        return SymbolIndex(self.view, store=self.store)

    def where(self, name: str, index: SymbolIndex | None = None) -> list[str]:
        return [found.file for found in (index or self.index()).definitions(name, "python")]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def counting(view: RepositoryView, read: list[str]) -> RepositoryView:
    """The view, its reads written down."""

    class Counting(RepositoryView):
        def read(self, path: str) -> bytes | None:
            read.append(path)
            return super().read(path)

    return Counting(view.root, view.files)


def test_a_fresh_process_reads_no_source(shop: Shop) -> None:
    expected = answers(shop.index())
    read: list[str] = []
    index = SymbolIndex(counting(shop.view, read), store=shop.store)
    words = [name for name in NAMES if name.isascii() and name.isalnum()]
    for language in LANGUAGES:
        for name, found in index.definitions_of(words, language).items():
            assert (index.holding(name, language), found) == expected[name, language]
    assert read == []


def test_many_names_read_each_source_once(shop: Shop) -> None:
    read: list[str] = []
    index = SymbolIndex(counting(shop.view, read))
    index.definitions_of(NAMES, "python")
    assert sorted(read) == [path for path in shop.view.files if path.endswith(".py")]


@pytest.mark.parametrize("stored", [True, False])
def test_an_edit_is_taken_up(shop: Shop, stored: bool) -> None:
    index = shop.index() if stored else SymbolIndex(shop.view)
    assert shop.where("Purse", index) == []
    assert shop.where("Money", index)[-1] == "tests/test_cart.py"
    (shop.root / "shop/money.py").write_text("class Purse: ...\n", encoding="utf-8")
    index.refresh(["shop/money.py"])
    assert shop.where("Purse", index) == ["shop/money.py"]
    assert index.definitions_of(["Money", "Purse"], "python")["Money"] == index.definitions("Money", "python")
    assert shop.where("Money", index) == ["shop/__init__.py", "shop/cart.py", "tests/test_cart.py"]
    assert index.holding("Money", "python") == ("shop/__init__.py", "shop/cart.py", "tests/test_cart.py")
    assert index.summary("shop/money.py").names.keys() == {"Purse"}


def test_compiler_options_are_taken_up(shop: Shop) -> None:
    index = shop.index()
    assert index.resolve("@shop/cart", "test/cart.test.ts") is None
    options = '{"compilerOptions": {"paths": {"@shop/*": ["./src/*"]}}}'
    (shop.root / "tsconfig.json").write_text(options, encoding="utf-8")
    index.refresh(["tsconfig.json"])
    assert index.resolve("@shop/cart", "test/cart.test.ts") == "src/cart.ts"


def test_a_file_changed_between_processes_is_read_again(shop: Shop) -> None:
    assert shop.where("Purse") == []
    target = shop.root / "shop/money.py"
    before = target.read_bytes()
    target.write_bytes(before.replace(b"class Money", b"class Purse"))  # the same size
    assert shop.where("Purse") == ["shop/money.py"]


def test_a_change_that_hides_behind_an_old_time_is_seen(shop: Shop) -> None:
    shop.where("Purse")
    target = shop.root / "shop/money.py"
    before = target.stat()
    target.write_bytes(target.read_bytes().replace(b"class Money", b"class Purse"))
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert shop.where("Purse") == ["shop/money.py"]


def test_a_file_written_while_it_was_read_is_not_believed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.failures.index.store.RACY_NS", 10**18)
    shop.index().build()
    stored = read_store(shop.store / "python.idx")
    assert stored is not None
    assert {stored.state(number)[0] for number in range(len(stored.paths))} == {-1}
    assert shop.where("Money")[-1] == "tests/test_cart.py"


def test_files_come_and_go(shop: Shop) -> None:
    shop.where("Money")
    (shop.root / "shop/money.py").unlink()
    write(shop.root, {"shop/a_purse.py": "class Money: ...\n"})
    files = tuple(sorted({*shop.view.files, "shop/a_purse.py"} - {"shop/money.py"}))
    shop.view = replace(shop.view, files=files)
    expected = [found.file for found in SymbolIndex(shop.view).definitions("Money", "python")]
    assert shop.where("Money") == expected
    assert "shop/a_purse.py" in expected


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"x" + data[1:],
        lambda data: data[:20] + bytes(4) + data[24:],
        lambda data: bytes(len(data)),
        lambda data: data + b"more",
    ],
    ids=["empty", "cut", "other magic", "other code", "zeroes", "longer"],
)
def test_a_damaged_index_is_written_anew(shop: Shop, damage: Callable[[bytes], bytes]) -> None:
    expected = shop.where("Money")
    place = shop.store / "python.idx"
    good = place.read_bytes()
    place.write_bytes(damage(good))
    assert read_store(place) is None
    assert shop.where("Money") == expected
    assert place.read_bytes() == good


def test_a_place_that_cannot_be_written_costs_only_time(shop: Shop) -> None:
    shop.store.write_text("a file, no folder", encoding="utf-8")
    assert answers(shop.index()) == answers(SymbolIndex(shop.view))


def test_nothing_is_left_of_a_failed_write(shop: Shop) -> None:
    (shop.store / "python.idx").mkdir(parents=True)
    assert shop.where("Money") == [found.file for found in SymbolIndex(shop.view).definitions("Money", "python")]
    assert [path.name for path in shop.store.iterdir()] == ["python.idx"]


def test_links_do_not_make_the_index_anew(shop: Shop) -> None:
    files = list(shop.view.files)
    for number in range(5):
        (shop.root / f"link{number}.py").symlink_to("shop/money.py")
        files.append(f"link{number}.py")
    shop.view = replace(shop.view, files=tuple(files))
    expected = shop.where("Money")
    written = (shop.store / "python.idx").stat().st_ino
    assert shop.where("Money") == expected
    assert (shop.store / "python.idx").stat().st_ino == written


def test_a_link_is_no_file(shop: Shop) -> None:
    (shop.root / "link.py").symlink_to("shop/money.py")
    assert state_of(f"{shop.root}/link.py") is None
    assert state_of(f"{shop.root}/shop/money.py") is not None
