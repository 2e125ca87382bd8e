#include "stx/backend/gemm.hpp"

#include "stx/ops/matmul.hpp"
#include "support/golden_op.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive.hpp"

using namespace stx::test;
using stx::Cpu;
using stx::GemmArgs;
using stx::GradWrite;
using stx::Shape;
using Sizes = std::array<std::int64_t, 3>;

namespace {

const auto product = [](auto& ctx, const auto& v) { return std::vector{stx::matmul(ctx, v[0], v[1])}; };

/// One product through the backend, between sentinels; c starts as `initial`.
template <class T>
std::vector<T> run(const Sizes& s, const std::vector<T>& a, const std::vector<T>& b, bool ta, bool tb, GradWrite write,
                   T initial, int threads = 2) {
  stx::Context<Cpu> ctx({.threads = threads});
  const auto [m, n, k] = s;
  Guarded<T> c(m * n, initial);
  stx::gemm(ctx, GemmArgs<T>{.a = a.data(),
                             .b = b.data(),
                             .c = c.data(),
                             .m = m,
                             .n = n,
                             .k = k,
                             .transpose_a = ta,
                             .transpose_b = tb,
                             .write = write});
  CHECK(c.intact());
  return c.content();
}

template <class T>
void check_values(const Sizes& s) {
  const std::int64_t m = s[0], n = s[1], k = s[2];
  const auto a = random_values(m * k, 1);
  const auto b = random_values(k * n, 2);
  for (bool ta : {false, true})
    for (bool tb : {false, true})
      for (GradWrite write : {GradWrite::overwrite, GradWrite::accumulate}) {
        INFO(m, " x ", k, " x ", n, ", transposed ", ta, " ", tb);
        const T initial = write == GradWrite::accumulate ? T(0.5) : std::numeric_limits<T>::quiet_NaN();
        const auto got = run<T>(s, convert<T>(a), convert<T>(b), ta, tb, write, initial);
        auto want = naive::gemm(a, b, m, n, k, ta, tb);
        auto rough = naive::gemm(convert<T>(a), convert<T>(b), m, n, k, ta, tb);
        if (write == GradWrite::accumulate) {
          for (auto& v : want) v += 0.5;
          for (auto& v : rough) v += T(0.5);
        }
        check_close("product", got, want, rough);
      }
}

}  // namespace

TEST_CASE("gemm: PyTorch's product and gradients") {
  check_golden_op(golden::load("ops/gemm.txt"), "", {{"a"}, {"b"}}, product);
}

TEST_CASE("gemm: all transposes, overwrite and accumulate, odd shapes") {
  for (std::int64_t odd : odd_sizes) {
    check_values<float>({odd, 5, 7});
    check_values<float>({5, odd, 7});
    check_values<float>({5, 7, odd});
  }
  for (const Sizes& s :
       {Sizes{1, 1, 1}, {1, 300, 1}, {300, 1, 1}, {129, 257, 65}, {257, 129, 65}, {128, 128, 128}, {97, 401, 600}}) {
    check_values<float>(s);
    check_values<double>(s);
  }
}

TEST_CASE("gemm: an inner size of 0 gives zeros, or leaves what is accumulated to") {
  const std::vector<float> none;
  CHECK(run<float>({3, 2, 0}, none, none, false, false, GradWrite::overwrite, 7.0f) == std::vector<float>(6, 0.0f));
  CHECK(run<float>({3, 2, 0}, none, none, true, true, GradWrite::accumulate, 7.0f) == std::vector<float>(6, 7.0f));
}

TEST_CASE("gemm: row lengths longer than the matrices; the rest of a row is not touched") {
  const std::int64_t m = 150, n = 37, k = 21, lda = 160, ldb = 64, ldc = 50;
  for (bool ta : {false, true})
    for (bool tb : {false, true}) {
      const auto a = random_values((ta ? k : m) * lda, 3);
      const auto b = random_values((tb ? n : k) * ldb, 4);
      stx::Context<Cpu> ctx({.threads = 3});
      Guarded<double> c(m * ldc, 9.0);
      stx::gemm(ctx, GemmArgs<double>{.a = a.data(),
                                      .b = b.data(),
                                      .c = c.data(),
                                      .m = m,
                                      .n = n,
                                      .k = k,
                                      .transpose_a = ta,
                                      .transpose_b = tb,
                                      .lda = lda,
                                      .ldb = ldb,
                                      .ldc = ldc});
      CHECK(c.intact());
      const auto got = c.content();
      double worst = 0;
      bool rest_untouched = true;
      for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t j = 0; j < ldc; ++j) {
          if (j >= n) {
            rest_untouched = rest_untouched && got[i * ldc + j] == 9.0;
            continue;
          }
          double sum = 0;
          for (std::int64_t l = 0; l < k; ++l)
            sum += a[ta ? l * lda + i : i * lda + l] * b[tb ? j * ldb + l : l * ldb + j];
          worst = std::max(worst, std::abs(got[i * ldc + j] - sum));
        }
      CHECK(worst <= 1e-13);
      CHECK(rest_untouched);
    }
}

TEST_CASE("gemm: the same bits for every number of threads") {
  for (const Sizes& s : {Sizes{1023, 65, 33}, {65, 1023, 33}, {300, 300, 700}}) {
    const auto a = convert<float>(random_values(s[0] * s[2], 5));
    const auto b = convert<float>(random_values(s[2] * s[1], 6));
    for (bool ta : {false, true}) {
      const auto one = run<float>(s, a, b, ta, true, GradWrite::overwrite, 0, 1);
      for (int threads : {1, 2, 3, 5})
        CHECK(same_bits(one, run<float>(s, a, b, ta, true, GradWrite::overwrite, 0, threads)));
    }
  }
}

