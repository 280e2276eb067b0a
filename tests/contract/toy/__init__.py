"""A source of tests: tables in this process. It has what a real one has, and nothing beside."""
