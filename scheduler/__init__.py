"""Schedules of syncs: values that become Cloud Scheduler jobs, and the command for them.

    schedules.yaml → Schedule → faults → changes → Cloud Scheduler → flexTemplates:launch

Pure but for `client` (Cloud Scheduler), `launch` (Dataflow and Cloud Run), `runs` (the run
history), `rehearsal` (the sync's own plan), `intent`, `steps`, and the commands: `cli` and `looks`.
"""
