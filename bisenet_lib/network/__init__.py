"""The network: measuring it, its fast CPU arithmetic, its checkpoints.

Taught in ``02_architecture`` and ``03_training``.
"""
