"""Many tables in one launch: the file that names them, and the request of each. Pure."""
