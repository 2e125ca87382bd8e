// Training of DCAVAE: learning, threads, resuming, losses that are not finite.
#include <map>

#include "models/dcavae_case.hpp"
#include "stx/backend/cpu/transfer.hpp"
#include "support/compare.hpp"

namespace {

using namespace dcavae_case;
using stx::Cpu;
using stx::test::same_bits;

struct Outcome {
  std::vector<double> losses;
  std::vector<float> values, buffers;
  stx::FitState<float> middle;  ///< after the third epoch
};

/// Trains 7 epochs; the score prefers the fifth.
Outcome train(const Options& options, int threads = 1, const stx::FitState<float>* from = nullptr, float bad = 0) {
  Task t = task(options);
  for (std::int64_t i = 0; i < n_cells && bad != 0; ++i) t.cells.values[t.cells.indptr[i + 1] - 1] = bad;
  stx::dcavae::DcavaeModel<Cpu> model({.threads = threads, .seed = 3}, t, options);
  RandomPairs<Cpu> pairs(model.context(), options);
  Trainer<Cpu> trainer(model, pairs, 7, 7);
  if (from != nullptr) trainer.resume(*from);
  Outcome out;
  trainer.run([&] { return -std::abs(static_cast<double>(trainer.epochs().size()) - 4); },
              [&] {
                if (trainer.epochs().size() == 3) out.middle = trainer.save();
              });
  for (const auto& e : trainer.epochs()) out.losses.push_back(e.loss);
  out.values = stx::to_host(model.context(), model.store().values());
  out.buffers = stx::to_host(model.context(), model.store().buffer_values());
  return out;
}

Options learned_library() {
  Options o = small("R2");
  o.library = "learned";
  o.cross_attention = false;
  o.loss_scale = "sum";
  o.joint_positions = true;
  return o;
}

}  // namespace

TEST_CASE("training lowers the loss; a resumed one and any number of threads give the same bits") {
  for (const Options& o : {small("sound"), small("R2"), learned_library(), decoder_dispersion(), joint()}) {
    INFO(o.revision, ", library ", o.library, ", dispersion ", o.dispersion);
    const Outcome whole = train(o);
    CHECK(whole.losses.size() == 7);
    CHECK(whole.losses.back() < whole.losses.front());
    CHECK(whole.middle.buffers.size() == whole.buffers.size());
    CHECK_FALSE(same_bits(whole.middle.buffers, whole.buffers));  // running statistics move
    const Outcome resumed = train(o, 1, &whole.middle);
    CHECK(same_bits(resumed.losses, whole.losses));
    CHECK(same_bits(resumed.values, whole.values));
    CHECK(same_bits(resumed.buffers, whole.buffers));
    for (const int threads : {2, 3}) {
      const Outcome other = train(o, threads);
      CHECK(same_bits(other.losses, whole.losses));
      CHECK(same_bits(other.values, whole.values));
      CHECK(same_bits(other.buffers, whole.buffers));
    }
  }
}

TEST_CASE("the best epoch's parameters and running statistics are loaded") {
  const Options o = small("R2");
  const Outcome whole = train(o);
  const Task t = task(o);
  stx::dcavae::DcavaeModel<Cpu> model({.threads = 1, .seed = 3}, t, o);
  RandomPairs<Cpu> pairs(model.context(), o);
  Trainer<Cpu> trainer(model, pairs, 5, 7);  // ends with the best epoch
  trainer.run([&] { return static_cast<double>(trainer.epochs().size()); }, [] {});
  CHECK(same_bits(stx::to_host(model.context(), model.store().values()), whole.values));
  CHECK(same_bits(stx::to_host(model.context(), model.store().buffer_values()), whole.buffers));
}

