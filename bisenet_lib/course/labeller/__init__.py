"""A small program to outline objects in photographs, inside JupyterLab.

``outlines``: the shapes of one photograph, and its LabelMe file. ``session``: a folder of
photographs and what the page asks for. ``widget``: what a notebook shows; ``view.js`` draws it.
Taught in ``07_your_own_data``.
"""
