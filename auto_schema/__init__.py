"""What a table looks like: types, names, schema changes, conforming.

    source types --type_maps--> TableSchema --evolve--> changes to the destination
    RecordBatch  --transform--> --conform--> RecordBatch of exactly that schema

The lowest layer: pure functions over pyarrow, no I/O, nothing of ours above it.
"""
