"""The network: BiSeNet V2 itself, its measurements, its loss on a CPU, its checkpoints.

Taught in ``02_architecture`` and ``03_training``.
"""
