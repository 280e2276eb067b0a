"""The local demo: real servers, real flights, the real entry point."""
