"""Publishing what is staged, once and whole: proof, dead letters, the publishing job."""
