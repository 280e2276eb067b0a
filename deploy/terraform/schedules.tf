module "launch_body" {
  source   = "./modules/launch_body"
  for_each = var.schedules

  host                  = each.value.host
  timeout_s             = each.value.timeout_s
  job_name              = "${var.name}-${each.key}"
  template_path         = local.template_path
  service_account_email = google_service_account.account["worker"].email
  temp_location         = local.temp_location
  staging_location      = local.staging_location
  subnetwork            = local.subnetwork
  max_workers           = each.value.max_workers
  machine_type          = each.value.machine_type
  labels                = each.value.labels

  parameters = merge(
    {
      destination_bigquery_project = var.project_id
      destination_bigquery_dataset = local.dataset_id
    },
    each.value.parameters,
  )
}

locals {
  request_uris = {
    dataflow  = "https://dataflow.googleapis.com/v1b3/projects/${var.project_id}/locations/${var.region}/flexTemplates:launch"
    cloud_run = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${var.name}:run"
  }
}

# One job name per schedule is the lock: while a job runs, Dataflow answers a second launch with 409.
# A retry could only meet that same answer, or launch twice, so there is none.
# Cloud Run refuses no second execution; there the lock of each table is all.
resource "google_cloud_scheduler_job" "schedule" {
  for_each = var.schedules

  project          = var.project_id
  region           = coalesce(var.scheduler_region, var.region)
  name             = "${var.name}-${each.key}"
  description      = each.value.host == "cloud_run" ? "Executes the Cloud Run job ${var.name} for ${each.key}" : "Launches the Dataflow job ${var.name}-${each.key}"
  schedule         = each.value.cron
  time_zone        = each.value.time_zone
  paused           = each.value.paused
  attempt_deadline = "180s"

  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = local.request_uris[each.value.host]
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(module.launch_body[each.key].body)

    oauth_token {
      service_account_email = google_service_account.account["scheduler"].email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }

  depends_on = [
    google_cloud_run_v2_job_iam_member.scheduler,
    google_project_iam_member.launchers,
    google_service_account_iam_member.launchers,
    google_storage_bucket_iam_member.launchers,
  ]
}
