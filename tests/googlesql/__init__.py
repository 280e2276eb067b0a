"""Google's own GoogleSQL, which analyzes and runs statements as BigQuery does.

features · types → catalog → engine (analyze, query, modify) → scripts
wasm: the package's module in this process, compiled once per machine
"""
