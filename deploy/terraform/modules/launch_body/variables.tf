variable "job_name" {
  description = "Name of the Dataflow job, the same at each launch; an execution of the Cloud Run job is told it, too."
  type        = string
}

variable "host" {
  description = "Where the sync runs: dataflow or cloud_run."
  type        = string
  default     = "dataflow"
}

variable "timeout_s" {
  description = "Seconds that an execution of the Cloud Run job may take, or null for the job's own."
  type        = number
  default     = null
}

variable "template_path" {
  description = "Template file in Cloud Storage."
  type        = string
}

variable "parameters" {
  description = "Parameters of the template."
  type        = map(string)

  validation {
    condition = alltrue([
      for name in ["postgresql_password", "mongodb_password", "mongodb_connection_string", "notify_webhook"] :
      can(regex("^projects/[^/]+/secrets/[^/]+/versions/[^/]+$", var.parameters[name]))
      if contains(keys(var.parameters), name)
    ])
    error_message = "postgresql_password, mongodb_password, mongodb_connection_string and notify_webhook must be names of secret versions, such as projects/P/secrets/S/versions/latest: plain text would stand in Terraform's state and in the schedule."
  }

  validation {
    condition     = can(regex("^projects/[^/]+/secrets/[^/]+/versions/[^/]+$|^[a-z+]+://([^:@/?]*@)?[^@?]*([?][^@]*)?$", lookup(var.parameters, "source", "bigquery://p"))) && !can(regex("(?i)password=|authmechanismproperties=", lookup(var.parameters, "source", "")))
    error_message = "source must be a connection URI without a password, such as postgresql://reader@10.0.0.5/shop beside postgresql_password, or the name of a secret version that holds one: plain text would stand in Terraform's state and in the schedule."
  }

  validation {
    condition     = alltrue([for name in ["plan_only", "verify_only"] : lookup(var.parameters, name, "") != "true"])
    error_message = "plan_only and verify_only are for one launch: every run of a schedule would sync nothing. Leave them out; verify = \"true\" proves the rows of each run."
  }

  validation {
    condition     = alltrue([for name in ["retry_failed", "rollback_run", "rollback_to", "backfill_columns", "replay_dead_letters"] : lookup(var.parameters, name, "") == ""])
    error_message = "retry_failed, rollback_run, rollback_to, backfill_columns and replay_dead_letters are for one launch: every run of a schedule would do the same again, and sync no row after it. Leave them out, and launch that once by hand."
  }

  validation {
    condition     = alltrue([for name in ["sync_start", "sync_end"] : lookup(var.parameters, name, "") == ""]) || lookup(var.parameters, "backfill_by", "") != ""
    error_message = "sync_start and sync_end are for one launch: every run of a schedule would read the same window again, and no row after it. Leave them out, and launch that once by hand; with backfill_by each run does slices of it that are not done yet."
  }

  validation {
    condition     = lookup(var.parameters, "write_disposition", "") != "WRITE_EMPTY" || lookup(var.parameters, "delete_existing_table", "") == "true"
    error_message = "write_disposition WRITE_EMPTY is for one launch: the first run fills the table, and every run after it would fail. Give WRITE_APPEND, WRITE_MERGE or WRITE_TRUNCATE."
  }
}

variable "service_account_email" {
  description = "Account that the launcher VM and the workers run as."
  type        = string
}

variable "temp_location" {
  description = "Folder in Cloud Storage for temporary files."
  type        = string
}

variable "staging_location" {
  description = "Folder in Cloud Storage for files that Dataflow stages."
  type        = string
}

variable "subnetwork" {
  description = "Subnetwork of the VMs, or null."
  type        = string
  default     = null
}

variable "max_workers" {
  description = "Ceiling for the workers, or null."
  type        = number
  default     = null
}

variable "machine_type" {
  description = "Machine type of the workers, or null."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the Dataflow job."
  type        = map(string)
  default     = {}
}
