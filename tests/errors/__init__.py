"""Where errors are made, as the program's text says it, and the page of their table."""
