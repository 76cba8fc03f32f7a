"""A live demo: a server on this computer, and a page that shows a network segment what it sees.

From the ground up: ``messages`` between page and server; ``drawing`` and ``photo``, programs of
their own that draw the drive and read what a stranger sent; ``drive``; ``networks``, what is shown
and the engines that run it; ``worker``, whose threads keep the network busy; ``viewer``; ``hub``,
which joins them; ``server``. The page itself lies in ``page/``.
Taught in ``06_deployment``.
"""
