"""What is said before a night: is the tasks file ready for it (``readiness``), and would it go (``verdict``). Pure."""
