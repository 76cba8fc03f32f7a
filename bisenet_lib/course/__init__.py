"""What notebooks and teachers use.

``notebook``: what notebooks call first and last. ``plots``, ``widgets``, ``live_drive``: figures
and controls. ``exercises``: their checks. ``handout``, ``grading``: what a class gets and hands in.
``parameters``, ``runner``, ``display``, ``run_page``, ``sweeps``, ``comparison``: notebooks run
from the command line. ``challenge``, ``experiments``: runs scored and compared. ``pages``,
``templates``: notebooks and results as HTML. ``project``, ``preflight``, ``doctor``: the course's
folder and this machine.
"""
