"""The network: ``bisenetv2`` itself, its loss on a CPU, measuring it, and its checkpoints.

Taught in ``02_architecture`` and ``03_training``. Its ONNX graph is in ``deployment``.
"""