TEST_CASE("a state of another model is refused") {
  const Outcome whole = train(small("R2"));
  stx::FitState<float> state = whole.middle;
  state.buffers.pop_back();
  CHECK_THROWS_WITH_AS(train(small("R2"), 1, &state),
                       "[Fit] the saved state has 127 buffered values, the model 128; was it saved by a model of the "
                       "same settings?",
                       stx::DataError);
}

TEST_CASE("a loss that is not finite is reported with its term, epoch, step and row") {
  std::string message;
  try {
    train(small("sound"), 1, nullptr, std::numeric_limits<float>::quiet_NaN());
  } catch (const stx::NumericError& error) {
    message = error.what();
  }
  CHECK(message.starts_with("[Fit] the term 'counts of cells' of the loss is not finite at epoch 1, step "));
  CHECK(message.ends_with(" of the epoch; lower the learning rate, or look at that row's counts"));
}

TEST_CASE("with cells alone as anchors an iteration is one step") {
  for (const auto& [anchors, steps] : {std::pair{"both", 12}, std::pair{"cells", 6}}) {
    Options o = small("sound");
    o.anchors = anchors;
    const Task t = task(o);
    stx::dcavae::DcavaeModel<Cpu> model({.threads = 1, .seed = 3}, t, o);
    RandomPairs<Cpu> pairs(model.context(), o);
    Trainer<Cpu> trainer(model, pairs, 3, 3);
    trainer.run([&] { return static_cast<double>(trainer.epochs().size()); }, [] {});
    CHECK(model.context().step_state()->step == static_cast<std::uint32_t>(steps));  // 2 iterations, 3 epochs
  }
}

TEST_CASE("the weight of the divergence grows over the warm-up") {
  Options o;
  o.kl_weight = 2;
  o.kl_warmup = 4;
  CHECK(o.kl_weight_of(0) == 0);
  CHECK(o.kl_weight_of(3) == 1.5);
  CHECK(o.kl_weight_of(4) == 2);
  CHECK(o.kl_weight_of(40) == 2);
  o.kl_warmup = 0;
  CHECK(o.kl_weight_of(0) == 2);
}

TEST_CASE("joint positions: the term teaches places, and those of spots that are not shown reach nothing") {
  const Options o = joint();
  const auto parameters = [&](const Task& t, const Options& options) {
    stx::dcavae::DcavaeModel<Cpu> model({.threads = 1, .seed = 3}, t, options);
    RandomPairs<Cpu> pairs(model.context(), options);
    Trainer<Cpu> trainer(model, pairs, 3, 3);
    trainer.run([&] { return static_cast<double>(trainer.epochs().size()); }, [] {});
    return stx::to_host(model.context(), model.store().values());
  };
  const std::vector<float> as_it_is = parameters(task(o), o);
  const stx::dcavae::PositionSplit split(task(o).coordinates, {});
  REQUIRE((split.train.size() == 18 && split.calibration.size() == 9 && split.test.size() == 4));
  Task moved = task(o);
  for (const auto* rows : {&split.calibration, &split.test})
    for (const std::int64_t i : *rows) moved.coordinates(i, 0) += 5000 + static_cast<double>(i);
  CHECK(same_bits(parameters(moved, o), as_it_is));
  Task other = task(o);
  other.coordinates(split.train[0], 1) += 300;
  CHECK_FALSE(same_bits(parameters(other, o), as_it_is));

  // Mean absolute error of shown spots over the axes, in the scale of training, and over the epochs 20 to 39: with 16
  // rows a batch that of one epoch jumps.
  const auto error = [&](double weight) {
    Options longer = o;
    longer.position_weight = weight;
    const Task t = task(longer);
    stx::dcavae::DcavaeModel<Cpu> model({.threads = 1, .seed = 3}, t, longer);
    const stx::Matrix<float> truth = model.place_scale().apply(t.coordinates);
    RandomPairs<Cpu> pairs(model.context(), longer);
    Trainer<Cpu> trainer(model, pairs, 39, 39);
    double sum = 0;
    trainer.run([&] { return static_cast<double>(trainer.epochs().size()); },
                [&] {
                  if (trainer.epochs().size() < 20) return;
                  const stx::Matrix<float> placed = model.place(model.latents(Modality::spots).mean);
                  for (const std::int64_t i : split.train)
                    for (int axis = 0; axis < 2; ++axis)
                      sum += std::abs(placed(i, axis) - truth(i, axis)) / (2 * 18 * 20);
                });
    return sum;
  };
  CHECK(error(20) < 0.75 * error(0));
}

