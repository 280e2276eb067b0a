"""Errors of schedules: their files, Cloud Scheduler, launches. Pure."""

from pipeline.errors.entry import Entry, Section

SCHEDULES = Section(
    "Schedules",
    "Yes, as soon as it is mended: no schedule was changed, nothing was launched.",
    (
        Entry(
            "schedule-malformed",
            (
                "malformed schedule",
                "schedule that never fires",
                "unknown schedule",
                "malformed name",
                "malformed template",
                "malformed account",
                "out of range",
                "of another host",
                "can't be another for one launch",
                "for one launch only",
            ),
            "A schedule, or a part of it, can't be as it is said.",
            "A cron line with six fields, or for the 31st of February; a parameter that makes sense for one launch only, such as `rollback_run`; a setting of Dataflow in a schedule for Cloud Run.",
            "[Patterns](scheduling.md#patterns), [Settings by frequency](scheduling.md#settings-by-frequency)",
        ),
        Entry(
            "no-such-schedule",
            (
                "no such schedule",
                "no name of a schedule",
                "no schedules",
                "not a schedule of a sync",
                "no such project or location",
            ),
            "No schedule of this name is in the project and location, or it isn't one of a sync.",
            "Another location or project; a job of Cloud Scheduler that something else made, which is left alone.",
            "`smart-sync schedules list` shows those that are there.",
        ),
        Entry(
            "schedule-exists",
            ("schedule exists", "changed at the same time"),
            "A schedule of this name is there already, or somebody changed it while this command worked.",
            "`create` for the second time; two deployments at once.",
            "Use `apply`, or look at it with `smart-sync schedules describe NAME`.",
        ),
        Entry(
            "schedules-refused",
            ("Cloud Scheduler refused", "Cloud Scheduler can't be reached", "not allowed"),
            "Cloud Scheduler or Dataflow said no, or did not answer.",
            "The API is off; the account lacks `roles/cloudscheduler.admin`, `roles/dataflow.developer`, or may not act as the schedule's account.",
            "Google's words stand in the message. Roles: [A schedule](deploy.md#9-a-schedule).",
            "Yes: `apply` changes only what differs.",
        ),
        Entry(
            "launch-refused",
            (
                "the launch was refused",
                "no such template or job",
                "a quota is used up",
                "no answer to a launch",
                "the sync has no plan",
            ),
            "A launch that `schedules run` asked for was not taken, or its plan, which is tried first, has a fault.",
            "A template that isn't at its `gs://` path, or a Cloud Run job of another name; a quota of CPUs, addresses or jobs; parameters that the source refuses.",
            "[When something fails](scheduling.md#when-something-fails), [Quotas](scheduling.md#quotas)",
            "Yes; where no answer came, look at `smart-sync schedules status` first: it may have been taken. A second run on the table would end at once.",
        ),
        Entry(
            "a-question",
            ("a question",),
            "The command would ask before it changes something, and with `--json` a question has no place.",
            "It runs in a script.",
            "Give the flag that the message names, if you mean it.",
        ),
    ),
)
