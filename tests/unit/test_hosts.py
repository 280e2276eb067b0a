"""Which host fits a launch: minutes and dollars by arithmetic, and where its figures come from."""

import pytest

from bench.record import Record
from smart_sync import hosts
from smart_sync.hosts import Work, advice, cloud_run, dataflow, fitting, vm
from tests.scaling import DISK_GB, MEMORY_GB, PRICES, START_MINUTES, Measured

GB = 10**9


def test_what_a_vcpu_reads_is_between_a_quarter_and_about_half_of_what_a_core_was_measured_to():
    measured = Measured.of(Record.read()).lane_rate
    assert measured * 0.25 < hosts.BYTES_A_SECOND < measured * 0.625


def test_dataflow_s_prices_and_sizes_are_those_of_the_page_on_scaling():
    assert PRICES["vCPU hour"] == hosts.WORKER_VCPU_HOUR
    assert PRICES["GB of memory, hour"] == hosts.WORKER_GB_HOUR
    assert PRICES["GB of disk, hour"] == hosts.WORKER_DISK_GB_HOUR
    assert (MEMORY_GB, DISK_GB) == (hosts.WORKER_GB, hosts.WORKER_DISK_GB)
    assert START_MINUTES * 60 == hosts.WORKERS_START_S


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (Work(1), "Cloud Run"),
        (Work(40), "Cloud Run"),
        (Work(500, at_once=8), "Cloud Run"),
        (Work(1000, at_once=2), "VM"),
        (Work(1, 500 * GB, 500 * GB), "Dataflow"),
        (Work(40, 2_000 * GB, 900 * GB, connections=32), "Dataflow"),
    ],
    ids=str,
)
def test_small_and_many_fit_one_process_and_a_first_load_of_500_gb_dataflow(work, name):
    assert fitting(work).name == name


def test_a_table_is_read_over_one_connection_in_one_process_and_over_many_on_dataflow():
    one, two = Work(1, 8 * GB, 8 * GB), Work(2, 8 * GB, 4 * GB)
    start = hosts.VM_START_S + hosts.TABLE_S
    assert vm(one).seconds - start == pytest.approx(8 * GB / hosts.BYTES_A_SECOND)
    assert vm(two).seconds - start == pytest.approx(4 * GB / hosts.BYTES_A_SECOND)
    many, few = Work(1, 800 * GB, 800 * GB, connections=32), Work(1, 800 * GB, 800 * GB)
    assert dataflow(many).seconds < dataflow(few).seconds / 2


def test_a_month_of_cloud_run_is_less_what_is_free():
    assert cloud_run(Work(1)).a_month == 0
    large = cloud_run(Work(500))
    seconds = large.seconds * hosts.HOURS_A_MONTH
    vcpu_s = hosts.RUN_VCPUS * seconds - hosts.RUN_FREE_VCPU_S
    gib_s = hosts.RUN_GIB * seconds - hosts.RUN_FREE_GIB_S
    expected = vcpu_s * hosts.RUN_VCPU_S + gib_s * hosts.RUN_GIB_S
    assert large.a_month == pytest.approx(expected)


def test_the_line_names_the_host_that_fits_first_and_what_is_not_known():
    text = advice(Work(40, unknown=3))
    assert text.startswith("fits: Cloud Run about 2 min, $0.0021 a launch (VM about 1 min, ")
    assert text.endswith("Dataflow about 7 min, $0.0079), 3 of unknown size left out")
