#include <doctest/doctest.h>

#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"
#include "support/empty_ops.hpp"

using namespace stx::test;
using stx::Cpu;

TEST_CASE_TEMPLATE("attention and gat without keys, queries, sequences, nodes or dimensions", T, float, double) {
  check_empty_attention<T, Cpu>();
}

TEST_CASE("draws of nothing") { check_empty_draws<Cpu>(); }

TEST_CASE_TEMPLATE("searches without points, queries or neighbours", T, float, double) {
  check_empty_searches<T, Cpu>();
}

TEST_CASE("timestep_embedding of width 0 and 1") { check_empty_embedding<float, Cpu>(); }
