locals {
  has_nat              = var.create_network && var.create_nat
  has_private_services = var.create_network && var.private_services_access

  network    = var.create_network ? google_compute_network.network[0].name : null
  subnetwork = var.create_network ? google_compute_subnetwork.workers[0].self_link : var.subnetwork
}

resource "google_compute_network" "network" {
  count = var.create_network ? 1 : 0

  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.service]
}

# The workers have no public addresses: they reach Google's own services by Private Google Access.
resource "google_compute_subnetwork" "workers" {
  count = var.create_network ? 1 : 0

  project                  = var.project_id
  region                   = var.region
  name                     = "${var.name}-workers"
  network                  = google_compute_network.network[0].id
  ip_cidr_range            = var.subnetwork_range
  private_ip_google_access = true
}

# Dataflow gives its VMs the tag dataflow. They shuffle over these two ports.
resource "google_compute_firewall" "workers" {
  count = var.create_network ? 1 : 0

  project     = var.project_id
  name        = "${var.name}-workers"
  network     = google_compute_network.network[0].id
  description = "Dataflow workers among themselves"
  direction   = "INGRESS"
  source_tags = ["dataflow"]
  target_tags = ["dataflow"]

  allow {
    protocol = "tcp"
    ports    = ["12345-12346"]
  }
}

resource "google_compute_router" "router" {
  count = local.has_nat ? 1 : 0

  project = var.project_id
  region  = var.region
  name    = var.name
  network = google_compute_network.network[0].id
}

resource "google_compute_router_nat" "nat" {
  count = local.has_nat ? 1 : 0

  project                            = var.project_id
  region                             = var.region
  name                               = var.name
  router                             = google_compute_router.router[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.workers[0].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }
}

resource "google_compute_global_address" "private_services" {
  count = local.has_private_services ? 1 : 0

  project       = var.project_id
  name          = "${var.name}-private-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = var.private_services_prefix_length
  network       = google_compute_network.network[0].id
}

resource "google_service_networking_connection" "private_services" {
  count = local.has_private_services ? 1 : 0

  network                 = google_compute_network.network[0].id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.private_services[0].name]

  depends_on = [google_project_service.service]
}
