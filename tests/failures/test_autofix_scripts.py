"""Auto-fix of JavaScript and TypeScript: both module systems, what the change took out, linters that name no symbol."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import CheckKind
from orchestrator.failures import RepositoryView, judge_output
from orchestrator.failures.autofix import FixPlan, plan_fixes
from orchestrator.failures.index.js_effects import acts
from orchestrator.settings import Autofix
from tests.failures.test_autofix import edited, plan, trivial
from tests.failures.trees import write

SEMVER = {
    "classes/range.js": "'use strict'\n\nclass Range {}\n\nmodule.exports = Range\n",
    "internal/re.js": "const re = exports.safeRe = []\nconst t = {}\nmodule.exports = { re, t }\n",
    "internal/parse.js": "const parse = (x) => x\n\nmodule.exports = parse\n",
    "functions/first.js": "const Range = require('../classes/range')\nconst { re: expressions } = require('./re')\n",
}


@pytest.mark.parametrize(
    ("source", "name", "line"),
    [
        ("'use strict'\n\nexports.x = () => new Range()\n", "Range", "const Range = require('../classes/range')"),
        ("const a = require('./a')\n\nmodule.exports = () => parse(a)\n", "parse",
         "const parse = require('../internal/parse')"),
        ("const { re } = require('../internal/re')\n\nexports.x = [re, t]\n", "t",
         "const { re, t } = require('../internal/re')"),
        ("var a = require('./a');\n\nexports.x = randomUUID(a);\n", "randomUUID",
         "var { randomUUID } = require('crypto');"),
        ("const a = require('./a')\n\nexports.x = () => path.join(a, 'b')\n", "path", "const path = require('path')"),
    ],
)  # fmt: skip
def test_a_commonjs_file_gets_a_require(source: str, name: str, line: str, tmp_path: Path) -> None:
    files = {**SEMVER, "js/fs.js": "const fs = require('fs')\n", "functions/new.js": source}
    fixes = plan(tmp_path, files, trivial("eslint", "no-undef", "functions/new.js", 3, name))
    text = edited(fixes, "functions/new.js")
    assert line in text.splitlines()
    assert text.startswith(("'use strict'", "const", "var"))


def test_a_module_required_from_several_folders_is_one_home(tmp_path: Path) -> None:
    files = {
        "src/deep/clock.ts": "export const now = 1;\n",
        "src/a.ts": "import * as clock from './deep/clock';\n",
        "src/deep/b.ts": "import * as clock from './clock';\n",
        "src/c.ts": "void clock.now;\n",
    }
    text = edited(plan(tmp_path, files, trivial("tsc", "TS2304", "src/c.ts", 1, "clock")), "src/c.ts")
    assert text.startswith("import * as clock from './deep/clock';\n")


@pytest.mark.parametrize(
    ("others", "name", "line"),
    [
        (("import path from 'path';", "import * as path from 'node:path';", "import path from 'path';"), "path",
         "import path from 'path';"),
        (("import { join } from 'node:path';", "import { join } from 'path';", "import { join } from 'path';"), "join",
         "import { join } from 'path';"),
        (("import { join } from './paths';", "import { join } from 'path';", ""), "join", None),
    ],
)  # fmt: skip
def test_two_spellings_of_one_home_are_one(
    others: tuple[str, ...], name: str, line: str | None, tmp_path: Path
) -> None:
    files = {f"src/f{number}.ts": f"{text}\n" for number, text in enumerate(others)}
    files |= {"src/a.ts": f"void {name}('x');\n", "src/paths.ts": "export const join = 1;\n" if line is None else ""}
    fixes = plan(tmp_path, files, trivial("tsc", "TS2304", "src/a.ts", 1, name))
    assert [edited(fixes, "src/a.ts").splitlines()[0]] == [line] if line else fixes.empty


def test_a_declaration_file_beside_its_script_is_no_second_home(tmp_path: Path) -> None:
    files = {
        "lib/parse.js": "export const parse = 1;\n",
        "lib/parse.d.ts": "export declare const parse: number;\n",
        "src/a.ts": "void parse;\n",
    }
    text = edited(plan(tmp_path, files, trivial("tsc", "TS2304", "src/a.ts", 1, "parse")), "src/a.ts")
    assert "import { parse } from '../lib/parse" in text


@pytest.mark.parametrize(
    ("use", "name", "line"),
    [
        ("export const a = path.join('a');", "path", "import * as path from 'node:path';"),
        ("export const a = await readFile('a');", "readFile", "import { readFile } from 'node:fs/promises';"),
        ("readFile('a', () => {});", "readFile", "import { readFile } from 'node:fs';"),
    ],
)
def test_nodes_modules_are_read(use: str, name: str, line: str, tmp_path: Path) -> None:
    fixes = plan(tmp_path, {"src/a.ts": f"{use}\n"}, trivial("tsc", "TS2304", "src/a.ts", 1, name))
    assert edited(fixes, "src/a.ts").splitlines()[0] == line


def test_a_name_that_no_module_of_nodes_answers_to_is_left(tmp_path: Path) -> None:
    files = {"src/a.ts": "export const a = path.segments;\n"}
    assert plan(tmp_path, files, trivial("tsc", "TS2304", "src/a.ts", 1, "path")).empty


def _changed(root: Path, files: dict[str, str], removed: str, name: str) -> FixPlan:
    diff = f"diff --git a/src/a.ts b/src/a.ts\n--- a/src/a.ts\n+++ b/src/a.ts\n@@ -1,1 +0,0 @@\n-{removed}\n"
    view = RepositoryView(root=write(root, files), diff=diff)
    return plan_fixes([trivial("tsc", "TS2304", "src/a.ts", 1, name)], view, Autofix())


def test_an_import_the_change_took_out_comes_back_as_it_was(tmp_path: Path) -> None:
    files = {"src/loose.ts": "export const key = 1;\n", "src/strict.ts": "export const key = 2;\n",
             "src/a.ts": "export const k = key;\n"}  # fmt: skip
    fixes = _changed(tmp_path, files, "import { key } from './strict';", "key")
    assert edited(fixes, "src/a.ts") == "import { key } from './strict';\n\nexport const k = key;\n"


def test_an_import_whose_module_no_longer_has_the_name_does_not_come_back(tmp_path: Path) -> None:
    files = {"src/old.ts": "export const other = 1;\n", "src/new.ts": "export const key = 2;\n",
             "src/a.ts": "export const k = key;\n"}  # fmt: skip
    fixes = _changed(tmp_path, files, "import { key } from './old';", "key")
    assert "from './new'" in edited(fixes, "src/a.ts")


def test_biome_does_not_name_unused_imports_and_only_those_go(tmp_path: Path) -> None:
    files = {
        "src/b.ts": "export const b = 1;\nexport const c = 2;\n",
        "src/a.ts": 'import { inspect } from "node:util";\nimport { b, c } from "./b";\n\nexport const d = c;\n',
    }
    code = "lint/correctness/noUnusedImports"
    fixes = plan(tmp_path, files, trivial("biome", code, "src/a.ts", 1), trivial("biome", code, "src/a.ts", 2))
    assert edited(fixes, "src/a.ts") == 'import { c } from "./b";\n\nexport const d = c;\n'
    assert not fixes.suppressions


def test_an_unused_import_the_compiler_tells_of_goes_or_keeps_its_effect(tmp_path: Path) -> None:
    files = {
        "src/b.ts": "export const b = 1;\nexport const c = 2;\n",
        "src/loud.ts": "register('loud');\nexport const d = 1;\n",
        "src/a.ts": "import { b, c } from './b';\nimport { d } from './loud';\n\nexport const e = c;\n",
    }
    found = (trivial("tsc", "TS6133", "src/a.ts", 1, "b"), trivial("tsc", "TS6192", "src/a.ts", 2))
    text = edited(plan(tmp_path, files, *found), "src/a.ts")
    assert text == "import { c } from './b';\nimport './loud';\n\nexport const e = c;\n"


def test_a_class_that_decorators_need_is_never_made_a_type(tmp_path: Path) -> None:
    files = {
        "src/clock.ts": "export class Clock {}\n",
        "src/a.ts": "import { Clock } from './clock';\n\n@Injectable()\nexport class T { constructor(c: Clock) {} }\n",
        "src/b.ts": "import { Clock } from './clock';\n\nexport let c: Clock;\n",
    }
    rule = "@typescript-eslint/consistent-type-imports"
    found = (trivial("eslint", rule, "src/a.ts", 1), trivial("eslint", rule, "src/b.ts", 1),
             trivial("eslint", "no-var", "src/a.ts", 4))  # fmt: skip
    fixes = plan(tmp_path, files, *found)
    assert [failure.file for failure in fixes.unfixable] == ["src/a.ts"]
    assert {command.line for command in fixes.commands} == {
        f"eslint --fix --rule {rule}:0 -- src/a.ts",
        "eslint --fix -- src/b.ts",
    }


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("export const HANDLE = register('json');\n", True),
        ("export class H {\n  static {\n    register('a');\n  }\n}\n", True),
        ("export class H {\n\tstatic readonly key = register('json');\n}\n", True),
        ("const x = (() => {\n  run();\n})();\n", True),
        ("export default makeThing({});\n", True),
        ("const cart = new Cart();\n", True),
        ("export class H {\n  static make(a = 1) { return new H(); }\n  static n = 3;\n}\n", False),
        ("export const f = (a: number) => g(a);\nexport const x = new Map<string, number>();\n", False),
        ("const y = Object.freeze({});\nexport const ID = Symbol('x'), N = /a/;\n", False),
        ("export function f() {\n  const q = run();\n}\nconst k = require('./k');\n", False),
        ("export const g = async () => run();\nconst h = function () {};\nexport default class A {}\n", False),
    ],
)
def test_what_loading_a_script_does_besides_declaring(text: str, does: bool) -> None:
    assert acts(text) is does


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        (
            "a.tsx",
            "import React, { useState } from 'react';\n\nexport const A = () => <p>{useState(1)[0]}</p>;\n",
            "React",
        ),
        (
            "a.jsx",
            "/** @jsx make */\nimport { make, render } from 'p';\n\nexport const A = () => render(<p />);\n",
            "make",
        ),
        (
            "a.tsx",
            "import { Fragment, h, render } from 'preact';\n\nexport const A = () => h(<>x</>, render);\n",
            "Fragment",
        ),
        (
            "a.js",
            "import { Foo, one } from './foo.js';\n\n/** @param {Foo} x */\nexport const f = (x) => x + one;\n",
            "Foo",
        ),
        ("b.ts", "import type { A } from './a';\n\ndeclare global {\n  interface Window { z: string }\n}\n", "A"),
    ],
)
def test_an_import_that_jsx_types_or_the_module_mean_is_kept(path: str, text: str, name: str, tmp_path: Path) -> None:
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("import"))
    files = {"foo.js": "export class Foo {}\nexport const one = 1;\n", "a.ts": "export interface A { x: 1 }\n"}
    fixes = plan(tmp_path, {**files, path: text}, trivial("eslint", "no-unused-vars", path, line, name))
    assert edited(fixes, path).replace("// eslint-disable-next-line no-unused-vars\n", "") == text
    plain = "import { Foo, one } from './foo.js';\n\nexport const f = (x: number) => x + one;\n"
    fixes = plan(tmp_path, {**files, "c.ts": plain}, trivial("eslint", "no-unused-vars", "c.ts", 1, "Foo"))
    assert edited(fixes, "c.ts") == plain.replace("Foo, ", "")


TYPES = "Do you need to install type definitions for"
UMD = "refers to a UMD global, but the current file is a module. Consider adding an import instead."


@pytest.mark.parametrize(
    ("path", "code", "message", "gone"),
    [
        ("a.spec.ts", "TS2582", f"Cannot find name 'test'. {TYPES} a test runner?", "import { test } from 'vitest';"),
        ("a.ts", "TS2591", f"Cannot find name 'Buffer'. {TYPES} node?", "import { Buffer } from 'node:buffer';"),
        ("a.tsx", "TS2686", f"'React' {UMD}", "import React from 'react';"),
        ("a.ts", "TS2503", "Cannot find namespace 'Util'.", "import * as Util from './util';"),
        (
            "a.ts",
            "TS18004",
            "No value exists in scope for the shorthand property 'one'.",
            "import { one } from './util';",
        ),
    ],
)
def test_every_word_of_the_compiler_for_a_missing_import(
    path: str, code: str, message: str, gone: str, tmp_path: Path
) -> None:
    """TypeScript 5.9."""
    text = "export const f = () => 1;\n"
    diff = f"--- a/{path}\n+++ b/{path}\n@@ -1 +0,0 @@\n-{gone}\n"
    files = {path: text, "util.ts": "export const one = 1;\n"}
    view = RepositoryView(root=write(tmp_path, files), diff=diff, files_changed=(path,))
    said = f"{path}(1,1): error {code}: {message}\n"
    failures = judge_output(said, "", exit_code=2, check=CheckKind.BUILD, view=view)
    assert edited(plan_fixes(failures, view, Autofix()), path) == f"{gone}\n\n{text}"


@pytest.mark.parametrize(
    ("following", "given_back"),
    [("(t.push(f));", True), ("[f] = [1];", True), ("", True), ("return f;", False), ("// (a comment)", False)],
)
def test_a_semicolon_that_the_next_line_needs_comes_back(following: str, given_back: bool, tmp_path: Path) -> None:
    after = following or "\n  (t.push(f));"
    text = f"export const g = (s, t) => {{\n  const f = 36 - s\n  {after.lstrip(' ')}\n}};\n"
    diff = "--- a/a.ts\n+++ b/a.ts\n@@ -2 +2 @@\n-  const f = 36 - s;\n+  const f = 36 - s\n"
    view = RepositoryView(root=write(tmp_path, {"a.ts": text}), diff=diff, files_changed=("a.ts",))
    fixes = plan_fixes([trivial("prettier", "format", "a.ts", 1)], view, Autofix())
    expected = [text.replace("36 - s\n", "36 - s;\n")] if given_back else []
    assert [edited(fixes, change.path) for change in fixes.edits] == expected
