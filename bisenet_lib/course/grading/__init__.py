"""Grading notebooks that a class has handed in: ``bisenet course grade``.

``handed_in`` finds students, notebooks and the cells of the exercises. ``judge`` starts a process
for each cell and decides. ``answering`` is that process, ``walls`` what is around it, ``messages``
what the two say to each other. ``tables`` makes CSV, page and summary.

**Who decides.** The judge is the process of the command. It alone holds the checks, and it never
runs, imports or unpickles what a learner wrote. A learner's code runs in a process of its own and
sends its answer as plain data: numbers, text, lists, arrays. If the answer is a function, the judge
sends arguments and gets back what it returns. So it does not help to print the word, to define
``check`` again, to change this library in the learner's process, to return an object that equals
everything, or to write into the pipe: all of that ends as data that the check compares.

**What is not prevented.** A learner can know the values that a check calls with, since the course
is public, and return the right results for these alone; the code of the cell shows it.

**What the walls hold**, where Linux allows namespaces (``unshare``): no network, not even this
computer's own; no file of the computer but the system's libraries, Python and this package, all
read-only, without the checks and the notebooks; an empty folder in memory to write to (64 MB); no
process outside is seen or can be signalled, and none is left at the end; no privilege, also for
the code of an administrator. Seconds, memory, size and number of files, processes and the size of
an answer are limited. They rely on the kernel: a fault of it is not covered.

Where namespaces are not allowed (in most containers, on macOS, on Ubuntu from 23.10 on without
``kernel.apparmor_restrict_unprivileged_userns=0``), a hook of Python refuses network, processes,
signals and changes of files outside the process's own folder. It stops accidents and ordinary code,
not native code (``ctypes``), and hides no file. The command says which of the two holds.
"""
