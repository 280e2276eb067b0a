"""How rows leave a database: knows neither Beam nor the destination.

    inspecting(…) → Inspector    its SourceProfile says what is there; its clock, who still writes
    source(Extract) → Source     what a plan holds
    read(split) → RecordBatches  over the driver's columnar way

A new source is one folder with a `SourceKind`, and one line in `sources.registry`.
"""
