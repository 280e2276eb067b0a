"""MongoDB: documents as raw BSON, taken apart into Arrow."""
