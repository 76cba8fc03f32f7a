"""Annotations of other tools as a data set of the course. Taught in ``07_your_own_data``.

Begin with ``importing``: it holds ``import_folder``.
"""
