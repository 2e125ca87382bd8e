// Bodies of DcavaeModel.
#pragma once

#include "examples/dcavae/posterior.hpp"

namespace stx::dcavae {

namespace detail {

/// Columns `genes` of a tensor (rows, all genes) into rows [first, ...) of a host matrix.
template <class D>
void copy_columns(Context<D>& ctx, const Tensor<float, D>& from, const std::vector<std::int64_t>& genes,
                  std::int64_t first, Matrix<float>& to) {
  const Matrix<float> part = to_matrix(ctx, from);
  for (std::int64_t i = 0; i < part.rows; ++i)
    for (std::size_t j = 0; j < genes.size(); ++j)
      to(first + i, static_cast<std::int64_t>(j)) = part(i, genes[j]);
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
  const std::int64_t n = n_rows(source), used = most_keys_ > 0 ? std::min(most_keys_, n) : n;
  std::vector<std::int64_t> rows;
  for (std::int64_t k = 0; k < used; ++k) rows.push_back(k * n / used);
  const std::int64_t width = 2 * options_.hidden;
  if (!key_memory_[i]) key_memory_[i] = ctx_.template make_persistent<float>(Shape{n, width});
  keys_[i] = {key_memory_[i].data, Shape{used, width}};
  in_chunks(rows, 0, [&](std::int64_t first, const Rows& ids) {
    const V x = sides_[index(source)].inputs(ctx_, ids);
    const V keys = network_.keys(ctx_, m, network_.embed(ctx_, source, x));
    const Tensor<float, D> target = keys_[i].row_range(first, ids.size());
    fill(ctx_, target.data, target.size(), 0.0f);
    add_to(ctx_, target.data, keys.value().data, target.size());
  });
  have_keys_[i] = true;
}

template <class D>
Latents DcavaeModel<D>::latents(Modality m, const std::vector<std::int64_t>& rows) {
  make_keys(m);
  const auto n = static_cast<std::int64_t>(rows.size());
  Latents out{Matrix<float>(n, options_.latent), Matrix<float>(n, options_.latent)};
  in_chunks(rows, 0, [&](std::int64_t first, const Rows& ids) {
    const Gaussian<float, D> q = posterior(m, ids);
    const auto bytes = static_cast<std::size_t>(ids.size() * options_.latent) * sizeof(float);
    copy_to_host(ctx_, out.mean.row(first).data(), q.mean.value().data, bytes);
    copy_to_host(ctx_, out.sd.row(first).data(), q.spread.value().data, bytes);
  });
  for (float& v : out.sd.values) v = std::exp(0.5f * v);  // of the log variance
  return out;
}

template <class D>
Expectation DcavaeModel<D>::expect(Modality m, const std::vector<std::int64_t>& rows,
                                   const std::vector<std::int64_t>& genes) {
  make_keys(m);
  const auto n = static_cast<std::int64_t>(rows.size()), n_asked = static_cast<std::int64_t>(genes.size());
  Expectation out{Matrix<float>(n, n_asked), Matrix<float>(n, n_asked)};
  in_chunks(rows, n_genes_, [&](std::int64_t first, const Rows& ids) {
    const CountExpectation<float, D> expected = decode(m, posterior(m, ids).mean, ids);
    detail::copy_columns(ctx_, expected.mean, genes, first, out.mean);
    detail::copy_columns(ctx_, expected.p_zero, genes, first, out.p_zero);
  });
  return out;
}

template <class D>
Matrix<float> DcavaeModel<D>::sample_counts(Modality m, const std::vector<std::int64_t>& rows,
                                            const std::vector<std::int64_t>& genes, std::int64_t sample_number) {
  make_keys(m);
  const auto n_asked = static_cast<std::int64_t>(genes.size());
  Matrix<float> out(static_cast<std::int64_t>(rows.size()), n_asked);
  const detail::AtStep<D> at(ctx_, static_cast<std::uint32_t>(sample_number));
  in_chunks(rows, n_genes_, [&](std::int64_t first, const Rows& ids) {
    const V z = network_.sample(ctx_, m, posterior(m, ids), ids);
    Matrix<float> log_mu(ids.size(), n_asked), zeta(ids.size(), n_asked), log_theta(1, n_asked);
    detail::copy_columns(ctx_, decode(m, z, ids).mean, genes, 0, log_mu);
    for (float& v : log_mu.values) v = std::log(v);
    const Tensor<float, D> theta = network_.dispersion(ctx_, m).log_theta.value();
    detail::copy_columns(ctx_, Tensor<float, D>{theta.data, Shape{1, theta.size()}}, genes, 0, log_theta);
    const auto to_step = [&](const Matrix<float>& host, Shape shape) {
      const Tensor<float, D> t = ctx_.template make_step<float>(shape);
      upload(ctx_, t, std::span<const float>(host.values));
      return t;
    };
    Tensor<float, D> extra_zero;
    if (m == Modality::cells) {
      detail::copy_columns(ctx_, network_.zero(ctx_, z).value(), genes, 0, zeta);
      extra_zero = to_step(zeta, Shape{ids.size(), n_asked});
    }
    const Tensor<float, D> counts = stx::sample_counts(ctx_, to_step(log_mu, Shape{ids.size(), n_asked}),
                                                       to_step(log_theta, Shape{n_asked}), count_site_, extra_zero, ids);
    copy_to_host(ctx_, out.row(first).data(), counts.data, static_cast<std::size_t>(counts.size()) * sizeof(float));
  });
  return out;
}

}  // namespace stx::dcavae
