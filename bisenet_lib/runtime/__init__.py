"""Paddle on this machine: what is corrected in PaddleSeg, which device, which rank.

Taught in ``03_training`` and ``04_multi_gpu``.
"""