TEST_CASE_TEMPLATE("gemm: every part of a large product has the bits that it has alone", T, float, double) {
  // Larger than what is packed at once in every direction. Parts in double are small enough to be computed otherwise;
  // those in float are as much work for a matrix unit as the whole.
  const std::int64_t m = 300, n = 500, k = 300, part = sizeof(T) == 8 ? 40 : 100;
  const auto a = convert<T>(random_values(m * k, 7));
  const auto b = convert<T>(random_values(k * n, 8));
  for (bool ta : {false, true})
    for (bool tb : {false, true}) {
      const auto whole = run<T>({m, n, k}, a, b, ta, tb, GradWrite::overwrite, 0);
      std::vector<T> alone(whole.size());
      stx::Context<Cpu> ctx({.threads = 1});
      for (std::int64_t i = 0; i < m; i += part)
        for (std::int64_t j = 0; j < n; j += part)
          stx::gemm(ctx, GemmArgs<T>{.a = a.data() + i * (ta ? 1 : k),
                                     .b = b.data() + j * (tb ? k : 1),
                                     .c = alone.data() + i * n + j,
                                     .m = std::min(part, m - i),
                                     .n = std::min(part, n - j),
                                     .k = k,
                                     .transpose_a = ta,
                                     .transpose_b = tb,
                                     .lda = ta ? m : k,
                                     .ldb = tb ? k : n,
                                     .ldc = n});
      INFO("transposed ", ta, " ", tb);
      CHECK(same_bits(whole, alone));
    }
}

TEST_CASE("gemm: NaN and infinity pass through") {
  const float inf = std::numeric_limits<float>::infinity();
  const auto c = run<float>({2, 1, 2}, {inf, 0, std::nanf(""), 1}, {1, 1}, false, false, GradWrite::overwrite, 0);
  CHECK(c[0] == inf);
  CHECK(std::isnan(c[1]));
}

TEST_CASE("matmul: value and gradients") {
  for (const Sizes& s : {Sizes{3, 4, 5}, {1, 1, 1}, {5, 2, 1}, {4, 3, 0}, {0, 3, 4}, {3, 0, 4}})
    check_gradients({random_input({s[0], s[2]}, 1), random_input({s[2], s[1]}, 2)}, product);
  stx::Context<Cpu> ctx;
  const auto a = random_input({33, 31}, 1), b = random_input({31, 65}, 2);
  const auto run = run_op<float>(ctx, {a, b}, product);
  check_close("matmul", run.outputs[0], naive::gemm(a.values, b.values, 33, 65, 31),
              naive::gemm(convert<float>(a.values), convert<float>(b.values), 33, 65, 31));
}

TEST_CASE("matmul: the identity on either side gives the matrix, bit for bit; (a b)^T is b^T a^T" *
          doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx({.threads = 2});
  Input a = random_input({33, 65}, 1), left{Shape{33, 33}, std::vector<double>(33 * 33)},
        right{Shape{65, 65}, std::vector<double>(65 * 65)};
  for (std::int64_t i = 0; i < 33; ++i) left.values[i * 34] = 1;
  for (std::int64_t i = 0; i < 65; ++i) right.values[i * 66] = 1;
  const auto product = [](auto& c, const auto& v) { return std::vector{stx::matmul(c, v[0], v[1])}; };
  CHECK(same_bits(run_op<float>(ctx, {left, a}, product).outputs[0], convert<float>(a.values)));
  CHECK(same_bits(run_op<float>(ctx, {a, right}, product).outputs[0], convert<float>(a.values)));
  const Input b = random_input({65, 31}, 2);
  const auto turned = [](const Input& m) {
    Input t{Shape{m.shape[1], m.shape[0]}, {}};
    for (std::int64_t j = 0; j < m.shape[1]; ++j)
      for (std::int64_t i = 0; i < m.shape[0]; ++i) t.values.push_back(m.values[i * m.shape[1] + j]);
    return t;
  };
  const auto straight = run_op<double>(ctx, {a, b}, product).outputs[0];
  const auto reversed = run_op<double>(ctx, {turned(b), turned(a)}, product).outputs[0];
  CHECK(max_error(reversed, turned({Shape{33, 31}, straight}).values) < 1e-13);
}

TEST_CASE("matmul: a matrix times itself") {
  check_gradients({random_input({4, 4}, 1)},
                  [](auto& ctx, const auto& v) { return std::vector{stx::matmul(ctx, v[0], v[0])}; });
}

TEST_CASE("matmul: the same bits for every number of threads") {
  check_same_for_all_threads<float>({random_input({700, 130}, 1), random_input({130, 200}, 2)}, product, 2);
}

TEST_CASE("matmul: shapes that do not fit are errors") {
  stx::Context<Cpu> ctx;
  CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({2, 3}, 1), random_input({4, 2}, 2)}, product),
                       "[matmul] a (m, k) and b (k, n) must agree on k, got (2, 3) and (4, 2)", stx::ArgumentError);
  CHECK_THROWS_AS(run_op<float>(ctx, {random_input({2, 3}, 1), random_input({3}, 2)}, product), stx::ArgumentError);
}
