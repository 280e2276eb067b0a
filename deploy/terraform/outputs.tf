output "bucket" {
  description = "Bucket of template and temporary files."
  value       = google_storage_bucket.bucket.name
}

output "repository_url" {
  description = "Where images are pushed to: add a slash and the image's name."
  value       = "${google_artifact_registry_repository.images.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "service_accounts" {
  description = "E-mail addresses of the service accounts: build, launcher, worker, scheduler, and run with cloud_run."
  value       = { for name, account in google_service_account.account : name => account.email }
}

output "template_path" {
  description = "Where the template file must be written; the schedules launch it from there."
  value       = local.template_path
}

output "temp_location" {
  description = "temp_location for jobs that are launched by hand."
  value       = local.temp_location
}

output "staging_location" {
  description = "staging_location for jobs that are launched by hand."
  value       = local.staging_location
}

output "dataset_id" {
  description = "Dataset of the destination tables."
  value       = local.dataset_id
}

output "secrets" {
  description = "Names to give as postgresql_password and the like, once each secret has a version."
  value       = { for id, secret in google_secret_manager_secret.secret : id => "${secret.id}/versions/latest" }
}

output "network" {
  description = "Network that was made, or null."
  value       = local.network

  precondition {
    condition     = var.create_network || !(var.create_nat || var.private_services_access)
    error_message = "create_nat and private_services_access need create_network = true."
  }
}

output "subnetwork" {
  description = "Subnetwork of the jobs, or null for the network default."
  value       = local.subnetwork

  precondition {
    condition     = !var.create_network || var.subnetwork == null
    error_message = "Give either create_network = true or subnetwork, not both."
  }
}

output "cloud_run_job" {
  description = "Name of the Cloud Run job, or null."
  value       = local.has_run ? google_cloud_run_v2_job.sync[0].name : null
}

output "schedules" {
  description = "Names of the Cloud Scheduler jobs; the Dataflow jobs have the same names."
  value       = { for name, job in google_cloud_scheduler_job.schedule : name => job.name }

  precondition {
    condition     = local.has_run || alltrue([for schedule in values(var.schedules) : schedule.host != "cloud_run"])
    error_message = "A schedule with host = \"cloud_run\" needs the variable cloud_run."
  }
}
