# Only computes: without a provider it can be run and tested anywhere.
# Dataflow finds the network by the subnetwork; naming it is for auto mode networks only.
# https://cloud.google.com/dataflow/docs/guides/specifying-networks
locals {
  environment = {
    serviceAccountEmail  = var.service_account_email
    subnetwork           = var.subnetwork
    ipConfiguration      = "WORKER_IP_PRIVATE"
    tempLocation         = var.temp_location
    stagingLocation      = var.staging_location
    maxWorkers           = var.max_workers
    machineType          = var.machine_type
    additionalUserLabels = length(var.labels) > 0 ? var.labels : null
  }

  body = {
    launchParameter = {
      jobName              = var.job_name
      containerSpecGcsPath = var.template_path
      parameters           = var.parameters
      environment          = { for key, value in local.environment : key => value if value != null }
    }
  }

  # An execution of the Cloud Run job gets the same parameters as words of its command line.
  overrides = {
    containerOverrides = [{
      args = concat(
        [for name, value in var.parameters : "--${name}=${value}"],
        ["--temp_location=${var.temp_location}", "--job_name=${var.job_name}"],
      )
    }]
    timeout = var.timeout_s == null ? null : "${var.timeout_s}s"
  }

  execution = {
    overrides = { for key, value in local.overrides : key => value if value != null }
  }

  template = jsondecode(file("${path.module}/../../../../metadata.json"))
  unknown  = setsubtract(keys(var.parameters), local.template.parameters[*].name)
}

output "body" {
  description = "Body of flexTemplates:launch, or of jobs:run of Cloud Run, as JSON."
  value       = var.host == "cloud_run" ? jsonencode(local.execution) : jsonencode(local.body)

  precondition {
    condition     = length(local.unknown) == 0
    error_message = "The template has no parameter ${join(", ", local.unknown)}."
  }
}
