"""Other people's annotations as a data set of the course. Taught in ``07_your_own_data``.

``importing`` is the way in; ``mask_classes`` decides the format and the classes. ``masks``: index,
palette and colour masks; ``labelme``: polygons. ``pairing``: which mask is of which image.
``colour_table``, ``smoothing``, ``examples``: what these need.
"""
