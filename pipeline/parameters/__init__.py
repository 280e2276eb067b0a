"""The one table of parameters, their values and checks, and what is made from it; no Beam."""
