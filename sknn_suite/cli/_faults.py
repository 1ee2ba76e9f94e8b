"""UsageError: an argument that is wrong whatever the files hold."""


class UsageError(Exception):
    """An argument cannot be; the exit status is 2, as for unknown options."""
