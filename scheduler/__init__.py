"""Schedules of syncs: values that become Cloud Scheduler jobs, and the command for them.

    schedules.yaml → Schedule → faults → changes → Cloud Scheduler → flexTemplates:launch

Pure but for `client` (Cloud Scheduler), `runs` (the run history), `rehearsal` (the sync's own
plan) and `cli`.
"""
