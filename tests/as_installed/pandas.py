"""No pandas for the programs that tests start, as where the product is installed.

Packages of the demo and of a benchmark bring it here, and Beam, which can do without, imports it
wherever it is: an eighth of a launch.
"""

raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
