// Bodies of DcavaeModel.
#pragma once

#include "examples/dcavae/posterior.hpp"

namespace stx::dcavae {

namespace detail {

/// Adds columns `genes` of a tensor (rows, all genes) to rows [first, ...) of a host matrix.
template <class D>
void add_columns(Context<D>& ctx, const Tensor<float, D>& from, const std::vector<std::int64_t>& genes,
                 std::int64_t first, Matrix<float>& to) {
  const Matrix<float> part = to_matrix(ctx, from);
  for (std::int64_t i = 0; i < part.rows; ++i)
    for (std::size_t j = 0; j < genes.size(); ++j) to(first + i, static_cast<std::int64_t>(j)) += part(i, genes[j]);
}

/// While one exists, random numbers are those of step `step`.
template <class D>
class AtStep {
 public:
  AtStep(Context<D>& ctx, std::uint32_t step) : ctx_(ctx) {
    copy_to_host(ctx_, &before_, &ctx_.step_state()->step, sizeof before_);
    set(step);
  }
  ~AtStep() { set(before_); }
  AtStep(const AtStep&) = delete;
  AtStep& operator=(const AtStep&) = delete;

 private:
  void set(std::uint32_t step) { copy_to_device(ctx_, &ctx_.step_state()->step, &step, sizeof step); }
  Context<D>& ctx_;
  std::uint32_t before_ = 0;
};

}  // namespace detail

template <class D>
void DcavaeModel<D>::make_keys(Modality m) {
  const int i = index(m);
  if (have_keys_[i]) return;
  const Modality source = key_side(m);
  if (!key_memory_[i])
    key_memory_[i] = ctx_.template make_persistent<float>(Shape{n_rows(source), 2 * options_.hidden});
  keys_[i] = key_memory_[i];
  in_chunks(all_rows(source), 0, [&](std::int64_t first, const Rows& ids, std::int64_t) {
    const V x = sides_[index(source)].inputs(ctx_, ids);
    const V keys = network_.keys(ctx_, m, network_.embed(ctx_, source, x));
    const Tensor<float, D> target = keys_[i].row_range(first, ids.size());
    fill(ctx_, target.data, target.size(), 0.0f);
    add_to(ctx_, target.data, keys.value().data, target.size());
  });
  have_keys_[i] = true;
}

template <class D>
Var<float, D> DcavaeModel<D>::seen(Modality m, std::int64_t block, std::int64_t draw) {
  const V all = constant(ctx_, keys_[index(m)]);
  if (!sampled()) return all;
  const std::int64_t first = block * options_.batch_size;
  std::vector<std::int32_t> rows(static_cast<std::size_t>(std::min(options_.batch_size, n_rows(m) - first)));
  std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(first));
  const Rows queries{block_rows_.data, Shape{static_cast<std::int64_t>(rows.size())}};
  upload(ctx_, queries, std::span<const std::int32_t>(rows));
  if (!options_.cross_attention) return gather_rows(ctx_, all, queries);
  const detail::AtStep<D> at(ctx_, static_cast<std::uint32_t>(block * n_draws() + draw));
  return gather_rows(
      ctx_, all,
      draw_keys(ctx_, profiles_[index(other(m))], profiles_[index(m)], queries, options_, key_sites_[index(m)]));
}

template <class D>
auto DcavaeModel<D>::posteriors(Modality m, const std::vector<std::int64_t>& rows, std::int64_t draw) -> const Kept& {
  make_keys(m);
  const std::int64_t n = n_rows(m), width = options_.latent;
  kept_[index(m)].resize(static_cast<std::size_t>(n_draws()));
  Kept& kept = kept_[index(m)][static_cast<std::size_t>(draw)];
  if (kept.known.empty())
    kept = {std::vector<char>(static_cast<std::size_t>(n), 0), Matrix<float>(n, width), Matrix<float>(n, width)};
  std::vector<std::int64_t> missing;
  for (const std::int64_t row : rows)
    if (kept.known[static_cast<std::size_t>(row)] == 0) missing.push_back(row);
  in_chunks(missing, 0, [&](std::int64_t first, const Rows& ids, std::int64_t block) {
    const V keys = seen(m, block, draw), x = sides_[index(m)].inputs(ctx_, ids);
    const Gaussian<float, D> q = network_.latent(ctx_, m, network_.embed(ctx_, m, x), keys);
    const Matrix<float> mean = to_matrix(ctx_, q.mean.value()), spread = to_matrix(ctx_, q.spread.value());
    for (std::int64_t i = 0; i < ids.size(); ++i) {
      const std::int64_t row = missing[static_cast<std::size_t>(first + i)];
      std::copy_n(mean.row(i).begin(), width, kept.mean.row(row).begin());
      std::copy_n(spread.row(i).begin(), width, kept.spread.row(row).begin());
      kept.known[static_cast<std::size_t>(row)] = 1;
    }
  });
  return kept;
}

