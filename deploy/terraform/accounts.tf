locals {
  accounts = merge(
    {
      build     = "Cloud Build runs as it: pushes the image, writes the template"
      launcher  = "People and CI act as it to launch jobs by hand"
      worker    = "The launcher VM and the workers run as it"
      scheduler = "Cloud Scheduler launches jobs as it"
    },
    local.has_run ? { run = "Executions of the Cloud Run job run as it" } : {},
  )

  build_member  = google_service_account.account["build"].member
  worker_member = google_service_account.account["worker"].member

  # Both launch jobs, and may do nothing else.
  launchers = {
    launcher  = google_service_account.account["launcher"].member
    scheduler = google_service_account.account["scheduler"].member
  }
}

resource "google_service_account" "account" {
  for_each = local.accounts

  project      = var.project_id
  account_id   = "${var.name}-${each.key}"
  display_name = "Smart Sync: ${each.key}"
  description  = each.value

  depends_on = [google_project_service.service]
}

# Build --------------------------------------------------------------------------------------------

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = var.project_id
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = local.build_member
}

resource "google_project_iam_member" "build" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = local.build_member
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.bucket.name
  role   = "roles/storage.objectAdmin"
  member = local.build_member
}

# Launcher and scheduler ---------------------------------------------------------------------------

resource "google_project_iam_member" "launchers" {
  for_each = local.launchers

  project = var.project_id
  role    = "roles/dataflow.developer"
  member  = each.value
}

resource "google_service_account_iam_member" "launchers" {
  for_each = local.launchers

  service_account_id = google_service_account.account["worker"].name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_storage_bucket_iam_member" "launchers" {
  for_each = local.launchers

  bucket = google_storage_bucket.bucket.name
  role   = "roles/storage.objectViewer"
  member = each.value
}

resource "google_service_account_iam_member" "launcher_members" {
  for_each = var.launcher_members

  service_account_id = google_service_account.account["launcher"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}

# Worker -------------------------------------------------------------------------------------------

resource "google_project_iam_member" "worker" {
  for_each = setunion(
    [
      "roles/bigquery.jobUser",
      "roles/bigquery.readSessionUser",
      "roles/dataflow.worker",
    ],
    var.worker_project_roles,
  )

  project = var.project_id
  role    = each.value
  member  = local.worker_member
}

resource "google_storage_bucket_iam_member" "worker" {
  bucket = google_storage_bucket.bucket.name
  role   = "roles/storage.objectAdmin"
  member = local.worker_member
}

resource "google_artifact_registry_repository_iam_member" "worker" {
  project    = var.project_id
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = local.worker_member
}

resource "google_bigquery_dataset_iam_member" "worker" {
  project    = var.project_id
  dataset_id = local.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = local.worker_member
}

resource "google_bigquery_dataset_iam_member" "worker_sources" {
  for_each = { for source in var.source_datasets : "${source.project}.${source.dataset_id}" => source }

  project    = each.value.project
  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = local.worker_member
}

resource "google_secret_manager_secret_iam_member" "worker" {
  for_each = google_secret_manager_secret.secret

  project   = var.project_id
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = local.worker_member
}
