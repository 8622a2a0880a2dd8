"""How tests are divided among workers: what tests share is made once."""

import pytest

from tests.whole_modules import estate_of, whole

# The modules of twelve tests in the order of a queue; those of "free" share nothing.
QUEUE = ["free"] * 3 + ["docker"] * 4 + ["free"] * 2 + ["guests"] * 3


@pytest.mark.parametrize(
    ("start", "cut"),
    [(2, 2), (3, 3), (5, 3), (6, 3), (7, 7), (8, 8), (9, 9), (11, 9)],
)
def test_a_module_whose_tests_share_something_is_not_cut(start: int, cut: int) -> None:
    assert whole(range(12), start, lambda test: None if QUEUE[test] == "free" else QUEUE[test]) == cut


def test_a_module_that_a_worker_has_begun_stays_with_it() -> None:
    """Its first two tests run, or are about to."""
    assert whole([4, 5, 6, 7, 8], 2, lambda test: None if QUEUE[test] == "free" else QUEUE[test]) == 3


def test_a_worker_keeps_its_last_module() -> None:
    """Another worker would make again what its tests share."""
    assert whole([3, 4, 5, 6], 2, lambda test: QUEUE[test]) == 4


def test_modules_that_name_the_same_estate_are_not_parted() -> None:
    texts = {
        "test_guests.py": 'ESTATE = "guests"\n',
        "test_guests_removed.py": 'ESTATE = "guests"\n',
        "test_hosts.py": '@pytest.fixture(scope="module")\n',
        "test_rows.py": "def test_rows() -> None:\n",
    }
    shared = [estate_of(module, text) for module, text in texts.items()]
    assert shared == ["guests", "guests", "test_hosts.py", None]
    assert whole(range(4), 2, lambda test: shared[test]) == 2
    assert whole(range(-2, 2), 3, lambda test: None if test < 0 else shared[test]) == 2
