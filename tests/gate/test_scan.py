"""What a change does to the checks inside files that it may touch: the scan as a whole."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.gate.integrity import Protection
from orchestrator.gate.integrity_scan import Scan, scan
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.ports import DiffLine

BASE = {
    "src/shop/price.py": "",
    "pyproject.toml": "",
    ".gitignore": "*.log\n",
    "web/a.test.js": "test('a', () => {});\n",
}


def scanned(after: Mapping[str, str], allow: tuple[str, ...] = (), base: Mapping[str, str] = BASE) -> Scan:
    protection = Protection(base_files=list(base), configured=(), chains=shipped_toolchains(), allow=allow)
    changes = [DiffLine(path=path, status="M", insertions=1, deletions=0) for path in after]
    return scan(changes, protection, base.get, {**base, **after}.get)


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("web/b.test.js", "it.only('b', () => { expect(1 + 1).toBe(2); });\n", "weakened"),
        ("web/b.test.js", "describe.only('b', () => { it('c', () => { expect(f()).toBe(2); }); });\n", "weakened"),
        ("tests/test_b.py", "import shop.price\n\nshop.price.total = sum\n", "patched-for-all"),
        ("src/shop/more.py", "class A:\n    def __eq__(self, other):\n        return True\n", "equal-to-all"),
        ("src/shop/more.py", "def pytest_configure(config): ...\n", "runner-hook"),
        ("src/b.ts", "/* eslint no-undef: ['off'] */\n", "suppression"),
    ],
)
def test_what_blocks_in_a_file_that_may_be_touched(path: str, text: str, code: str) -> None:
    (failure,) = scanned({path: text}).failures
    assert (failure.code, failure.file) == (code, path)
    allowed = scanned({path: text}, allow=(path,))
    assert not allowed.failures
    assert allowed.flags


def test_a_plugin_s_hooks_are_flagged_only() -> None:
    base = {**BASE, "pyproject.toml": "[project.entry-points.pytest11]\nshop = 'shop.plugin'\n"}
    found = scanned({"src/shop/plugin.py": "def pytest_configure(config): ...\n"}, base=base)
    assert not found.failures
    assert "adds a hook of the test runner" in found.flags[0]


@pytest.mark.parametrize(
    ("ignore", "hidden"),
    [
        ("*.log\nsrc/shop/more.py\n", True),
        ("*.log\nmore.py\n", True),
        ("*.log\n/src/\n", True),
        ("*.log\n# more.py\n!more.py\nbuild/\n", False),
        ("*.log\n", False),
    ],
)
def test_a_file_of_the_change_that_linters_would_pass_over(ignore: str, hidden: bool) -> None:
    found = scanned({".gitignore": ignore, "src/shop/more.py": "x = 1\n"})
    assert [failure.code for failure in found.failures] == (["hidden"] if hidden else [])
