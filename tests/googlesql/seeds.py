"""How properties of thousands of values are tried: one seed makes them all, so few seeds do."""

from hypothesis import HealthCheck, Phase, settings

FEW_SEEDS = settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Not made smaller when they fail: the values are told one by one."""
ONE_SEED = settings(FEW_SEEDS, max_examples=1)
"""Another one in each run, where each asks BigQuery dozens of times."""
