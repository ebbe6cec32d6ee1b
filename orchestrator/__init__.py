"""Runs a backlog of coding tasks unattended: branch, ADR, code, gate, report."""

__version__ = "0.1.0"
