"""Google's own GoogleSQL, which analyzes and runs statements as BigQuery does.

wasm is the package's module in this process, compiled once per machine. engine analyzes one
statement, answers a query, modifies rows, and rests on:

* features, options, functions: what of GoogleSQL BigQuery has, and what it has beside it
* types, values, catalog: tables and their rows
* syntax, naming: statements as the parser sees them, and as the engine wants them

merge and tables are what the reference implementation lacks, scripts runs a script statement by
statement, rehearsal analyzes one without running it.

both runs a script on GoogleSQL and on the local BigQuery; differences says where they differ.
"""
