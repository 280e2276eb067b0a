"""Promises on what no message and no other user may see."""

from tests.mutants.promises import P, Promise

SECRETS = "What nobody else sees"

PROMISES: tuple[Promise, ...] = (
    P(
        SECRETS,
        "No message shows a piece of a login that was taken for a host.",
        "tests/unit/test_mongodb.py::test_a_place_shows_hosts_and_nothing_secret",
        "sources/mongodb/connection_string.py",
        'return "" if self.fault else self.scheme + self.hosts',
        "return self.scheme + self.hosts",
    ),
    P(
        SECRETS,
        "A connection string in another parameter is refused without being shown.",
        "tests/unit/test_logins.py::test_a_connection_string_in_another_parameter_is_refused_without_showing_it",
        "sources/mongodb/parameters.py",
        "if is_malformed and not WHOLE_STRING.search(database):",
        "if is_malformed:",
    ),
    P(
        SECRETS,
        "What a run stages locally is readable by its owner only.",
        "tests/servers/test_private_folder.py::test_folders_and_files_of_a_run_are_readable_by_their_owner_only",
        "pipeline/destination/private_folder.py",
        "parent.mkdir(PRIVATE, exist_ok=True)",
        "parent.mkdir(exist_ok=True)",
    ),
    P(
        SECRETS,
        "A folder that another user prepared is not staged into.",
        "tests/servers/test_private_folder.py::test_a_folder_that_another_user_made_is_refused",
        "pipeline/destination/private_folder.py",
        "if status.st_uid not in (os.getuid(), 0):",
        "if status.st_uid < 0:",
    ),
    P(
        SECRETS,
        "Without show_values a message tells a value of a row by its hash.",
        "tests/e2e/test_shown_values.py::test_a_dead_letters_value_is_told_by_its_hash",
        "auto_schema/told.py",
        "return shown(value) if shows else",
        "return shown(value) if value else",
    ),
    P(
        SECRETS,
        "A value of a row that a server quotes in its message is told by its hash.",
        "tests/e2e/test_shown_values.py::test_messages_of_the_servers_lose_the_values_they_quote",
        "auto_schema/told.py",
        "match[1] + told(match[3], shows=False)",
        "match[0]",
    ),
)
