variable "project_id" {
  description = "Project that holds everything this module makes. It must exist and have billing."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project id such as my-project, not a name or a number."
  }
}

variable "region" {
  description = "Region of the Dataflow jobs, the image repository and the subnetwork."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as us-central1, not a zone or a multi-region."
  }
}

variable "name" {
  description = "Name of the repository and beginning of the names of all other things. Give another one for a second copy in the same project."
  type        = string
  default     = "smart-sync"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{3,18}[a-z0-9]$", var.name))
    error_message = "name must have 5 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "labels" {
  description = "Labels for bucket, dataset, repository and secrets. Jobs have their own, in schedules."
  type        = map(string)
  default     = {}
}

# Data ---------------------------------------------------------------------------------------------

variable "location" {
  description = "Location of the bucket and of the dataset if it is made here, such as us-central1, US or EU. BigQuery loads only from a bucket that lies where the dataset lies. Default: region."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "Name of the bucket; no other bucket in the world may have it. Default: project_id, a hyphen and name."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null ? true : can(regex("^[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must have 3 to 63 lower-case letters, digits, hyphens, underscores and dots."
  }
}

variable "temp_retention_days" {
  description = "After how many days objects under tmp/ are deleted. No job may run longer: its staged files lie there."
  type        = number
  default     = 7

  validation {
    condition     = var.temp_retention_days >= 2 && floor(var.temp_retention_days) == var.temp_retention_days
    error_message = "temp_retention_days must be a whole number, at least 2."
  }
}

variable "dataset_id" {
  description = "Dataset of the destination tables, in project_id."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset_id))
    error_message = "dataset_id may hold letters, digits and underscores only, without the project."
  }
}

variable "create_dataset" {
  description = "Whether to make the dataset. With false it must exist, and only the grant on it is made."
  type        = bool
  default     = true
}

variable "source_datasets" {
  description = "BigQuery datasets to read from, for BigQuery as a source. The workers get roles/bigquery.dataViewer on each."
  type = list(object({
    project    = string
    dataset_id = string
  }))
  default = []
}

variable "secret_ids" {
  description = "Secrets to make, without values. Add each value by hand as a version; so none is in Terraform's state."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.secret_ids : can(regex("^[A-Za-z0-9_-]{1,255}$", id))])
    error_message = "secret_ids may hold letters, digits, hyphens and underscores only."
  }
}

# Accounts -----------------------------------------------------------------------------------------

variable "launcher_members" {
  description = "Who may act as the launcher account, such as user:ann@example.com or group:data@example.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.launcher_members : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", member))])
    error_message = "launcher_members must begin with user:, group:, serviceAccount:, principal: or principalSet:. allUsers and whole domains are not allowed."
  }
}

variable "worker_project_roles" {
  description = "Further roles of the worker account on the project, for what the module does not foresee."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for role in var.worker_project_roles : can(regex("^(roles|projects/[^/]+/roles|organizations/[^/]+/roles)/", role)) && !can(regex("^roles/(owner|editor|.*[aA]dmin)$", role))])
    error_message = "worker_project_roles must be full names such as roles/dataflow.developer. owner, editor and admin roles are not allowed."
  }
}

# Network ------------------------------------------------------------------------------------------

variable "create_network" {
  description = "Whether to make a network and a subnetwork with Private Google Access. With false give subnetwork, or the network default is used."
  type        = bool
  default     = false
}

variable "subnetwork" {
  description = "Existing subnetwork for the jobs: regions/R/subnetworks/S, or the full URL, which a Shared VPC needs. It must have Private Google Access. Not used with create_network."
  type        = string
  default     = null

  validation {
    condition     = var.subnetwork == null ? true : can(regex("^(https://www[.]googleapis[.]com/compute/v1/projects/[^/]+/)?regions/[^/]+/subnetworks/[^/]+$", var.subnetwork))
    error_message = "subnetwork must be regions/R/subnetworks/S or https://www.googleapis.com/compute/v1/projects/P/regions/R/subnetworks/S."
  }
}

variable "subnetwork_range" {
  description = "IPv4 range of the subnetwork that create_network makes. Each VM takes one address."
  type        = string
  default     = "10.10.0.0/24"

  validation {
    condition     = can(cidrnetmask(var.subnetwork_range))
    error_message = "subnetwork_range must be an IPv4 range such as 10.10.0.0/24."
  }
}

