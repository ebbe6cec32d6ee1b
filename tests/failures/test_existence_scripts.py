"""The same for JavaScript and TypeScript: paths, named imports, packages, ``this``, literals, calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.failures.test_existence import tell

APP = {
    "package.json": '{"name": "app", "dependencies": {"typed": "1", "declared": "1"}}',
    "node_modules/typed/package.json": '{"name": "typed", "types": "index.d.ts"}',
    "node_modules/typed/index.d.ts": "export * from './inner';\nexport declare function real(): void;\n",
    "node_modules/typed/inner.d.ts": "export declare class Inner {}\n",
    "src/parse.ts": "export function parseAll(text: string) {\n  return text;\n}\n",
    "src/all.ts": "export * from './parse';\n",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import { parseAll } from './parser';\n", "unknown-module ./parser"),
        ("import { parseSome } from './parse';\n", "unknown-export parseSome"),
        ("import { parseSome } from './all';\n", "unknown-export parseSome"),
        ("import { Outer } from 'typed';\n", "unknown-export Outer"),
        ("import { x } from 'ultra-dict';\n", "unknown-package ultra-dict"),
        ("export class A {\n  run() {\n    this.buildMapping();\n  }\n}\n", "unknown-attribute buildMapping"),
        ("void 'abc'.trimAll();\n", "unknown-attribute trimAll"),
        ("void [1, [2]].flatten();\n", "unknown-attribute flatten"),
        ("void Object.deepClone({});\n", "unknown-attribute deepClone"),
        ("export function f() {\n  return mergeOptions();\n}\n", "undefined-name mergeOptions"),
    ],
)
def test_an_invented_name_is_told_of(tmp_path: Path, text: str, expected: str) -> None:
    assert tell(tmp_path, APP, "src/new.ts", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "import { parseAll } from './all';\nimport { Inner, real } from 'typed';\nparseAll(real(Inner));\n",
        "import x from 'declared';\nvoid x;\n",
        "import './style.css?inline';\nimport icons from 'virtual:icons';\nimport { a } from '#imports';\n",
        "class A {\n  made = 1;\n  run() {\n    return this.made + [1].map(String).length;\n  }\n}\nnew A();\n",
        "const o = {\n  run() {\n    return this.fromElsewhere();\n  },\n};\nvoid o;\n",
        "import { Base } from 'unknown-types';\n".replace("unknown-types", "declared")
        + "class A extends Base {\n  run() {\n    return this.fromBase();\n  }\n}\nnew A();\n",
        "describe('x', () => {\n  it('y', () => expect(Object.groupBy([], String)).toBe(1));\n});\n",
        "interface Shape {\n  area(): number;\n  scale(by: number): void;\n}\nexport type { Shape };\n",
        "const code = `import { nothing } from './nowhere';`;\n// callNothing()\nvoid code;\n",
        "export function f(run: () => void) {\n  run();\n}\n",
    ],
)
def test_what_exists_or_cannot_be_seen_whole_is_left_alone(tmp_path: Path, text: str) -> None:
    assert tell(tmp_path, APP, "src/new.ts", text) == []
