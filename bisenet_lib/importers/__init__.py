"""Other people's annotations as a data set of the course. Taught in ``07_your_own_data``.

``importing`` is the way in.
"""
