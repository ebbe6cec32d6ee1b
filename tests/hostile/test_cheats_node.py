"""The cheats of promises 33 in JavaScript, each with its positive control; node's own runner, so no package is needed.

As in ``test_cheats``: ``before`` stops a cheat before a check runs, ``evidence`` is what the checks themselves find.
The control is the exit code of the very run that is judged.
"""

from __future__ import annotations

import pytest

from orchestrator.domain.task import GateConfig
from orchestrator.settings import Settings
from orchestrator.settings.load import load_settings
from tests.hostile.cheat import Cheat, assert_stopped
from tests.hostile.cheat_site import CheatSite, open_site
from tests.system import needs

TESTS = """import test from 'node:test';
import assert from 'node:assert';
import { total } from '../src/price.js';

test('sums', () => { assert.strictEqual(total([1, 2]), 3); });
test('none', () => { assert.strictEqual(total([]), 0); });
"""
PROJECT = {
    "package.json": '{"name": "shop", "type": "module", "scripts": {"test": "node --test"}, "c8": {"lines": 90}}\n',
    "src/price.js": "export function total(prices) {\n  return prices.reduce((a, b) => a + b, 0);\n}\n",
    "test/price.test.js": TESTS,
}
BROKEN: dict[str, str] = {"src/price.js": "export function total(prices) {\n  return prices.length ? 7 : 0;\n}\n"}
PATTERN = PROJECT["package.json"].replace("--test", "--test --test-name-pattern=none")
WEAKER = TESTS.replace("strictEqual(total([1, 2]), 3)", "ok(total([1, 2]))")
EMPTIED = TESTS.replace("assert.strictEqual(total([1, 2]), 3);", "total([1, 2]);")
SWAPPED = PROJECT["package.json"].replace("node --test", "true")
HOOK = PROJECT["package.json"].replace("--test", "--import ./hook.mjs --test")
REPLACED = "import assert from 'node:assert';\nassert.strictEqual = () => {};\n"
PROTECTED = frozenset({"protected"})
CHEATS = (
    Cheat("a hook that ends every process with 0", {"package.json": HOOK, "hook.mjs": "process.reallyExit(0);\n"},
          PROTECTED, "scripts", frozenset({"missing-tests"})),
    Cheat("the process ended with 0 before a test is told",
          {"src/price.js": f"{BROKEN['src/price.js']}process.exit(0);\n"},
          evidence=frozenset({"missing-tests"}), named="of the base did not run"),
    Cheat("the assertion replaced by the product",
          {"src/price.js": REPLACED + BROKEN["src/price.js"]},
          frozenset({"runner-hook"}), "replaces what judges it"),
    Cheat("tests deleted", {"test/price.test.js": None}, PROTECTED, "it is a test of the base",
          frozenset({"no-tests"})),
    Cheat("tests skipped", {"test/price.test.js": TESTS.replace("test('sums'", "test.skip('sums'")},
          PROTECTED | {"weakened"}, "newly skipped (test.skip)", frozenset({"skipped-tests"})),
    Cheat("a name pattern in the script", {"package.json": PATTERN}, PROTECTED, "scripts",
          frozenset({"skipped-tests"})),
    Cheat("assertions weakened", {"test/price.test.js": WEAKER},
          PROTECTED | {"weakened"}, "asks for less than equality"),
    Cheat("assertions removed", {"test/price.test.js": EMPTIED}, PROTECTED | {"weakened"}, "1 of 1 assertions removed"),
    Cheat("the test script swapped", {"package.json": SWAPPED}, PROTECTED, "scripts", frozenset({"no-evidence"})),
    Cheat("a node of its own on the path", {"node_modules/.bin/node": "#!/bin/sh\nexit 0\n"}, PROTECTED,
          "node_modules/.bin/node", frozenset({"no-evidence"})),
)  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(environment={}).settings


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> CheatSite:
    return open_site(tmp_path_factory.mktemp("node"), PROJECT, settings, GateConfig(lint="", build="", test="npm test"))


@needs("node", "npm")
def test_the_broken_code_is_stopped_without_a_cheat(site: CheatSite) -> None:
    report = site.checks(BROKEN)
    assert report.results[0].exit_code != 0
    assert [failure.test_id for failure in report.failures if failure.test_id] == ["sums"]


@needs("node", "npm")
@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_that_fools_an_exit_code_is_stopped_with_its_reason(site: CheatSite, cheat: Cheat) -> None:
    assert_stopped(site, BROKEN, cheat)


PRAGMAS_AND_CONFIGURATIONS = {
    "src/one.js": ("/* c8 ignore next */\nexport const one = 1;\n", "c8 ignore"),
    "src/two.js": ("/* node:coverage disable */\nexport const two = 2;\n", "node:coverage"),
    "vitest.config.ts": ("export default {};\n", "vitest.config"),
    ".mocharc.json": ('{"grep": "none"}\n', ".mocharc"),
    "jest.config.js": ("export default { testMatch: [] };\n", "jest.config"),
    ".c8rc.json": ('{"lines": 1}\n', ".c8rc"),
}


@needs("node", "npm")
def test_pragmas_and_configurations_of_runners(site: CheatSite) -> None:
    edits = {path: text for path, (text, _) in PRAGMAS_AND_CONFIGURATIONS.items()}
    assert site.checks(edits).passed, "the positive control: the checks alone see none of them"
    barred, scanned = site.before_the_checks(edits)
    said = [failure.message for failure in (*barred, *scanned.failures)]
    assert [path for path, (_, named) in PRAGMAS_AND_CONFIGURATIONS.items() if named not in " ".join(said)] == []
    assert len(said) == len(PRAGMAS_AND_CONFIGURATIONS)