variable "create_nat" {
  description = "Whether to make a Cloud Router and Cloud NAT. Needed only for sources that are reached over the internet. Needs create_network."
  type        = bool
  default     = false
}

variable "private_services_access" {
  description = "Whether to connect the network to Google's service network, as Cloud SQL with a private IP needs it. Needs create_network."
  type        = bool
  default     = false
}

variable "private_services_prefix_length" {
  description = "Size of the range that is set aside for private services access, as a prefix length."
  type        = number
  default     = 16

  validation {
    condition     = var.private_services_prefix_length >= 8 && var.private_services_prefix_length <= 24
    error_message = "private_services_prefix_length must be between 8 and 24."
  }
}

# Schedules ----------------------------------------------------------------------------------------

variable "scheduler_region" {
  description = "Region of the Cloud Scheduler jobs. Default: region."
  type        = string
  default     = null
}

variable "cloud_run" {
  description = <<-EOT
    A Cloud Run job of the same image, for schedules with host = "cloud_run"; null: none.
      image      name of the image, with its tag
      cpu        vCPUs
      memory     files of a local temp_location lie in it, too
      timeout_s  seconds that an execution may take
      egress     ALL_TRAFFIC for sources that are reached over the internet through Cloud NAT
  EOT
  type = object({
    image     = string
    cpu       = optional(string, "1")
    memory    = optional(string, "2Gi")
    timeout_s = optional(number, 3600)
    egress    = optional(string, "PRIVATE_RANGES_ONLY")
  })
  default = null

  validation {
    condition     = var.cloud_run == null ? true : contains(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"], var.cloud_run.egress)
    error_message = "egress must be PRIVATE_RANGES_ONLY or ALL_TRAFFIC."
  }

  validation {
    condition     = var.cloud_run == null ? true : var.cloud_run.timeout_s >= 1 && var.cloud_run.timeout_s <= 604800 && floor(var.cloud_run.timeout_s) == var.cloud_run.timeout_s
    error_message = "cloud_run.timeout_s must be a whole number between 1 and 604800."
  }
}

variable "schedules" {
  description = <<-EOT
    Jobs that Cloud Scheduler launches, by name. One entry is one sync, of a table or of a file of tables.
      cron          five fields, such as "*/15 * * * *"
      time_zone     IANA zone that cron is read in
      parameters    parameters of the template; all values are strings. Project and dataset of the destination need not be given. tables is a gs:// path, or the text itself: file("tables.yaml")
      host          dataflow, or cloud_run, which needs the variable of that name
      timeout_s     seconds that an execution on Cloud Run may take
      max_workers   ceiling for the workers of the job
      machine_type  machine type of the workers
      labels        labels of the Dataflow job
      paused        true: the schedule is kept, but launches nothing
    The name of the Dataflow job is always the same for one entry. So a launch while the job before still runs is refused by Dataflow, and two runs never overlap. On Cloud Run they may: of a table that is held the second fails.
  EOT
  type = map(object({
    cron         = string
    time_zone    = optional(string, "Etc/UTC")
    parameters   = map(string)
    host         = optional(string, "dataflow")
    timeout_s    = optional(number)
    max_workers  = optional(number)
    machine_type = optional(string)
    labels       = optional(map(string), {})
    paused       = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.schedules) : can(regex("^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$", name))])
    error_message = "Names in schedules must have 1 to 40 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen: they become names of Dataflow jobs."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : contains(["dataflow", "cloud_run"], schedule.host)])
    error_message = "host must be dataflow or cloud_run."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.host != "cloud_run" || (schedule.max_workers == null && schedule.machine_type == null && length(schedule.labels) == 0)])
    error_message = "max_workers, machine_type and labels are of Dataflow's workers: leave them out of a schedule on Cloud Run, whose machine the variable cloud_run says."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.timeout_s == null || schedule.host == "cloud_run"])
    error_message = "timeout_s is of executions on Cloud Run: leave it out of a schedule on Dataflow."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^[^ ]+( +[^ ]+){4}$", schedule.cron))])
    error_message = "cron must have five fields."
  }

  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.max_workers == null ? true : schedule.max_workers >= 1 && schedule.max_workers <= 1000 && floor(schedule.max_workers) == schedule.max_workers])
    error_message = "max_workers must be a whole number between 1 and 1000."
  }

  validation {
    condition = alltrue(flatten([for schedule in values(var.schedules) : [
      for key, value in schedule.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ]]))
    error_message = "labels may hold lower-case letters, digits, hyphens and underscores only, and a key begins with a letter."
  }
}
