"""One target under atheris: ``python -m tests.fuzz.instrumented TARGET CORPUS [libFuzzer's options]``."""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]  # installed by scripts/fuzz alone

with atheris.instrument_imports(include=["orchestrator"]):
    from tests.fuzz import seeds, targets


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    name, corpus = sys.argv[1], Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.seeds(name)):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    words = corpus.with_suffix(".dict")
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in seeds.words(name)))
    target, prefix = targets.TARGETS[name], _option("artifact_prefix", f"{name}-")

    def guarded(data: bytes) -> None:
        try:
            target(data)
        except BaseException:  # noqa: BLE001 - whatever it is, it is a finding
            # Left to the library, what the program imported may hang in its own exit, and the input is lost.
            traceback.print_exc()
            Path(f"{prefix}{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
            sys.stderr.flush()
            os._exit(77)

    atheris.Setup([sys.argv[0], str(corpus), f"-dict={words}", *sys.argv[3:]], guarded)
    atheris.Fuzz()


def _option(name: str, default: str) -> str:
    return next((word.partition("=")[2] for word in sys.argv if word.startswith(f"-{name}=")), default)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
