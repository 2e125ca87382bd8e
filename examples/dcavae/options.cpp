#include "examples/dcavae/options.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

namespace stx::dcavae {

namespace {

void one_of(const char* name, const std::string& value, std::initializer_list<std::string_view> known) {
  std::string names;
  for (const std::string_view k : known) {
    if (value == k) return;
    names += (names.empty() ? "" : ", ") + std::string(k);
  }
  fail("settings", name, " must be one of ", names, ", got '", value, "'");
}

}  // namespace

Options Options::of_revision(const std::string& name, bool imputes) {
  Options o;
  one_of("revision", name, {"sound", "paper", "R1", "R2"});
  if (name == "sound") {
    if (!imputes) return o;
    o.extra_genes = -1;
    o.unshown_genes = "follow";
    return o;
  }
  // What the published code does, and the paper where it says nothing else.
  o.revision = name;
  o.hidden = 64;
  o.latent = 20;
  o.n_heads = 4;
  o.dropout = 0.2;
  o.batch_size = 1024;
  o.epoch_iterations = 1;
  o.norm = "shared_batch";
  o.attention = "shared";
  o.dispersion = "free";
  o.mask_cell_encoder = false;
  o.extra_genes = 0;
  o.balance_extra_genes = false;
  o.lambda = 5;
  o.tau = 1;
  o.kappa = 1;
  o.k = 50;
  o.k_scaled = true;
  o.k_cap = 1024;
  o.max_epochs = 200;
  o.patience = 200;
  o.validation_genes = 0;
  o.kl_weight = 1;
  o.kl_warmup = 400;
  o.learning_rate = 1e-3;
  o.adam_eps = 0.01;
  o.weight_decay = 1e-6;
  o.keys = "sampled";
  o.align = "none";
  o.position_noise = false;
  o.log_scale = "plug_in";
  o.cell_depth = 1;
  if (name == "R2") {
    o.contrast = "r2";
    o.reshuffle = false;
    o.pairing = "other_keys";
  } else if (name == "R1") {
    o.contrast = "r1";
    o.similarity = "pearson";
    o.pairing = "independent";
  } else {
    o.anchors = "cells";
    o.similarity = "raw_cosine";
    o.dispersion = "decoder";
    o.attention = "separate";
    o.norm = "batch";
    o.mask_cell_encoder = true;
    o.extra_genes = -1;
    o.contrast = "global";
    o.kappa = 0;
    o.k_scaled = false;
    o.kl_warmup = 0;
    o.loss_scale = "sum";
  }
  return o;
}

void Options::check() const {
  const auto at_least = [](const char* name, auto value, auto least) {
    require(value >= least, "settings", name, " must be at least ", least, ", got ", value);
  };
  for (const auto& [name, value] : {std::pair{"hidden", hidden},
                                    {"latent", latent},
                                    {"n_heads", n_heads},
                                    {"k", k},
                                    {"k_cap", k_cap},
                                    {"epoch_iterations", epoch_iterations},
                                    {"max_epochs", max_epochs},
                                    {"patience", patience},
                                    {"posterior_samples", posterior_samples},
                                    {"key_draws", key_draws},
                                    {"position_epochs", position_epochs},
                                    {"position_batch", position_batch}})
    at_least(name, value, 1);
  at_least("batch_size", batch_size, 2);
  at_least("extra_genes", extra_genes, -1);
  at_least("kl_warmup", kl_warmup, 0);
  for (const auto& [name, value] : {std::pair{"lambda", lambda},
                                    {"kappa", kappa},
                                    {"cell_depth", cell_depth},
                                    {"kl_weight", kl_weight},
                                    {"learning_rate", learning_rate},
                                    {"weight_decay", weight_decay},
                                    {"position_learning_rate", position_learning_rate},
                                    {"position_weight", position_weight}})
    at_least(name, value, 0);
  at_least("tau", tau, 0.025);  // as contrastive() asks
  require(adam_eps > 0, "settings", "adam_eps must be above 0, got ", adam_eps);
  one_of("revision", revision, {"sound", "paper", "R1", "R2"});
  one_of("norm", norm, {"shared_batch", "batch", "layer"});
  one_of("attention", attention, {"shared", "separate"});
  one_of("dispersion", dispersion, {"free", "tied", "decoder"});
  one_of("library", library, {"observed", "learned"});
  one_of("contrast", contrast, {"exclude_positives", "global", "r1", "r2"});
  one_of("loss_scale", loss_scale, {"mean", "sum"});
  require(similarity != "kendall", "settings",
          "similarity = kendall is not offered: it compares all pairs of genes of a "
          "row, n (n - 1) / 2 numbers for each cell and spot where the others take n; spearman judges by ranks too");
  one_of("unshown_genes", unshown_genes, {"teach", "follow"});
  one_of("similarity", similarity, {"cosine", "pearson", "raw_cosine", "spearman"});
  one_of("anchors", anchors, {"both", "cells"});
  one_of("pairing", pairing, {"aligned", "other_keys", "independent"});
  one_of("expectation", expectation, {"mean", "samples"});
  one_of("keys", keys, {"all", "sampled"});
  one_of("align", align, {"pairs", "none"});
  one_of("log_scale", log_scale, {"expected", "plug_in"});
  require(hidden % n_heads == 0, "settings", "n_heads = ", n_heads, " must divide hidden = ", hidden);
  require(dropout >= 0 && dropout < 1, "settings", "dropout must be in [0, 1), got ", dropout);
  require(validation_genes >= 0 && validation_genes < 1, "settings", "validation_genes must be in [0, 1), got ",
          validation_genes);
}

}  // namespace stx::dcavae
