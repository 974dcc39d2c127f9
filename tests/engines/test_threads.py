"""BLAS threads: few where products are small, set for a block and put back."""

from __future__ import annotations

from xent.cores import n_cores
from xent.engines.threads import blas_threads, blas_versions, suitable_threads
from xent.network import mlp


def test_small_networks_use_one_thread_and_large_ones_all_cores():
    assert suitable_threads(mlp(30, (100, 100), 1), 350) == 1
    assert suitable_threads(mlp(784, (1024, 1024), 10), 64) == n_cores() >= 1


def test_threads_are_set_for_the_block_and_put_back():
    from threadpoolctl import threadpool_info

    def blas():
        return [
            library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
        ]

    before = blas()
    with blas_threads(1) as is_set:
        assert is_set
        assert set(blas()) == {1}
    assert blas() == before


def test_blas_is_named_with_its_version():
    assert any(
        "openblas" in name or "mkl" in name or "accelerate" in name for name in blas_versions()
    )
