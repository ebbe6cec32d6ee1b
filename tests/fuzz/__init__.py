"""Inputs nobody thought of, for everything that reads what others wrote.

``targets`` are the readers and what must hold of each whatever it is given, ``seeds`` what they are usually given,
``mutate`` makes new inputs of seeds, ``ledger`` is a hypothesis machine that buys, dies, cuts and shares a run's
journal, ``night`` one over whole nights. ``scripts/fuzz`` runs one of them for as long as it is told to, with atheris
where that can be had; the tests here are its short form.
"""
