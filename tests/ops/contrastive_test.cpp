#include "stx/ops/contrastive.hpp"

#include "support/golden.hpp"
#include "support/gradient_check.hpp"
#include "support/guarded.hpp"
#include "support/naive_contrast.hpp"
#include "support/naive_losses.hpp"

using namespace stx::test;
using stx::Anchors;
using stx::Contrast;
using stx::Cpu;
using stx::Shape;

namespace {

constexpr Contrast forms[] = {Contrast::exclude_positives, Contrast::include_positives, Contrast::dcavae_r2,
                              Contrast::global, Contrast::dcavae_r1};

/// About a quarter of all pairs; row 1 has none.
std::vector<int> positive_pairs(std::int64_t n_first, std::int64_t n_second) {
  std::vector<int> p;
  const auto u = random_values(n_first * n_second, 8, 0, 1);
  for (std::size_t k = 0; k < u.size(); ++k)
    p.push_back(u[k] < 0.25 && static_cast<std::int64_t>(k) / n_second != 1 ? 1 : 0);
  return p;
}

std::vector<std::uint32_t> bits_of(const std::vector<int>& p, std::int64_t rows, std::int64_t cols) {
  stx::CsrMatrix<float> pairs;
  pairs.rows = rows;
  pairs.cols = cols;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < cols; ++j)
      if (p[i * cols + j]) {
        pairs.indices.push_back(static_cast<std::int32_t>(j));
        pairs.values.push_back(1);
      }
    pairs.indptr.push_back(static_cast<std::int64_t>(pairs.values.size()));
  }
  return stx::positive_bits(pairs);
}

std::vector<double> distances(std::int64_t rows, std::int64_t cols) {
  return random_values(rows * cols, 9, 0.3, 1.4);  // softplus of cosines
}

auto op(const std::vector<int>& p, stx::ContrastiveOptions options) {
  return [=]<class T, class D>(stx::Context<D>& ctx, const std::vector<stx::Var<T, D>>& v) {
    const std::int64_t rows = v[0].shape()[0], cols = v[1].shape()[0];
    const auto bits = to_device(ctx, bits_of(p, rows, cols), Shape{rows, (cols + 31) / 32});
    stx::Tensor<T, D> c;
    if (options.form == Contrast::dcavae_r1) c = to_device(ctx, convert<T>(distances(rows, cols)), Shape{rows, cols});
    return std::vector{stx::contrastive(ctx, v[0], v[1], bits, options, c)};
  };
}

template <class T>
std::vector<T> turned(const std::vector<T>& x, std::int64_t rows, std::int64_t cols) {
  std::vector<T> out(x.size());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j) out[j * rows + i] = x[i * cols + j];
  return out;
}

template <class T>
void check_value(std::int64_t rows, std::int64_t cols, std::int64_t dim, const stx::ContrastiveOptions& o) {
  INFO(rows, " x ", cols, " of ", dim, ", form ", static_cast<int>(o.form));
  stx::Context<Cpu> ctx({.threads = 2});
  const auto a = random_input({rows, dim}, 1), b = random_input({cols, dim}, 2);
  const auto p = positive_pairs(rows, cols);
  const auto got = run_op<T>(ctx, {a, b}, op(p, o)).outputs[0][0];
  const auto reference = [&]<class U>(U) {
    const auto t = static_cast<U>(o.temperature);
    const bool first = o.anchors == Anchors::first;
    auto c = convert<U>(distances(rows, cols));
    if (!first) c = turned(c, rows, cols);
    const naive::ContrastCase<U> k{convert<U>(first ? a.values : b.values),
                                   convert<U>(first ? b.values : a.values),
                                   first ? p : turned(p, rows, cols),
                                   first ? rows : cols,
                                   first ? cols : rows,
                                   dim,
                                   t};
    if (o.form == Contrast::global) return naive::contrastive_global(k);
    if (o.form == Contrast::dcavae_r1) return naive::contrastive_r1(k, c);
    return naive::contrastive(k.a, k.b, k.positive, k.n_a, k.n_b, dim, t, static_cast<int>(o.form));
  };
  check_close<T>("loss", {got}, {o.weight * reference(0.0)}, {static_cast<T>(o.weight) * reference(T(0))}, 32, 1);
}

}  // namespace

TEST_CASE("contrastive: loss against its definition, odd shapes, both directions") {
  for (Contrast form : forms)
    for (Anchors anchors : {Anchors::first, Anchors::second}) {
      const stx::ContrastiveOptions o{.temperature = 0.5, .form = form, .anchors = anchors, .weight = 3};
      for (std::int64_t odd : {0, 1, 31, 32, 33, 1023}) {
        check_value<float>(odd, 5, 10, o);
        check_value<float>(6, odd, 10, o);
      }
      check_value<float>(7, 8, 129, o);
      check_value<double>(20, 33, 10, o);
    }
  check_value<float>(2, 4097, 3, {});
}

