"""The trained network put to use. Taught in ``06_deployment``.

``export`` writes and checks it, ``engines`` run it, ``photographs`` and ``video`` segment files,
``demo`` segments a moving street in the browser. ``predictor`` is a file to copy.
"""
