"""Training. Taught in ``03_training`` and ``04_multi_gpu``.

``data_loading``: which image comes when, and who reads it. ``trainer``: the loop and the run
folder. ``ema``: the average of the weights. ``run_log``: the record of a run. ``launcher``:
several processes.
"""
