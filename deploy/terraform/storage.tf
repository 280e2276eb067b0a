locals {
  location = coalesce(var.location, var.region)

  # Everything that may be deleted lies under tmp/; the template doesn't.
  bucket_url       = "gs://${google_storage_bucket.bucket.name}"
  template_path    = "${local.bucket_url}/templates/smart-sync.json"
  temp_location    = "${local.bucket_url}/tmp"
  staging_location = "${local.bucket_url}/tmp/staging"

  dataset_id = var.create_dataset ? google_bigquery_dataset.destination[0].dataset_id : var.dataset_id
}

resource "google_artifact_registry_repository" "images" {
  project       = var.project_id
  location      = var.region
  repository_id = var.name
  format        = "DOCKER"
  description   = "Images of Smart Sync to BigQuery"
  labels        = var.labels

  depends_on = [google_project_service.service]
}

resource "google_storage_bucket" "bucket" {
  project                     = var.project_id
  name                        = coalesce(var.bucket_name, "${var.project_id}-${var.name}")
  location                    = local.location
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Deleted temporary files would be kept, and paid for, for another seven days.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.temp_retention_days
      matches_prefix = ["tmp/"]
    }
  }

  depends_on = [google_project_service.service]
}

resource "google_bigquery_dataset" "destination" {
  count = var.create_dataset ? 1 : 0

  project     = var.project_id
  dataset_id  = var.dataset_id
  location    = local.location
  description = "Tables filled by Smart Sync to BigQuery"
  labels      = var.labels

  depends_on = [google_project_service.service]
}

# Values are added by hand as versions: what Terraform sets stands in its state.
resource "google_secret_manager_secret" "secret" {
  for_each = var.secret_ids

  project   = var.project_id
  secret_id = each.key
  labels    = var.labels

  replication {
    auto {}
  }

  depends_on = [google_project_service.service]
}