TEST_CASE("contrastive: gradients by central differences, used once and twice") {
  for (Contrast form : forms)
    for (Anchors anchors : {Anchors::first, Anchors::second})
      check_gradients({random_input({5, 4}, 1), random_input({6, 4}, 2)},
                      op(positive_pairs(5, 6), {.temperature = 0.3, .form = form, .anchors = anchors, .weight = 2}));
  check_gradients({random_input({0, 4}, 1), random_input({6, 4}, 2)}, op({}, {}));
  check_gradients({random_input({5, 4}, 1), random_input({0, 4}, 2)}, op({}, {.form = Contrast::dcavae_r2}));
}

TEST_CASE("contrastive: golden values of PyTorch") {
  const auto golden = golden::load("ops/contrastive.txt");
  const auto& a = golden.at("first");
  const auto& b = golden.at("second");
  std::vector<int> p;
  for (double v : golden.at("positive").values) p.push_back(static_cast<int>(v));
  stx::Context<Cpu> ctx;
  for (const auto& named :
       {std::pair{std::string("exclude"), stx::ContrastiveOptions{.temperature = 0.2}},
        {std::string("include"), stx::ContrastiveOptions{.temperature = 0.2, .form = Contrast::include_positives}},
        {std::string("r2"), stx::ContrastiveOptions{.form = Contrast::dcavae_r2}},
        {std::string("global"), stx::ContrastiveOptions{.temperature = 0.2, .form = Contrast::global}}}) {
    const auto& [name, options] = named;
    INFO(named.first);
    const auto got =
        run_op<double>(ctx, {{Shape{a.rows, a.cols}, a.values}, {Shape{b.rows, b.cols}, b.values}}, op(p, options));
    CHECK(std::abs(got.outputs[0][0] - golden.at(name + "_loss").values[0]) <= 1e-12);
    for (int k = 0; k < 2; ++k) {
      auto want = golden.at(name + (k ? "_grad_second" : "_grad_first")).values;
      for (double& g : want) g *= output_weights(0, 1)[0];
      CHECK(max_error(got.grads[k], want) <= 1e-12);
    }
  }
}

TEST_CASE("contrastive: golden values of the first release's form") {
  const auto golden = golden::load("ops/contrastive.txt");
  const auto &a = golden.at("first"), &b = golden.at("second"), &c = golden.at("distance");
  std::vector<int> p;
  for (double v : golden.at("positive").values) p.push_back(static_cast<int>(v));
  stx::Context<Cpu> ctx;
  const auto got =
      run_op<double>(ctx, {{Shape{a.rows, a.cols}, a.values}, {Shape{b.rows, b.cols}, b.values}},
                     [&](stx::Context<Cpu>& context, const std::vector<stx::Var<double, Cpu>>& v) {
                       return std::vector{stx::contrastive(
                           context, v[0], v[1], to_device(context, bits_of(p, a.rows, b.rows), Shape{a.rows, 1}),
                           {.form = Contrast::dcavae_r1}, to_device(context, c.values, Shape{a.rows, b.rows}))};
                     });
  CHECK(std::abs(got.outputs[0][0] - golden.at("r1_loss").values[0]) <= 1e-12);
  for (int k = 0; k < 2; ++k) {
    auto want = golden.at(k ? "r1_grad_second" : "r1_grad_first").values;
    for (double& g : want) g *= output_weights(0, 1)[0];
    CHECK(max_error(got.grads[k], want) <= 1e-12);
  }
}

TEST_CASE("contrastive: one denominator for all is that of the anchor where there is one anchor") {
  stx::Context<Cpu> ctx;
  std::vector<int> p(40, 0);
  p[3] = p[17] = 1;
  const auto a = random_input({1, 5}, 1), b = random_input({40, 5}, 2);
  const auto one = run_op<double>(ctx, {a, b}, op(p, {.temperature = 0.3}));
  const auto all = run_op<double>(ctx, {a, b}, op(p, {.temperature = 0.3, .form = Contrast::global}));
  CHECK(all.outputs[0][0] == doctest::Approx(one.outputs[0][0]).epsilon(1e-12));
  CHECK(max_error(all.grads[1], one.grads[1]) <= 1e-12);
  // No positives, or nothing else: no loss, no gradient.
  for (int mark : {0, 1}) {
    const auto none = run_op<double>(ctx, {a, b}, op(std::vector<int>(40, mark), {.form = Contrast::global}));
    CHECK(none.outputs[0][0] == 0);
    CHECK(max_abs(none.grads[1]) == 0);
  }
}

