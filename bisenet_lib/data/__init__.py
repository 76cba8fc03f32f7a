"""Images, labels and the Cityscapes tree; nothing here needs Paddle. Taught in ``01_dataset``.

``labels``: the classes and their colours. ``image_io``, ``label_io``, ``polygons``: reading one
file. ``cityscapes``: the frames of a data set; ``inspection``, ``conversion``, ``file_lists``,
``subset``: work on whole data sets. ``minicity``: the generated streets.
"""
