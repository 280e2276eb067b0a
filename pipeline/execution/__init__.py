"""What a plan's steps do, in plain code: read, conform, stage, report; a table from end to end."""
