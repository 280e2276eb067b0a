"""Cloud Scheduler jobs for the template; comes with a later version."""
