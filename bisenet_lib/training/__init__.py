"""Training: samples, the loop, its record, and several processes.

Taught in ``03_training`` and ``04_multi_gpu``.
"""
