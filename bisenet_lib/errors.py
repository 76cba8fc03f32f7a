"""The one exception a user's mistake raises."""


class InputError(ValueError):
    """Bad input: the message names the file or parameter, the value, and what to do.

    The command line prints the message without a traceback and exits with 1.
    """
