# A Cloud Run job of the same image, for syncs that need no workers of their own. Each execution
# brings its parameters; the job says what runs, as whom, and how large.
locals {
  has_run = var.cloud_run != null

  # Cloud Run wants the name alone, or the path of a Shared VPC's.
  run_subnetwork = local.subnetwork == null ? null : replace(replace(local.subnetwork, "https://www.googleapis.com/compute/v1/", ""), "/^regions/[^/]+/subnetworks//", "")
}

resource "google_cloud_run_v2_job" "sync" {
  count = local.has_run ? 1 : 0

  project             = var.project_id
  location            = var.region
  name                = var.name
  labels              = var.labels
  deletion_protection = false

  template {
    task_count = 1

    template {
      service_account = google_service_account.account["run"].email
      max_retries     = 0
      timeout         = "${var.cloud_run.timeout_s}s"

      # The image's own entry point is Dataflow's. Without a shell between, signals reach the program.
      containers {
        image   = var.cloud_run.image
        command = ["python", "/template/main.py"]
        args    = ["--help"]

        resources {
          limits = {
            cpu    = var.cloud_run.cpu
            memory = var.cloud_run.memory
          }
        }
      }

      vpc_access {
        egress = var.cloud_run.egress

        network_interfaces {
          network    = local.run_subnetwork == null ? "default" : null
          subnetwork = local.run_subnetwork
        }
      }
    }
  }

  depends_on = [google_project_service.service]
}

# Parameters are overrides: roles/run.invoker would not do.
resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  count = local.has_run ? 1 : 0

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.sync[0].name
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = google_service_account.account["scheduler"].member
}

# What an execution may do: as the workers, without what is Dataflow's.
resource "google_project_iam_member" "run" {
  for_each = local.has_run ? toset(["roles/bigquery.jobUser", "roles/bigquery.readSessionUser"]) : toset([])

  project = var.project_id
  role    = each.value
  member  = google_service_account.account["run"].member
}

resource "google_storage_bucket_iam_member" "run" {
  count = local.has_run ? 1 : 0

  bucket = google_storage_bucket.bucket.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.account["run"].member
}

resource "google_bigquery_dataset_iam_member" "run" {
  count = local.has_run ? 1 : 0

  project    = var.project_id
  dataset_id = local.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.account["run"].member
}

resource "google_bigquery_dataset_iam_member" "run_sources" {
  for_each = { for source in var.source_datasets : "${source.project}.${source.dataset_id}" => source if local.has_run }

  project    = each.value.project
  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.account["run"].member
}

resource "google_secret_manager_secret_iam_member" "run" {
  for_each = { for id, secret in google_secret_manager_secret.secret : id => secret if local.has_run }

  project   = var.project_id
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.account["run"].member
}