template <class D>
Gaussian<float, D> DcavaeModel<D>::posterior(const Kept& kept, const std::vector<std::int64_t>& rows,
                                             std::int64_t first, std::int64_t n) {
  const Shape shape{n, options_.latent};
  Matrix<float> mean(n, options_.latent), spread = mean;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = rows[static_cast<std::size_t>(first + i)];
    std::copy_n(kept.mean.row(row).begin(), mean.cols, mean.row(i).begin());
    std::copy_n(kept.spread.row(row).begin(), mean.cols, spread.row(i).begin());
  }
  return {constant(ctx_, to_step(mean, shape)), constant(ctx_, to_step(spread, shape)), Spread::log_variance};
}

template <class D>
Latents DcavaeModel<D>::latents(Modality m, const std::vector<std::int64_t>& rows) {
  const auto n = static_cast<std::int64_t>(rows.size());
  Latents out{Matrix<float>(n, options_.latent), Matrix<float>(n, options_.latent)};
  const auto fetch = [&](std::int64_t draw, Matrix<float>& mean, Matrix<float>& sd) {
    const Kept& kept = posteriors(m, rows, draw);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t row = rows[static_cast<std::size_t>(i)];
      std::copy_n(kept.mean.row(row).begin(), mean.cols, mean.row(i).begin());
      std::copy_n(kept.spread.row(row).begin(), sd.cols, sd.row(i).begin());
      if (m == Modality::cells && !shift_of_cells_.empty())
        for (std::int64_t d = 0; d < mean.cols; ++d) mean(i, d) += shift_of_cells_[static_cast<std::size_t>(d)];
    }
    for (float& v : sd.values) v = std::exp(0.5f * v);  // of the log variance
  };
  fetch(0, out.mean, out.sd);
  if (n_draws() == 1) return out;
  Latents one = out;
  const std::size_t size = out.mean.values.size();
  std::vector<double> sum(size, 0.0), squares(size, 0.0);
  for (std::int64_t draw = 0; draw < n_draws(); ++draw) {
    if (draw > 0) fetch(draw, one.mean, one.sd);
    for (std::size_t e = 0; e < size; ++e) {
      const double mean = one.mean.values[e], sd = one.sd.values[e];
      sum[e] += mean;
      squares[e] += mean * mean + sd * sd;
    }
  }
  const auto draws = static_cast<double>(n_draws());
  for (std::size_t e = 0; e < size; ++e) {
    const double mean = sum[e] / draws;
    out.mean.values[e] = static_cast<float>(mean);
    out.sd.values[e] = static_cast<float>(std::sqrt(std::max(squares[e] / draws - mean * mean, 0.0)));
  }
  return out;
}

template <class D>
Expectation DcavaeModel<D>::expect(Modality m, const std::vector<std::int64_t>& rows,
                                   const std::vector<std::int64_t>& genes, At at) {
  const auto n = static_cast<std::int64_t>(rows.size()), n_asked = static_cast<std::int64_t>(genes.size());
  Expectation out{Matrix<float>(n, n_asked), Matrix<float>(n, n_asked)};
  const bool sampled_latents = options_.expectation == "samples" && at == At::setting;
  const std::int64_t passes = sampled_latents ? options_.posterior_samples : n_draws();
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    const Kept& kept = posteriors(m, rows, pass % n_draws());
    const detail::AtStep<D> step(ctx_, static_cast<std::uint32_t>(pass));  // latents as in sample_counts()
    in_chunks(rows, n_genes_, [&](std::int64_t first, const Rows& ids, std::int64_t) {
      const Gaussian<float, D> q = posterior(kept, rows, first, ids.size());
      const CountExpectation<float, D> expected =
          decode(m, sampled_latents ? network_.sample(ctx_, m, q, ids) : q.mean, ids, Library::mean);
      detail::add_columns(ctx_, expected.mean, genes, first, out.mean);
      detail::add_columns(ctx_, expected.p_zero, genes, first, out.p_zero);
    });
  }
  for (Matrix<float>* part : {&out.mean, &out.p_zero})
    for (float& v : part->values) v /= static_cast<float>(passes);
  return out;
}

template <class D>
void DcavaeModel<D>::show_places(const Matrix<double>& coordinates) {
  check_coordinates(coordinates);
  place_split_.emplace(coordinates, PositionOptions{});
  place_scale_.emplace(coordinates, place_split_->train);
  const Matrix<float> all = place_scale_->apply(coordinates);
  Matrix<float> places(all.rows, all.cols), shown(all.rows, all.cols);
  for (const std::int64_t i : place_split_->train) {
    std::copy_n(all.row(i).begin(), all.cols, places.row(i).begin());
    std::fill_n(shown.row(i).begin(), all.cols, 1.0f);
  }
  places_ = to_device(ctx_, places);
  place_shown_ = to_device(ctx_, shown);
}

