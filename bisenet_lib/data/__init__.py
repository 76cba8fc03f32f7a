"""Images, labels and the Cityscapes tree; nothing here needs Paddle. Taught in ``01_dataset``.

``labels``: the classes and their colours. ``image_io``, ``label_io``, ``polygons``, ``film_io``:
one file. ``image_files``: finding them. ``cityscapes``: the frames of a data set; ``inspection``,
``conversion``, ``file_lists``, ``subset``: what is done with them. ``minicity`` and ``fruits``:
generated data. ``annotation_tools``: whose export a folder is.
"""
