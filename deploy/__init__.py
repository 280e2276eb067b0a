"""How the template comes into a cloud project, and what can be proven of that without one."""
