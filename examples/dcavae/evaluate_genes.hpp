// `dcavae evaluate`: folds of held-out genes, the model and its ablations, the methods beside it.
#pragma once

#include "examples/dcavae/casper_fold.hpp"
#include "examples/dcavae/conformal.hpp"
#include "examples/dcavae/evaluation_parts.hpp"
#include "examples/dcavae/fold_prediction.hpp"
#include "examples/dcavae/placement.hpp"
#include "examples/dcavae/train_dcavae.hpp"

namespace stx::dcavae {

/// Trains on a fold and predicts its test genes in `rows`; where it is `shown`, also latents and places of both sides.
/// Or takes all from the checkpoint.
template <class D>
const JobResult& predict_fold(const TrainTools& tools, const std::string& job, const PairData& pair,
                              const std::vector<std::int64_t>& test, const std::vector<std::int64_t>& rows,
                              const Options& options, const ContextOptions& context, bool shown) {
  return job_result(tools.run, job, [&] {
    JobResult r;
    const GeneSplit split = split_genes(pair.n_shared(), test, options, context.seed);
    Trained<D> trained = train_dcavae<D>(tools, job, pair, split, options, context, r);
    DcavaeModel<D>& model = *trained.model;
    timed_prediction(r, [&] {
      Expectation expected = model.expect(Modality::spots, rows, test);
      Predictive samples = summarize_samples(rows, test, options.posterior_samples, usual_levels(), context.threads,
                                             [&](const std::vector<std::int64_t>& some, std::int64_t sample) {
                                               return model.sample_counts(Modality::spots, some, test, sample);
                                             });
      r.more["logs"] = model.spot_logs(expected.mean, rows, test);
      keep_uncertainty(r, std::move(expected.p_zero), std::move(samples));
      return std::move(expected.mean);
    });
    if (!shown) return r;
    align_cells(trained);
    r.more["latent cells"] = model.latents(Modality::cells).mean;
    r.more["latent spots"] = model.latents(Modality::spots).mean;
    if (const auto placement = place_rows_of(model, pair.coordinates, context, tools.run)) keep_places(r, *placement);
    return r;
  });
}

/// Runs every seed, fold and variant, and the methods beside them.
template <class D>
GenesEvaluation evaluate_genes(const PairData& pair, const EvaluationPlan& plan, const ContextOptions& context,
                               RunTools& tools) {
  GenesEvaluation result(pair, plan);
  if (!result.not_corrected.empty() && plan.folds.size() > 1)
    tools.progress.note("note: intervals are not corrected: " + result.not_corrected);
  ListStore lists(plan.cache);
  const OtherMethods others = prepare_methods(pair, plan.methods, context.threads);
  for (std::size_t s = 0; s < plan.seeds.size(); ++s) {
    const std::uint64_t seed = plan.seeds[s];
    std::vector<std::vector<const JobResult*>> jobs(plan.variants.size());
    for (std::size_t f = 0; f < plan.folds.size(); ++f) {
      const std::vector<std::int64_t>& test = plan.folds[f];
      const FoldTruth truth = fold_truth(pair, test, result.rows, plan.rounded());
      ContextOptions own = context;
      own.seed = seed * 1000 + f;
      for (std::size_t v = 0; v < plan.variants.size(); ++v) {
        const Variant& variant = plan.variants[v];
        const std::string job = stx::detail::concat("seed ", seed, " fold ", f, " ", variant.name);
        const bool first = s == 0 && f == 0;  // whose latents and places are shown
        const JobResult& done =
            predict_fold<D>({tools, lists}, job, pair, test, result.rows, variant.options, own, first);
        if (first) result.add_space(pair, variant, done);
        result.add_counts(variant.name, s, test, truth, done.prediction, done.more.at("logs"), context.threads);
        jobs[v].push_back(&done);
        if (v > 0) continue;
        result.log.add_training(seed, s, f, done);
      }
      if (plan.methods.empty()) continue;
      const MethodFold fold = method_fold(pair, others, test, own.seed);
      if (plan.methods.count("casper") != 0) {
        Matrix<float> z = casper_fold(D{}, tools, stx::detail::concat("seed ", seed, " fold ", f, " casper"), fold,
                                      others.options, result.rows, own)
                              .prediction;
        casper::to_space_scale(z, fold.sc_targets, fold.scale);
        result.add_logs("casper", s, test, truth, std::move(z), context.threads);
      }
      if (s > 0) {  // the others have no seed
        result.repeat_scores(s, test);
        continue;
      }
      for (auto& [name, prediction] : predict_plain(others, fold, plan.methods, result.rows, context.threads))
        result.add_logs(name, s, test, truth, std::move(prediction), context.threads);
    }
    for (std::size_t v = 0; v < plan.variants.size(); ++v)
      result.add_uncertainty(pair, plan, plan.variants[v].name, s, jobs[v], context.threads);
  }
  return result;
}

}  // namespace stx::dcavae
