"""Configurations in PaddleSeg's YAML, and the data sets they name. Taught in ``03_training``.

``recipes/`` holds the shipped ones; ``profiles`` finds one by name.
"""
