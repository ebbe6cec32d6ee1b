"""Frozen records and enums, the words of the program. Imports nothing of the package but itself."""
