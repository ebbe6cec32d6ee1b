"""``python -m orchestrator`` does what ``orchestrate`` does."""

from orchestrator.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