template <class D>
Matrix<float> DcavaeModel<D>::place(const Matrix<float>& latents) {
  NoGrad<D> no_grad(ctx_);
  Matrix<float> out(latents.rows, places_.cols());
  for (std::int64_t first = 0, n = 0; first < latents.rows; first += n) {
    n = std::min(chunk_rows, latents.rows - first);
    begin_pass(ctx_);
    const Tensor<float, D> z = ctx_.template make_step<float>(Shape{n, latents.cols});
    upload(ctx_, z, std::span<const float>(latents.row(first).data(), static_cast<std::size_t>(z.size())));
    const V y = network_.place(ctx_, constant(ctx_, z));
    copy_to_host(ctx_, out.row(first).data(), y.value().data, static_cast<std::size_t>(n * out.cols) * sizeof(float));
  }
  return out;
}

template <class D>
Matrix<float> DcavaeModel<D>::spot_logs(const Matrix<float>& mean, const std::vector<std::int64_t>& rows,
                                        const std::vector<std::int64_t>& genes) {
  std::vector<double> totals;
  for (const std::int64_t row : rows) totals.push_back(total(Modality::spots, row));
  if (options_.log_scale == "plug_in") return log_normalised(mean, totals);
  const int threads = threads_or_all(ctx_.options().threads);  // the host works here, on any device
  return expected_logs(mean, spot_theta(rows, genes), totals, threads);
}

template <class D>
Matrix<float> DcavaeModel<D>::spot_theta(const std::vector<std::int64_t>& rows,
                                         const std::vector<std::int64_t>& genes) {
  const bool by_row = options_.dispersion == "decoder";
  const std::int64_t draws = by_row ? n_draws() : 1;
  Matrix<float> out(by_row ? static_cast<std::int64_t>(rows.size()) : 1, static_cast<std::int64_t>(genes.size()));
  if (!by_row) {
    begin_pass(ctx_);
    NoGrad<D> no_grad(ctx_);
    detail::add_columns(ctx_, log_theta(Modality::spots, V()), genes, 0, out);
  }
  for (std::int64_t draw = 0; by_row && draw < draws; ++draw) {
    const Kept& kept = posteriors(Modality::spots, rows, draw);
    in_chunks(rows, n_genes_, [&](std::int64_t first, const Rows& ids, std::int64_t) {
      detail::add_columns(ctx_, log_theta(Modality::spots, posterior(kept, rows, first, ids.size()).mean), genes, first,
                          out);
    });
  }
  for (float& v : out.values) v = std::exp(v / static_cast<float>(draws));
  return out;
}

template <class D>
Matrix<float> DcavaeModel<D>::sample_counts(Modality m, const std::vector<std::int64_t>& rows,
                                            const std::vector<std::int64_t>& genes, std::int64_t sample_number) {
  const Kept& kept = posteriors(m, rows, sample_number % n_draws());
  const auto n_asked = static_cast<std::int64_t>(genes.size());
  const bool by_row = options_.dispersion == "decoder";
  Matrix<float> out(static_cast<std::int64_t>(rows.size()), n_asked);
  const detail::AtStep<D> at(ctx_, static_cast<std::uint32_t>(sample_number));
  in_chunks(rows, n_genes_, [&](std::int64_t first, const Rows& ids, std::int64_t) {
    const V z = network_.sample(ctx_, m, posterior(kept, rows, first, ids.size()), ids);
    const Tensor<float, D> all_theta = log_theta(m, z);
    Matrix<float> log_mu(ids.size(), n_asked), zeta(ids.size(), n_asked), own_theta(all_theta.rows(), n_asked);
    detail::add_columns(ctx_, decode(m, z, ids, Library::sampled).mean, genes, 0, log_mu);
    for (float& v : log_mu.values) v = std::log(v);
    detail::add_columns(ctx_, all_theta, genes, 0, own_theta);
    Tensor<float, D> extra_zero;
    if (m == Modality::cells) {
      detail::add_columns(ctx_, network_.zero(ctx_, z).value(), genes, 0, zeta);
      extra_zero = to_step(zeta, Shape{ids.size(), n_asked});
    }
    const Tensor<float, D> counts = stx::sample_counts(
        ctx_, to_step(log_mu, Shape{ids.size(), n_asked}),
        to_step(own_theta, by_row ? Shape{ids.size(), n_asked} : Shape{n_asked}), count_site_, extra_zero, ids);
    copy_to_host(ctx_, out.row(first).data(), counts.data, static_cast<std::size_t>(counts.size()) * sizeof(float));
  });
  return out;
}

}  // namespace stx::dcavae
