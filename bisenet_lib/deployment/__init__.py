"""The trained network put to use. Taught in ``06_deployment``.

``export`` writes and checks it, ``onnx_graph`` as ONNX, node by node, and ``quantization`` in 8-bit
integers. ``runtimes`` is the table of what can run an export, ``onnx_runtime`` runs one, and
``engines`` a checkpoint. ``photographs`` and ``video`` segment files, ``demo`` a moving street in
the browser. ``predictor`` is a file to copy, and ``programs`` has two that go with it.
"""
