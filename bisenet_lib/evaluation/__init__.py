"""How good a network is, and where it is wrong. Taught in ``05_evaluation``.

``metrics``: confusion matrix and IoU. ``cityscapes_benchmark``: also iIoU and categories, as the
server has them. ``evaluator`` runs a network over a data set, ``tta`` with several views of each
image. ``predictions``, ``error_analysis``, ``object_sizes``: from saved results. ``submission``:
the file for the server.
"""
