// The generative model behind simulated tissues: where types live and what they express.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "stx/data/matrix.hpp"
#include "stx/data/random_draws.hpp"
#include "stx/math/philox.hpp"

namespace stx {

struct SimulationOptions {
  std::int64_t n_spots = 2000;   ///< spatial spots, 1 to millions
  std::int64_t n_cells = 1500;   ///< dissociated single cells
  std::int64_t n_genes = 300;    ///< genes of the single cells
  std::int64_t n_measured = 60;  ///< genes of the spatial panel, a random subset
  int n_types = 8;               ///< cell types; a quarter lives everywhere, the others in layers
  int n_layers = 5;              ///< layers from the top of the tissue to its bottom
  int cells_per_spot = 1;        ///< cells whose transcripts a spot catches: 1 for imaging platforms
  double spacing = 10;           ///< distance of neighbouring spots, micrometres
  double spot_depth = 2.5;       ///< mean count per gene and spot before drop-out
  double cell_depth = 3.5;       ///< mean count per gene and cell before drop-out
  double theta = 3;              ///< typical inverse dispersion: variance = mean + mean^2 / theta
  double platform_sd = 0.7;      ///< sd of the log capture efficiency of a gene between platforms
  double spot_dropout = 0.05;    ///< probability of losing a count of mean near 0 in a spot
  double cell_dropout = 0.3;     ///< the same in a cell
  std::uint64_t seed = 0;
};

enum class Platform : int { spatial = 0, single_cell = 1 };

/// Latent state of one spot or cell.
struct SimulatedRow {
  double x = 0, y = 0;              ///< place, micrometres (of a cell: where it was taken from)
  std::int32_t layer = 0;           ///< layer of that place
  std::int32_t type = 0;            ///< most frequent type, the lower where equal
  std::vector<std::int32_t> types;  ///< type of each cell in it
  double gradient = 0;              ///< position on the gradient, about -1 (top) to 1 (bottom)
  double size = 1;                  ///< relative depth
};

/// The model. Expected count of gene g in row i before drop-out:
///
///   mean_ig = depth * size_i * efficiency_g * average over its cells of profile_kg * exp(slope_g
///   s_i)
///
/// with efficiency 1 on the single-cell platform. Counts are negative binomial with inverse
/// dispersion theta_g, and lost altogether with probability dropout * exp(-mean_ig).
class SimulationModel {
 public:
  /// \throws ArgumentError for sizes or rates out of range.
  explicit SimulationModel(const SimulationOptions& options) : options_(options) {
    const SimulationOptions& o = options_;
    require(o.n_spots >= 1 && o.n_cells >= 1 && o.n_genes >= 1 && o.n_types >= 1 && o.n_layers >= 1 &&
                o.cells_per_spot >= 1,
            "simulate", "all sizes must be at least 1");
    require(o.n_measured >= 1 && o.n_measured <= o.n_genes, "simulate", "n_measured must lie in [1, ", o.n_genes,
            "], the number of genes, got ", o.n_measured);
    require(o.spacing > 0 && o.spot_depth > 0 && o.cell_depth > 0 && o.theta > 0 && o.platform_sd >= 0, "simulate",
            "spacing, depths and theta must be above 0, platform_sd at least 0");
    columns_ = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(o.n_spots))));
    draw_genes();
    draw_panel();
    PhiloxStream random = stream(Draw::types, 0);
    for (int k = 0; k < o.n_types; ++k) centre_.push_back((k + 0.5) / (o.n_types - o.n_types / 4));
    for (int k = 0; k < 3 * o.n_types; ++k) wave_.push_back(random.uniform());
  }

  const SimulationOptions& options() const { return options_; }
  const std::vector<std::string>& gene_names() const { return gene_names_; }
  const std::vector<std::int64_t>& measured_genes() const { return measured_; }

  /// Spot i in [0, n_spots): a place on a jittered grid, and what lives there.
  SimulatedRow spot(std::int64_t i) const {
    PhiloxStream random = stream(Draw::spot, static_cast<std::uint64_t>(i));
    SimulatedRow row;
    row.x = (static_cast<double>(i % columns_) + random.uniform()) * options_.spacing;
    row.y = (static_cast<double>(i / columns_) + random.uniform()) * options_.spacing;
    settle(random, options_.cells_per_spot, row);
    return row;
  }

  /// Cell i in [0, n_cells): taken from a random place of the same tissue.
  SimulatedRow cell(std::int64_t i) const {
    PhiloxStream random = stream(Draw::cell, static_cast<std::uint64_t>(i));
    SimulatedRow row;
    row.x = random.uniform() * width();
    row.y = random.uniform() * height();
    settle(random, 1, row);
    return row;
  }

  /// Expected count of gene g in a row before drop-out.
  double expected(const SimulatedRow& row, std::int64_t gene, Platform platform) const {
    double profile = 0;
    for (const std::int32_t k : row.types) profile += profile_(k, gene);
    const bool spatial = platform == Platform::spatial;
    const double depth = spatial ? options_.spot_depth * efficiency_[gene] : options_.cell_depth;
    return depth * row.size * profile / static_cast<double>(row.types.size()) * std::exp(slope_[gene] * row.gradient);
  }

  /// The truth of a spot: expected count of gene g in spot i, drop-out included.
  double expected_spot(std::int64_t i, std::int64_t gene) const {
    const double mean = expected(spot(i), gene, Platform::spatial);
    return mean * (1 - options_.spot_dropout * std::exp(-mean));
  }

  /// One count; `i` is the number of the row among the spots or among the cells.
  std::int64_t draw_count(std::int64_t i, const SimulatedRow& row, std::int64_t gene, Platform platform) const {
    const bool spatial = platform == Platform::spatial;
    PhiloxStream random =
        stream(spatial ? Draw::spot_count : Draw::cell_count, static_cast<std::uint64_t>(i * options_.n_genes + gene));
    const double mean = expected(row, gene, platform);
    const double dropout = spatial ? options_.spot_dropout : options_.cell_dropout;
    if (random.uniform() < dropout * std::exp(-mean)) return 0;
    return draw_negative_binomial(random, mean, theta_[gene]);
  }

 private:
  enum class Draw : std::uint64_t { genes = 1, panel, types, spot, cell, spot_count, cell_count };

  PhiloxStream stream(Draw draw, std::uint64_t item) const {
    return {options_.seed, RandomPurpose::simulate, static_cast<std::uint64_t>(draw) << 56 | item};
  }
  double width() const { return static_cast<double>(columns_) * options_.spacing; }
  double height() const {
    return std::ceil(static_cast<double>(options_.n_spots) / static_cast<double>(columns_)) * options_.spacing;
  }

  /// Fills in layer, types, gradient and size at the place of `row`.
  void settle(PhiloxStream& random, int n_inhabitants, SimulatedRow& row) const {
    constexpr double turn = 2 * std::numbers::pi;
    const double across = row.x / width();
    const double depth = std::clamp(row.y / height() + 0.05 * std::sin(2 * turn * across), 0.0, 1.0);
    row.layer = std::min(options_.n_layers - 1, static_cast<int>(depth * options_.n_layers));
    const int n_layered = options_.n_types - options_.n_types / 4;
    std::vector<double> cumulative;
    for (int k = 0; k < options_.n_types; ++k) {
      // Types in layers peak at their own depth; the others come in patches.
      const double off = (depth - centre_[k]) * n_layered;
      const double patch =
          std::sin(turn * (2 * wave_[3 * k] * across + 2 * wave_[3 * k + 1] * depth + wave_[3 * k + 2]));
      const double weight = k < n_layered ? std::exp(-0.5 * off * off) + 0.02 : 0.3 * (1 + 0.8 * patch);
      cumulative.push_back(weight + (k > 0 ? cumulative.back() : 0.0));
    }
    std::vector<int> seen(static_cast<std::size_t>(options_.n_types), 0);
    for (int c = 0; c < n_inhabitants; ++c) {
      const double point = random.uniform() * cumulative.back();
      const auto k = std::upper_bound(cumulative.begin(), cumulative.end() - 1, point) - cumulative.begin();
      row.types.push_back(static_cast<std::int32_t>(k));
      ++seen[k];
    }
    row.type = static_cast<std::int32_t>(std::max_element(seen.begin(), seen.end()) - seen.begin());
    row.gradient = 2 * depth - 1 + 0.2 * draw_normal(random);
    row.size = std::exp(0.35 * draw_normal(random) - 0.5 * 0.35 * 0.35);
  }

  /// Tables of the genes: names, profiles (mean 1 over genes and types), slopes, dispersion,
  /// capture.
  void draw_genes() {
    profile_ = Matrix<double>(options_.n_types, options_.n_genes);
    const std::size_t digits = std::to_string(options_.n_genes).size();
    double total = 0;
    for (std::int64_t g = 0; g < options_.n_genes; ++g) {
      PhiloxStream random = stream(Draw::genes, static_cast<std::uint64_t>(g));
      const std::string number = std::to_string(g + 1);
      gene_names_.push_back("Gene" + std::string(digits - number.size(), '0') + number);
      const double base = 1.1 * draw_normal(random);
      slope_.push_back(random.uniform() < 0.3 ? 0.6 * draw_normal(random) : 0.0);
      theta_.push_back(options_.theta * std::exp(0.4 * draw_normal(random)));
      const double sd = options_.platform_sd;
      efficiency_.push_back(std::exp(sd * draw_normal(random) - 0.5 * sd * sd));
      for (int k = 0; k < options_.n_types; ++k) {
        const double marker = random.uniform() < 0.15 ? 1.8 + 0.5 * draw_normal(random) : 0.0;
        total += profile_(k, g) = std::exp(base + marker + 0.35 * draw_normal(random));
      }
    }
    const double mean = total / static_cast<double>(options_.n_types * options_.n_genes);
    for (double& value : profile_.values) value /= mean;
  }

  /// The panel: a random subset of the genes (a partial shuffle), ascending.
  void draw_panel() {
    std::vector<std::int64_t> order(static_cast<std::size_t>(options_.n_genes));
    for (std::int64_t g = 0; g < options_.n_genes; ++g) order[g] = g;
    PhiloxStream random = stream(Draw::panel, 0);
    for (std::int64_t g = 0; g < options_.n_measured; ++g) {
      std::swap(order[g], order[g + random.below(static_cast<std::uint32_t>(options_.n_genes - g))]);
    }
    measured_.assign(order.begin(), order.begin() + options_.n_measured);
    std::sort(measured_.begin(), measured_.end());
  }

  SimulationOptions options_;
  std::int64_t columns_ = 1;  // spots along x
  std::vector<std::string> gene_names_;
  std::vector<std::int64_t> measured_;
  Matrix<double> profile_;                          // n_types x n_genes
  std::vector<double> slope_, theta_, efficiency_;  // n_genes each
  std::vector<double> centre_;                      // n_types: depth at which a layered type peaks
  std::vector<double> wave_;                        // 3 x n_types: frequencies and phase of the patches
};

}  // namespace stx