TEST_CASE("joint positions need coordinates") {
  Task t = task(joint());
  t.coordinates = {};
  CHECK_THROWS_WITH_AS(stx::dcavae::DcavaeModel<Cpu>({.threads = 1}, t, joint()),
                       "[positions] the spots have no coordinates, so cells cannot be placed", stx::DataError);
}

TEST_CASE("extra genes do not rule: the cells' terms shrink by the panel's share of the genes") {
  Options o = small("sound");
  const auto terms = [&](bool balanced) {
    o.balance_extra_genes = balanced;
    stx::dcavae::DcavaeModel<Cpu> model({.threads = 1, .seed = 3}, task(o), o);
    RandomPairs<Cpu> pairs(model.context(), o);
    Trainer<Cpu> trainer(model, pairs, 1, 1);
    stx::begin_step(model.context());
    model.store().begin_step();
    std::vector<double> values;
    for (const auto& term : trainer.loss(stx::Anchors::first))
      values.push_back(stx::to_host(model.context(), term.value())[0]);
    return values;
  };
  const std::vector<double> plain = terms(false), balanced = terms(true);
  REQUIRE((plain.size() == 5 && balanced.size() == 5));
  CHECK(balanced[0] == doctest::Approx(plain[0] * 11 / 13));  // 11 genes of the panel, 2 others
  for (std::size_t k = 2; k < 5; ++k) CHECK(balanced[k] == plain[k]);
  CHECK(plain[0] > 0);
}

TEST_CASE("genes that the spots do not show teach their own weights of the decoder, and nothing else, if they follow") {
  const auto gradients = [](const char* unshown, bool all_shown) {
    Options o = small("sound");
    o.balance_extra_genes = false;
    o.unshown_genes = unshown;
    Task t = task(o);
    if (all_shown) {
      t.spots = counts(n_spots, n_genes, 2, 5);
      t.spot_totals = totals(t.spots);
      for (std::int64_t g = n_training; g < n_genes; ++g) t.split.train.push_back(g);
      t.cell_inputs = t.split.train;
    }
    stx::dcavae::DcavaeModel<Cpu> model({.threads = 1, .seed = 3}, t, o);
    RandomPairs<Cpu> pairs(model.context(), o);
    Trainer<Cpu> trainer(model, pairs, 1, 1);
    stx::begin_step(model.context());
    model.store().begin_step();
    const auto terms = trainer.loss(stx::Anchors::first);
    stx::backward(model.context(), std::span<const stx::Var<float, Cpu>>(terms));
    std::map<std::string, std::vector<float>> grads;
    for (const auto& e : model.store().entries()) grads[e.name] = stx::to_host(model.context(), e.state.grad);
    return grads;
  };
  auto teach = gradients("teach", false), follow = gradients("follow", false);
  for (const char* name :
       {"decoder.rate.weight", "decoder.rate.bias", "decoder.zero.weight", "decoder.log_theta.cells"})
    CHECK(same_bits(follow.at(name), teach.at(name)));
  for (const char* name : {"latent.mean.weight", "encoder.cells.weight", "attention.cells.query.weight"})
    CHECK_FALSE(same_bits(follow.at(name), teach.at(name)));
  teach = gradients("teach", true);
  follow = gradients("follow", true);
  for (const auto& [name, grad] : teach) CHECK_MESSAGE(same_bits(follow.at(name), grad), name);
}
