"""Two small projects, the ones the captured outputs come from, written where a test wants them."""

from __future__ import annotations

from pathlib import Path

PYTHON = {
    "pyproject.toml": (
        '[project]\nname = "shop"\nversion = "1.0"\ndependencies = ["requests"]\n[tool.ruff]\nline-length = 88\n'
    ),
    "shop/__init__.py": 'from shop.cart import Cart\nfrom shop.money import Money\n\n__all__ = ["Cart", "Money"]\n',
    "shop/money.py": (
        "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Money:\n    cents: int\n"
        '    currency: str = "EUR"\n\n    def plus(self, other: "Money") -> "Money":\n'
        "        return Money(self.cents + other.cents, self.currency)\n"
    ),
    "shop/cart.py": (
        "from shop.money import Money\n\n\nclass Cart:\n    def __init__(self) -> None:\n"
        "        self.lines: list[Money] = []\n\n"
        "    def add(self, price: Money) -> None:\n        self.lines.append(price)\n\n    def total(self) -> Money:\n"
        "        result = Money(0)\n        for line in self.lines:\n"
        "            result = result.plus(line)\n        return result\n"
    ),
    "tests/__init__.py": "",
    "tests/test_cart.py": (
        "import unittest\n\nfrom shop import Cart, Money\n\n\n"
        "class CartTest(unittest.TestCase):\n    def test_total(self):\n"
        "        cart = Cart()\n        cart.add(Money(250))\n        self.assertEqual(cart.total().cents, 250)\n"
    ),
}
TYPESCRIPT = {
    "package.json": (
        '{"name":"shop-js","dependencies":{"left-pad":"1.3.0"},"devDependencies":{"jest":"^30","vitest":"^3"}}\n'
    ),
    "tsconfig.json": '{"compilerOptions":{"strict":true}}\n',
    "src/money.ts": (
        "export interface Money {\n  cents: number;\n  currency: string;\n}\n\n"
        "export function plus(a: Money, b: Money): Money {\n"
        "  return { cents: a.cents + b.cents, currency: a.currency };\n}\n\n"
        "export const zero: Money = { cents: 0, currency: 'EUR' };\n"
    ),
    "src/cart.ts": (
        "import { Money, plus, zero } from './money';\n\nexport class Cart {\n  private lines: Money[] = [];\n\n"
        "  add(price: Money): void {\n    this.lines.push(price);\n  }\n\n  total(): Money {\n"
        "    return this.lines.reduce(plus, zero);\n  }\n}\n"
    ),
    "src/index.ts": "export { Cart } from './cart';\nexport * from './money';\n",
    "test/cart.test.ts": "import { Cart, plus } from '../src';\n\ntest('adds', () => {\n"
    "  expect(new Cart().total().cents).toBe(0);\n});\n",
    "js/sum.js": "exports.sum = (values) => values.reduce((a, b) => a + b, 0);\n",
    "js/sum.mocha.js": "const { sum } = require('./sum');\n",
    "js/sum.node.test.js": "const { sum } = require('./sum');\n",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """Write the files under the folder; the folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root
