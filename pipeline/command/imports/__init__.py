"""Other tools' files → our config file: a table of rules and a reader per tool. Pure.

rules.py and draft.py are what they share, written.py makes the text and asks a launch's checks.
"""
