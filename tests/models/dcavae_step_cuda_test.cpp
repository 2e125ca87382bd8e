// Whole training steps of DCAVAE on CUDA: pairs, both sides, losses, gradients, Adam, and what the trained
// model infers, against the CPU.
#include "examples/dcavae/pairs.hpp"
#include "models/dcavae_case.hpp"
#include "support/device_rig.hpp"

namespace {

using namespace dcavae_case;
using namespace stx::test;

struct Trained {
  std::vector<double> losses;
  std::vector<float> last_grads, values, buffers, latents, means, p_zero, sample, places;
};

/// The sampler that programs train with: partners from lists, keys by similarity.
template <class D>
stx::dcavae::PairSampler<D> similar_pairs(stx::Context<D>& ctx, const Options& o) {
  const Task t = task(o);
  const auto similarity = stx::dcavae::similarity_of(o.similarity);
  const auto cells = stx::dcavae::unit_profiles(t, Modality::cells, similarity, 1),
             spots = stx::dcavae::unit_profiles(t, Modality::spots, similarity, 1);
  const auto sizes = stx::dcavae::list_sizes(n_cells, n_spots, o);
  return {ctx, cells, spots, stx::dcavae::make_lists<stx::Cpu>({.threads = 1}, cells, spots, sizes), o};
}

/// Two epochs of two iterations of two steps: each kind of step runs eagerly, captured and replayed twice.
template <class D, class Pairs>
Trained run(const Options& o, Pairs (*make)(stx::Context<D>&, const Options&)) {
  stx::dcavae::DcavaeModel<D> model({.threads = 1, .seed = 3, .gemm_workspace_bytes = small_workspace}, task(o), o);
  Pairs pairs = make(model.context(), o);
  stx::dcavae::Trainer<D, Pairs> trainer(model, pairs, 2, 2);
  Trained out;
  trainer.run([&] { return static_cast<double>(trainer.epochs().size()); }, [] {});
  for (const auto& e : trainer.epochs()) out.losses.push_back(e.loss);
  const std::vector<std::int64_t> rows = {4, 5, 17}, genes = {0, 9, 12};
  out.values = stx::to_host(model.context(), model.store().values());
  out.buffers = stx::to_host(model.context(), model.store().buffer_values());
  out.last_grads = stx::to_host(model.context(), model.store().grads());
  out.latents = model.latents(Modality::spots, rows).mean.values;
  out.means = model.expect(Modality::spots, rows, genes).mean.values;
  out.p_zero = model.expect(Modality::cells, rows, genes).p_zero.values;
  if (o.joint_positions) out.places = model.place(model.latents(Modality::cells, rows).mean).values;
  out.sample = model.sample_counts(Modality::spots, rows, genes, 1).values;
  return out;
}

/// Sums of a few hundred terms through about fifteen layers and eight steps: a share of the largest value.
void compare(const char* what, const std::vector<float>& got, const std::vector<float>& want, double share) {
  INFO(what);
  CHECK(max_error(got, want) <= share * max_abs(want));
}

void check_agreement(const Trained& got, const Trained& want) {
  REQUIRE(got.losses.size() == want.losses.size());
  for (std::size_t e = 0; e < want.losses.size(); ++e)
    CHECK(std::abs(got.losses[e] - want.losses[e]) <= 1e-5 * std::abs(want.losses[e]));
  compare("parameters", got.values, want.values, 1e-4);
  compare("running statistics", got.buffers, want.buffers, 1e-4);
  compare("gradients of the last step", got.last_grads, want.last_grads, 1e-4);
  compare("latents", got.latents, want.latents, 1e-4);
  compare("expected counts", got.means, want.means, 1e-4);
  compare("P(zero)", got.p_zero, want.p_zero, 1e-4);
  compare("places", got.places, want.places, 1e-4);
}

template <class D>
RandomPairs<D> random_pairs(stx::Context<D>& ctx, const Options& o) {
  return RandomPairs<D>(ctx, o);
}

/// A revision with all that makes it one but its size; lists of a few rows.
Options whole(const std::string& revision) {
  Options o = small(revision);
  o.contrast = Options::of_revision(revision).contrast;
  o.k = 6;
  o.epoch_iterations = 2;
  return o;
}

}  // namespace

TEST_CASE("DCAVAE on CUDA: pairs drawn inside the captured steps; layer norms and learned depth, the paper, R1") {
  if (no_cuda_device()) return;
  Options layers = whole("sound");
  layers.norm = "layer";
  layers.library = "learned";
  for (const Options& o : {layers, whole("paper"), whole("R1")}) {
    INFO(o.revision, ", norm ", o.norm, ", pairing ", o.pairing);
    check_agreement(run<stx::Cuda>(o, similar_pairs<stx::Cuda>), run<stx::Cpu>(o, similar_pairs<stx::Cpu>));
  }
}

TEST_CASE("DCAVAE on CUDA: training steps, captured and replayed, and inference agree with the CPU") {
  if (no_cuda_device()) return;
  for (const Options& o : {joint(), small("R2"), decoder_dispersion()}) {
    INFO(o.revision, ", dispersion ", o.dispersion);
    const Trained want = run<stx::Cpu>(o, random_pairs<stx::Cpu>), got = run<stx::Cuda>(o, random_pairs<stx::Cuda>);
    check_agreement(got, want);
    CHECK(want.losses.back() < want.losses.front());
    if (!o.joint_positions) continue;
    const Trained again = run<stx::Cuda>(o, random_pairs<stx::Cuda>);
    CHECK(same_bits(again.values, got.values));
    CHECK(same_bits(again.losses, got.losses));
    CHECK(same_bits(again.sample, got.sample));
  }
}
