"""What every package needs; nothing here knows of segmentation.

``atomic_files``: files written whole. ``parallel``: processes and threads. ``signals``: Ctrl-C and
its like. ``processes``: cores, output, memory. ``cache``: files kept for the user. ``claims``:
folders that several hosts share. ``machine``: what something was measured on. ``array_files``:
weights read as data. ``markdown``, ``onnx_session``: small helpers.
"""
