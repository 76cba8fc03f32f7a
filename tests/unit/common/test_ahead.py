"""Work ahead in threads: in order, not too far, and ended when no one asks for more."""

import itertools
import threading
import time

import pytest

from bisenet_lib.common.parallel import ahead


def test_in_order_whichever_is_ready_first():
    def slow_first(number):
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(ahead(slow_first, range(20), threads=4)) == list(range(20))


def test_takes_only_a_few_items_in_advance():
    taken = []

    def items():
        for number in itertools.count():
            taken.append(number)
            yield number

    results = ahead(lambda number: number, items())
    assert next(results) == 0
    assert len(taken) == 5
    results.close()


def test_one_thread_at_a_time_when_asked_for():
    inside, most = [], []

    def work(number):
        inside.append(number)
        most.append(len(inside))
        time.sleep(0.001)
        inside.remove(number)

    list(ahead(work, range(20), threads=1))
    assert max(most) == 1


def test_an_error_arrives_when_its_turn_comes_and_the_threads_end():
    before = threading.active_count()
    results = ahead(lambda number: 1 // (2 - number), range(9))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threading.active_count() == before
