"""`make peers`: what other tools and ours lose, double or change when a source is unkind."""
