"""The ``bisenet`` command: a thin module for each group of sub-commands."""
