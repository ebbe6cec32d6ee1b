"""The symbol index: what a tree, its packages and its language's library define. Lazy; nothing is ever imported or
run.
"""

from orchestrator.failures.index.lookup import SymbolIndex, language_of
from orchestrator.failures.index.names import Definition, Form, Summary

__all__ = ["Definition", "Form", "Summary", "SymbolIndex", "language_of"]
