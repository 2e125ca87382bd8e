#include "examples/dcavae/read_options.hpp"

#include "examples/common/settings.hpp"

namespace stx::dcavae {

Options read_options(const CommonFlags& flags) {
  const auto apply = [&](Options options) {
    if (!flags.config.empty()) apply_settings_file(options, flags.config);
    for (const std::string& assignment : flags.sets) apply_assignment(options, assignment);
    return options;
  };
  Options options = apply(Options::of_revision(apply({}).revision));
  options.check();
  return options;
}

nlohmann::ordered_json options_json(const Options& options) { return settings_to_json(options); }

std::string options_help() { return settings_help<Options>(); }

Options options_from_json(const nlohmann::json& json, std::string_view where) {
  Options options;
  apply_settings(options, json, where);
  options.check();
  return options;
}

}  // namespace stx::dcavae
