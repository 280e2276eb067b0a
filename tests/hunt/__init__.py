"""Sources that nobody wrote by hand, synced for real and compared by a path of its own.

A seed makes a `Case` (schemas, contents, histories, parameters); `Bench` has the servers and runs
the program; `oracle` says what the destination must hold; `shrink` makes small what fails.
"""
