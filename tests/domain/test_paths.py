"""Which files belong to the tests, by their paths."""

from __future__ import annotations

import pytest

from orchestrator.domain.paths import is_test


@pytest.mark.parametrize(
    "path",
    [
        "tests/data/rows.json",
        "pkg/test/helper.py",
        "src/__tests__/a.tsx",
        "spec/models/user_spec.rb",
        "specs/a.ts",
        "e2e/login.ts",
        "test_a.py",
        "pkg/test_a.py",
        "conftest.py",
        "pkg/conftest.py",
        "pkg/a_test.go",
        "src/a.test.js",
        "src/a.spec.mts",
        "src/a.e2e-spec.ts",
        "src/a-test.cjs",
    ],
)
def test_tests(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize(
    "path",
    ["src/latest.py", "src/contest.py", "src/testing/tools.py", "src/attest_a.py", "inspect/a.py", "my_conftest.py"],
)
def test_what_only_sounds_like_it(path: str) -> None:
    assert not is_test(path)
