// What ContextOptions::check_inputs says of indices and of ln theta out of range, on any device.
#pragma once

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "run_op.hpp"
#include "stx/ops/count_decoder_mean.hpp"
#include "stx/ops/count_log_prob.hpp"
#include "stx/ops/gather_log1p.hpp"
#include "stx/ops/sample_counts.hpp"

namespace stx::test {

/// What `call` throws as `E`, or "".
template <class E, class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

/// Counts of 3 cells and 4 genes, for batches of two rows; dispersions of 5 batches.
template <class D>
struct CountCalls {
  using V = Var<float, D>;
  using Ids = std::vector<std::int32_t>;

  Context<D>& ctx;
  Csr<D> counts;
  V rates = values({2, 4}), library = values({2}), log_theta = values({4}), per_batch = values({5, 4});

  explicit CountCalls(Context<D>& context) : ctx(context) {
    CsrMatrix<float> m;
    m.rows = 3;
    m.cols = 4;
    m.indptr = {0, 1, 2, 4};
    m.indices = {2, 0, 1, 3};
    m.values = {5, 1, 2, 7};
    counts = to_device(ctx, m);
  }

  V values(Shape shape) { return constant(ctx, to_device(ctx, convert<float>(random_values(shape.size(), 1)), shape)); }
  Tensor<std::int32_t, D> ids(const Ids& numbers) {
    return to_device(ctx, numbers, Shape{static_cast<std::int64_t>(numbers.size())});
  }
  Counts<float, D> rows_of(const Ids& rows) { return Counts<float, D>(counts, ids(rows)); }

  void log_prob(const Ids& rows, const Dispersion<float, D>& d) { count_log_prob<float>(ctx, rows_of(rows), rates, d); }
  void decoder(const Ids& rows, const Dispersion<float, D>& d) {
    count_decoder<float>(ctx, rows_of(rows), rates, library, d);
  }
  void mean(const Dispersion<float, D>& d) { count_decoder_mean<float, D>(ctx, rates, library, {}, d); }
  void sample() { sample_counts(ctx, rates.value(), log_theta.value(), 1); }
  void gather(const Ids& rows, const Ids& column_of) {
    const auto totals = to_device(ctx, std::vector<float>{5, 1, 9}, Shape{3});
    gather_log1p<float>(ctx, counts, ids(rows), {.column_of = ids(column_of), .n_columns = 2, .totals = totals});
  }
};

template <class D>
void check_index_messages() {
  Context<D> ctx({.check_inputs = true});
  CountCalls<D> call(ctx);
  using Ids = std::vector<std::int32_t>;
  const Dispersion<float, D> per_gene{call.log_theta};
  const auto of_batches = [&](const Ids& batch) { return Dispersion<float, D>{call.per_batch, call.ids(batch)}; };

  // First and last numbers pass.
  CHECK(error_of<Error>([&] { call.log_prob({2, 0}, of_batches({0, 4})); }) == "");
  CHECK(error_of<Error>([&] { call.decoder({2, 0}, of_batches({4, 0})); }) == "");
  CHECK(error_of<Error>([&] { call.mean(of_batches({4, 0})); }) == "");
  CHECK(error_of<Error>([&] { call.gather({2, 0}, {0, -1, 1, -1}); }) == "");

  CHECK(error_of<ArgumentError>([&] {
          call.log_prob({0, 3}, per_gene);
        }) == "[count_log_prob] row_ids (2) holds 3 at position 1; indices must lie in [0, 3)");
  CHECK(error_of<ArgumentError>([&] {
          call.decoder({-1, 0}, per_gene);
        }) == "[count_decoder] row_ids (2) holds -1 at position 0; indices must lie in [0, 3)");
  CHECK(error_of<ArgumentError>([&] {
          call.log_prob({0, 1}, of_batches({0, 5}));
        }) == "[count_log_prob] batch (2) holds 5 at position 1; indices must lie in [0, 5)");
  CHECK(error_of<ArgumentError>([&] {
          call.decoder({0, 1}, of_batches({-2, 5}));
        }) == "[count_decoder] batch (2) holds -2 at position 0; indices must lie in [0, 5)");
  CHECK(error_of<ArgumentError>([&] {
          call.mean(of_batches({4, 77}));
        }) == "[count_decoder_mean] batch (2) holds 77 at position 1; indices must lie in [0, 5)");
  CHECK(error_of<ArgumentError>([&] {
          call.gather({1, 2, 3}, {0, -1, 1, -1});
        }) == "[gather_log1p] rows (3) holds 3 at position 2; indices must lie in [0, 3)");
  CHECK(error_of<ArgumentError>([&] {
          call.gather({1, 2}, {0, 2, 1, -1});
        }) == "[gather_log1p] column_of (4) holds 2 at position 1; indices must lie in [-1, 2)");
}

template <class D>
void check_theta_messages() {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  struct Case {
    float value;
    const char* printed;  // nullptr: in range
  };
  // ln 0, ln of a negative number, and numbers beyond what float can square.
  for (const Case& c : {Case{-infinity, "-inf"}, Case{std::nanf(""), "nan"}, Case{80.5f, "80.5"}, Case{-80.5f, "-80.5"},
                        Case{infinity, "inf"}, Case{80, nullptr}, Case{-80, nullptr}})
    for (const bool checking : {true, false}) {
      Context<D> ctx({.check_inputs = checking});
      CountCalls<D> call(ctx);
      copy_to_device(ctx, call.log_theta.value().data + 2, &c.value, sizeof c.value);
      const Dispersion<float, D> per_gene{call.log_theta};
      const auto message = [&](const char* op) {
        return checking && c.printed != nullptr
                   ? "[" + std::string(op) + "] log_theta (4) holds " + c.printed +
                         " at row 0, column 2; theta must be above 0 and its logarithm in [-80, 80]"
                   : std::string();
      };
      CHECK(error_of<NumericError>([&] { call.log_prob({0, 1}, per_gene); }) == message("count_log_prob"));
      CHECK(error_of<NumericError>([&] { call.decoder({0, 1}, per_gene); }) == message("count_decoder"));
      CHECK(error_of<NumericError>([&] { call.mean(per_gene); }) == message("count_decoder_mean"));
      CHECK(error_of<NumericError>([&] { call.sample(); }) == message("sample_counts"));
    }
}

}  // namespace stx::test
