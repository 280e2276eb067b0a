"""How rows leave a database: knows neither Beam nor the destination.

    inspect() → SourceProfile    what is there, what time it is, who still writes
    read(split) → RecordBatches  over the driver's columnar way

A new source is one folder with a `SourceKind`, and one line in `sources.registry`.
"""
