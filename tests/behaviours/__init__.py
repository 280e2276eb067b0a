"""What servers, drivers and tools really do where a good guess is wrong: docs/behaviours.md."""
