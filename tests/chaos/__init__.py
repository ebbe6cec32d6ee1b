"""The campaign that kills, cuts, starves and breaks whole nights, and asks of each that it ends as if nothing happened.

``night`` makes the repositories and asks what came of them, ``mortal`` is the process that dies, ``server`` forks one
after another so that a death costs no start-up, ``plants`` are durability bugs the campaign must find, ``campaign``
says what is tried, ``page`` prints it. ``scripts/chaos`` starts it; ``docs/chaos.md`` is what it last said.
"""