TEST_CASE(
    "contrastive: lengths do not matter, a zero vector is no reason to fail, small temperatures "
    "hold" *
    doctest::test_suite("properties")) {
  stx::Context<Cpu> ctx;
  const auto p = positive_pairs(9, 12);
  auto a = random_input({9, 5}, 1);
  const auto b = random_input({12, 5}, 2);
  const auto before = run_op<double>(ctx, {a, b}, op(p, {})).outputs[0][0];
  for (double& v : a.values) v *= 100;
  CHECK(run_op<double>(ctx, {a, b}, op(p, {})).outputs[0][0] == doctest::Approx(before));
  std::fill_n(a.values.begin(), 5, 0.0);
  const auto got = run_op<float>(ctx, {a, b}, op(p, {.temperature = 0.025}));
  CHECK(std::isfinite(got.outputs[0][0]));
  for (float g : got.grads[1]) REQUIRE(std::isfinite(g));
  // Anchors and their own copies: nothing is nearer than the positive.
  std::vector<int> own(81, 0);
  for (int i = 0; i < 9; ++i) own[i * 10] = 1;
  const auto c = random_input({9, 5}, 1);
  CHECK(run_op<float>(ctx, {c, c}, op(own, {.temperature = 0.1})).outputs[0][0] <
        run_op<float>(ctx, {c, random_input({9, 5}, 3)}, op(own, {.temperature = 0.1})).outputs[0][0]);
}

TEST_CASE("contrastive: a bad row is recorded; same bits for every number of threads; wrong calls") {
  stx::Context<Cpu> ctx;
  auto a = random_input({9, 5}, 1);
  a.values[22] = std::numeric_limits<double>::quiet_NaN();
  begin_step(ctx);
  CHECK(std::isnan(
      run_op<float>(ctx, {a, random_input({12, 5}, 2)}, op(positive_pairs(9, 12), {.term = 5})).outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(1, 4, 5));
  ctx.step_state()->first_bad = ~0ull;
  CHECK(std::isnan(run_op<float>(ctx, {a, random_input({12, 5}, 2)},
                                 op(positive_pairs(9, 12), {.form = Contrast::global, .term = 5}))
                       .outputs[0][0]));
  CHECK(ctx.step_state()->first_bad == stx::bad_key(1, 4, 5));
  for (Contrast form : {Contrast::exclude_positives, Contrast::global, Contrast::dcavae_r1})
    check_same_for_all_threads<float>({random_input({70, 10}, 1), random_input({65, 10}, 2)},
                                      op(positive_pairs(70, 65), {.temperature = 0.5, .form = form}), 2);
  const auto fails = [&](Shape second, double temperature, const char* message) {
    CHECK_THROWS_WITH_AS(run_op<float>(ctx, {random_input({3, 4}, 1), random_input(second, 2)},
                                       op(positive_pairs(3, second[0]), {.temperature = temperature})),
                         message, stx::ArgumentError);
  };
  fails({5, 6}, 1, "[contrastive] both sets must be matrices of one width, got (3, 4) and (5, 6)");
  fails({5, 4}, 0.02,
        "[contrastive] temperature must be at least 0.025, where the range of exponentials ends, got 0.02");
  const auto x = stx::constant(ctx, ctx.make_step<float>({3, 4}));
  CHECK_THROWS_WITH_AS(stx::contrastive(ctx, x, x, ctx.make_step<std::uint32_t>({3, 3})),
                       "[contrastive] positives must have shape (3, 1), 32 pairs a word, got (3, 3)",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(stx::contrastive(ctx, x, x, ctx.make_step<std::uint32_t>({3, 1}), {.form = Contrast::dcavae_r1}),
                       "[contrastive] distances must have shape (3, 3) with dcavae_r1, and be left out "
                       "otherwise, got ()",
                       stx::ArgumentError);
}

TEST_CASE("contrastive: nothing is written outside") {
  stx::Context<Cpu> ctx({.threads = 3});
  const auto p = bits_of(positive_pairs(35, 40), 35, 40);
  Guarded<float> a(convert<float>(random_values(35 * 3, 1))), b(convert<float>(random_values(40 * 3, 2))), loss(1),
      ua(105), ub(120), ia(35), ib(40), slopes(1400), terms(40), one(1, 1.0f), scratch(120), ga(105), gb(120);
  Guarded<std::uint32_t> bits(p);
  for (Anchors anchors : {Anchors::first, Anchors::second}) {
    const stx::ContrastiveModel<float> model{.first = a.data(),
                                             .second = b.data(),
                                             .positives = bits.data(),
                                             .n_first = 35,
                                             .n_second = 40,
                                             .dim = 3,
                                             .anchors = anchors};
    stx::contrastive_forward(ctx, stx::ContrastiveForward<float>{model, loss.data(), ua.data(), ub.data(), ia.data(),
                                                                 ib.data(), slopes.data(), terms.data()});
    stx::contrastive_backward(
        ctx, stx::ContrastiveBackward<float>{model, one.data(), ua.data(), ub.data(), ia.data(), ib.data(),
                                             slopes.data(), scratch.data(), ga.data(), gb.data()});
    for (auto* buffer : {&a, &b, &loss, &ua, &ub, &ia, &ib, &slopes, &terms, &one, &scratch, &ga, &gb})
      CHECK(buffer->intact());
    CHECK(bits.intact());
    CHECK(max_abs(gb.content()) > 0);
  }
}
