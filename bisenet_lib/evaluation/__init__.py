"""How good a network is, and where it is wrong. Taught in ``05_evaluation``."""
