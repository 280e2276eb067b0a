"""What each error means, why it comes and how to mend it: the table of docs/errors.md.

    an error's first words → entry → the address that it is printed with, and the page

An error is known by its `what`, which is the same wherever it is told: in an exception, on the
last line, in the history.
"""
