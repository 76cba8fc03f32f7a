"""Other people's annotations as a data set of the course. Taught in ``07_your_own_data``.

``importing`` is the way in. ``exports`` recognises what an annotation tool wrote, with a module for
each format: ``coco``, ``yolo``, ``cvat``, ``voc``, ``roboflow_masks``, ``label_studio``,
``supervisely``; each gives ``annotations``. Of other folders ``mask_classes`` decides the kind and
the classes. ``masks``: index, palette and colour masks; ``labelme``: polygons. ``pairing``: which
mask is of which image. The other modules are what these need.
"""
