"""The trained network put to use. Taught in ``06_deployment``.

``export`` writes and checks it, ``onnx_graph`` as ONNX, node by node; ``engines`` and
``onnx_runtime`` run it. ``photographs`` and ``video`` segment files, ``demo`` a moving street in
the browser. ``predictor`` is a file to copy.
"""
