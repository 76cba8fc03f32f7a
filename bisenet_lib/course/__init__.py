"""What notebooks and teachers use.

``notebook``: what notebooks call first and last. ``plots``, ``widgets``, ``live_drive``: figures
and controls. ``exercises``: their checks. ``handout``, ``grading``: what a class gets and hands in.
``parameters``, ``runner``, ``display``, ``run_page``, ``sweeps``: notebooks run from the command
line. ``pages``: notebooks as HTML. ``project``, ``preflight``, ``doctor``: the course's folder and
this machine.
"""
