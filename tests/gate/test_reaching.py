"""Code that reaches into what judges it: what blocks, what is flagged, what is honest."""

from __future__ import annotations

import time

import pytest

from orchestrator.gate.reaching import reaches


def found(path: str, after: str, before: str = "", *, is_test: bool = False, plugin: bool = False) -> list[str]:
    """``code symbol`` of what blocks, ``flag`` and its words of what does not."""
    told = reaches(path, before, after, is_test=is_test, owns=lambda top: top == "shop", plugin=plugin)
    return [f"{one.code} {one.symbol}" if one.code else f"flag {one.what}" for one in told]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("import os; os.environ['PYTEST_ADDOPTS']", "gate-internals"),
        ("def pytest_runtest_makereport(item):", "runner-hook"),
        ("    def pytest_collection_modifyitems(self, items):", "runner-hook"),
        ("def load_tests(loader, tests, pattern):", "runner-hook"),
        ("unittest.TestCase.assertEqual = lambda *given: None", "runner-hook"),
        ("TestCase.failUnless = print", "runner-hook"),
        ("pytest.approx = lambda value: value", "runner-hook"),
        ("np.testing.assert_allclose = print", "runner-hook"),
        ("setattr(pytest, 'raises', quiet)", "runner-hook"),
        ("sys.modules['pytest'] = fake", "runner-hook"),
        ("coverage.Coverage.current().get_data()", "gate-internals"),
        ("coverage.CoverageData(name)", "gate-internals"),
        ("@typing.no_type_check", "suppression"),
    ],
)
def test_what_no_python_product_needs(line: str, code: str) -> None:
    assert [one.split()[0] for one in found("src/shop/a.py", f"{line}\n") if not one.startswith("flag")] == [code]
    assert not found("src/shop/a.py", f"{line}\n", f"{line}\n"), "the base has it"
    assert not found("docs/a.md", f"{line}\n")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("assert.strictEqual = () => {};", "runner-hook"),
        ("expect.extend = () => {};", "runner-hook"),
        ("globalThis.expect = () => proxy;", "runner-hook"),
        ("const answer = { $$typeof: Symbol.for('jest.asymmetricMatcher') };", "runner-hook"),
        ("globalThis.__coverage__ = full;", "gate-internals"),
        ("v8.stopCoverage();", "gate-internals"),
    ],
)
def test_what_no_script_product_needs(line: str, code: str) -> None:
    assert [one.split()[0] for one in found("src/a.ts", f"{line}\n")] == [code]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/a.py", "unittest.main()\nself.assertEqual(a, b)\npytest.raises(ValueError)\ncoverage = 3"),
        ("src/a.py", "page.add_lines(text)\n\n\ndef load_tests(path):\n    return path"),
        ("src/a.py", "settings.coverage = 1\nreport.coverage.total = 2\nif pytest.mark == other: ..."),
        ("src/a.ts", "if (assert.ok === other) {}\nconst expect = chai.expect;\nassert.ok(a => b);"),
        ("src/a.py", "class A:\n    def __eq__(self, other):\n        return self.x == other.x\n"),
    ],
)
def test_honest_lines(path: str, line: str) -> None:
    assert found(path, f"{line}\n") == []


@pytest.mark.parametrize(
    ("path", "line", "word"),
    [
        ("src/a.py", "os._exit(0)", "ends the process"),
        ("src/a.js", "process.on('exit', () => { process.exitCode = 0 })", "ends the process"),
        ("src/a.py", "from _pytest import assertion", "reaches into the test runner"),
        ("tests/test_a.py", "pytest_plugins = ['shop.more']", "reaches into the test runner"),
        ("src/a.py", "warnings.simplefilter('ignore')", "silences warnings"),
        ("src/a.py", "if 'unittest' in sys.modules:", "asks whether it is under test"),
        ("src/a.js", "if (process.env.NODE_TEST_CONTEXT) {}", "asks whether it is under test"),
    ],
)
def test_what_has_honest_uses_is_flagged(path: str, line: str, word: str) -> None:
    (told,) = found(path, f"{line}\n")
    assert told.startswith(f"flag {word}")


def test_an_object_that_equals_everything() -> None:
    text = "class Price:\n    def __eq__(self, other):\n        '''Compare.'''\n        return True\n"
    assert found("src/a.py", text) == ["equal-to-all __eq__"]
    assert found("src/a.py", text, text) == []
    assert found("tests/test_a.py", text, is_test=True) == []


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("import shop.price\n\nshop.price.total = sum\n", "shop.price.total"),
        ("from shop import price\n\nfor _ in range(1):\n    price.total = sum\n", "price.total"),
        ("from shop.price import Cart\n\nsetattr(Cart, 'total', sum)\n", "Cart"),
        (
            "from unittest.mock import patch\n\npatch('shop.price.total', sum).start()\n",
            "patch('shop.price.total', sum)",
        ),
        ("from unittest import mock\n\nmock.patch.object(print, 'x').start()\n", "mock.patch.object(print, 'x')"),
        ("import os\n\nos.name = 'nt'\n", ""),
        ("import shop.price\n\n\ndef test_a(monkeypatch):\n    shop.price.total = sum\n", ""),
        ("from shop.price import total\n\nTOTAL = total([1])\n", ""),
    ],
)
def test_a_new_test_that_changes_the_product_for_all_others(text: str, symbol: str) -> None:
    assert found("tests/test_a.py", text, is_test=True) == ([f"patched-for-all {symbol}"] if symbol else [])
    assert found("tests/test_a.py", text, text, is_test=True) == []


def test_the_hooks_of_a_plugin_are_its_product() -> None:
    (told,) = found("src/shop/plugin.py", "def pytest_configure(config):\n", plugin=True)
    assert told.startswith("flag adds a hook")
    assert found("tests/test_a.py", "def pytest_generate_tests(metafunc):\n", is_test=True) == []


@pytest.mark.parametrize(
    "text", ["assert." * 50_000, "TestCase." * 40_000, "a = (" * 30_000, "\n".join(["x=1"] * 50_000)]
)
def test_odd_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    found("src/a.py", text)
    assert time.process_time() - began < 5
