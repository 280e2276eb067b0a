"""Smart Sync as a library: `smart_sync.run(config)` and `smart_sync.plan_only(config)`.

config --words--> options --making_ready--> a run in this process, or a job → RunReport, or an error
"""
